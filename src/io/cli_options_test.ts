import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OPTIONS } from "./cli_option_table.ts";
import { type CommandLine, parseCommandLine, type ServeOptions } from "./cli_options.ts";

function read(
  line: string | string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): CommandLine {
  return parseCommandLine(typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line, {
    env: (name) => env[name],
    readFile(path) {
      if (files[path] === undefined) throw new Error(`No such file or directory (os error 2):\nreadfile '${path}'`);
      return files[path];
    },
  });
}

function serve(...parameters: Parameters<typeof read>): ServeOptions {
  const line = read(...parameters);
  assert(line.kind === "serve", JSON.stringify(line));
  return line.options;
}

function problem(...parameters: Parameters<typeof read>): string {
  const line = read(...parameters);
  assert(line.kind === "error", JSON.stringify(line));
  assert(!line.message.includes("\n"), "one line");
  return line.message;
}

Deno.test("parseCommandLine() has the documented defaults and stays on this machine", () => {
  const { notices, logLevels, ...rest } = serve("serve");
  assertEquals(rest, {
    host: "127.0.0.1",
    port: 3001,
    udpPort: 10_000,
    publicIps: [],
    engine: "auto",
    workers: 1,
    e2ee: "off",
    authToken: undefined,
    allowUnauthenticatedJoins: false,
    maxRoomMembers: 25,
    maxChatHistory: 1_000,
    audioSlots: 8,
    lastN: 49,
    maxRooms: undefined,
    maxConnections: undefined,
    allowOrigins: [],
    trustedProxies: [],
    web: undefined,
    logFormat: "text",
    auditLog: undefined,
    record: undefined,
  });
  assertEquals(logLevels.default, "info");
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0]!, "--allow-unauthenticated-joins");
});

Deno.test("parseCommandLine() opens up only once somebody has said who may join", () => {
  assertEquals(serve("serve --auth-token x").host, "0.0.0.0");
  assertEquals(serve("serve --allow-unauthenticated-joins").host, "0.0.0.0");
  assertEquals(serve("serve", { SEAMEET_AUTH_TOKEN: "x" }).host, "0.0.0.0");
  assertEquals(serve("serve --auth-token x --host ::1").host, "::1");
  assertEquals(serve("serve --host localhost").notices.length, 1);
  const closed = serve("serve --host 0.0.0.0");
  assertEquals(closed.host, "127.0.0.1");
  assertStringIncludes(closed.notices[0]!, "--host 0.0.0.0 is not used");
  const both = serve("serve --auth-token x --allow-unauthenticated-joins");
  assertEquals([both.allowUnauthenticatedJoins, both.notices.length], [false, 1]);
});

Deno.test("parseCommandLine() reads every flag, with = or a space", () => {
  const options = serve(
    "serve --host 10.0.0.1 --port=8080 --udp-port 0 --public-ip 203.0.113.7 --public-ip=2001:db8::1 --auth-token s3cret " +
      "--max-room-members 5 --max-chat-history 0 --audio-slots 5 --last-n 0 --max-rooms 7 --max-connections 8 --allow-origin https://a.example " +
      "--allow-origin * --trusted-proxy 10.0.0.0/8 --web off --log-level warn,sfu=debug --log-format json --audit-log - " +
      "--engine portable --workers auto --e2ee required",
  );
  const { logLevels, ...rest } = options;
  assertEquals(rest, {
    host: "10.0.0.1",
    notices: [],
    port: 8_080,
    udpPort: 0,
    engine: "portable",
    workers: "auto",
    e2ee: "required",
    publicIps: ["203.0.113.7", "2001:db8::1"],
    authToken: "s3cret",
    allowUnauthenticatedJoins: false,
    maxRoomMembers: 5,
    maxChatHistory: 0,
    audioSlots: 5,
    lastN: 0,
    maxRooms: 7,
    maxConnections: 8,
    allowOrigins: ["https://a.example", "*"],
    trustedProxies: ["10.0.0.0/8"],
    web: "off",
    logFormat: "json",
    auditLog: "-",
    record: undefined,
  });
  assertEquals([logLevels.default, logLevels.modules.get("sfu")], ["warn", "debug"]);
});

Deno.test("parseCommandLine() lets flags win over the environment, that over the config file", () => {
  const files = {
    "c.json": '{"udpPort": 3, "port": 5, "log-level": "error", "publicIp": "192.0.2.1", "authToken": "file"}',
  };
  const env = { UDP_PORT: "2", SEAMEET_AUTH_TOKEN: "env", PUBLIC_IP: "192.0.2.2, 192.0.2.3" };
  const options = serve("serve --config c.json --udp-port 1", env, files);
  assertEquals([options.udpPort, options.port, options.authToken], [1, 5, "env"]);
  assertEquals(options.publicIps, ["192.0.2.2", "192.0.2.3"]);
  assertEquals(options.logLevels.default, "error");
  assertEquals(serve("serve --config c.json", { UDP_PORT: "" }, files).udpPort, 3);
});

Deno.test("parseCommandLine() takes a number of workers or auto, in the config file also without quotes", () => {
  assertEquals(serve("serve --workers 4").workers, 4);
  assertEquals(serve("serve --workers=auto").workers, "auto");
  const files = { "a.json": '{"workers": 3}', "b.json": '{"workers": "auto"}' };
  assertEquals(serve("serve --config a.json", {}, files).workers, 3);
  assertEquals(serve("serve --config b.json", {}, files).workers, "auto");
});

Deno.test("parseCommandLine() takes log levels from SEAMEET_LOG, else from a RUST_LOG it can read", () => {
  assertEquals(serve("serve", { RUST_LOG: "warn,str0m::rtp_=error" }).logLevels.default, "warn");
  assertEquals(serve("serve", { RUST_LOG: "warn", SEAMEET_LOG: "debug" }).logLevels.default, "debug");
  assertEquals(serve("serve", { RUST_LOG: "some[thing]=else/x" }).logLevels.default, "info");
  assertStringIncludes(problem("serve", { SEAMEET_LOG: "loud" }), "SEAMEET_LOG must be debug, info");
});

Deno.test("parseCommandLine() says what is wrong in one sentence that names the place", () => {
  const cases: [string, string][] = [
    ["start", 'Unknown command "start": there are serve, doctor and bench'],
    ["serve now", 'Unexpected argument "now"'],
    ["serve --prot 1", "Unknown option --prot: see --help"],
    ["serve -x", "Unknown option -x"],
    ["serve --auth-tokn=secret", "Unknown option --auth-tokn: see"],
    ["serve --port", "--port needs a value"],
    ["serve --port --udp-port 1", "--port needs a value"],
    ["serve --port 70000", '--port must be a whole number from 0 to 65535, not "70000"'],
    ["serve --port -1", 'not "-1"'],
    ["serve --port 1e3", 'not "1e3"'],
    ["serve --port 1 --port 2", "--port is given 2 times"],
    ["serve --max-room-members 0", "from 1 to 10000"],
    ["serve --host example.org", "--host must be an IP address"],
    ["serve --public-ip meet.example", "--public-ip must be an IP address that clients can reach"],
    ["serve --public-ip 0.0.0.0", "--public-ip must be"],
    ["serve --workers 0", '--workers must be a number from 1 to 256, or auto, not "0"'],
    ["serve --workers 257", 'or auto, not "257"'],
    ["serve --workers two", 'or auto, not "two"'],
    ["serve --workers 1.5", 'or auto, not "1.5"'],
    ["serve --config workers.json", '"workers" in workers.json must be a number from 1 to 256, or auto, not "-2"'],
    ["serve --trusted-proxy nginx", "--trusted-proxy must be an IP address or a range"],
    ["serve --allow-origin app.example", "--allow-origin must be an origin"],
    ["serve --log-level loud", "--log-level must be debug"],
    ["serve --log-format xml", "--log-format must be text or json"],
    ["serve --config missing.json", 'Cannot read --config "missing.json": No such file'],
    ["serve --config list.json", "must hold one JSON object"],
    ["serve --config broken.json", 'Cannot read --config "broken.json"'],
    ["serve --config unknown.json", 'Unknown entry "prot" in --config "unknown.json"'],
    ["serve --config type.json", '"port" in type.json must be a number, not true'],
    ["serve --config range.json", '"port" in range.json must be a whole number from 0 to 65535'],
    ["serve --config bool.json", "must be true or false"],
  ];
  const files = {
    "list.json": "[]",
    "broken.json": "{",
    "unknown.json": '{"prot": 1}',
    "type.json": '{"port": true}',
    "workers.json": '{"workers": -2}',
    "range.json": '{"port": -1}',
    "bool.json": '{"allowUnauthenticatedJoins": "yes"}',
  };
  for (const [line, expected] of cases) assertStringIncludes(problem(line, {}, files), expected);
});

Deno.test("parseCommandLine() never repeats a token", () => {
  assertEquals(problem(["serve", "--auth-token", "  "]), "--auth-token must not be empty");
  assert(!problem("serve --auth-token=hunter2 --auth-token=hunter3").includes("hunter"));
  assert(!problem("serve --auth-token hunter2 --port x").includes("hunter"));
});

Deno.test("parseCommandLine() prints a help that names every flag", () => {
  for (const line of ["", "--help", "-h", "serve --help", "help", "serve --port 1 -h"]) {
    assertEquals(read(line).kind, "help", line);
  }
  for (const line of ["--version", "-V", "serve --version"]) assertEquals(read(line).kind, "version", line);
  const help = read("--help");
  assert(help.kind === "help");
  for (const { name } of OPTIONS) assertMatch(help.text, new RegExp(`--${name}\\b`));
  for (const word of ["--config", "UDP_PORT", "RUST_LOG", "Examples:"]) assertStringIncludes(help.text, word);
  assert(help.text.split("\n").every((line) => line.length <= 100));
});
