/** The command line as a person runs it: what it prints, how it ends, what it leaves behind. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { joinRoom } from "../../mod.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { Child } from "./child.ts";
import { toneSource } from "./media_judge.ts";

const SECRET = "swordfish-is-not-in-any-log";
const ID = "11111111-1111-4111-8111-111111111111";

async function seameet(args: string[], env: Record<string, string> = {}): Promise<Child> {
  return new Child(
    new Deno.Command(Deno.execPath(), {
      args: withConfig(["run", "-A", "--no-check", "cli.ts", ...args], await prepare()),
      cwd: ROOT,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }),
  );
}

/** What a command printed and how it ended, when it ends by itself. */
async function ended(args: string[], env: Record<string, string> = {}): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: withConfig(["run", "-A", "--no-check", "cli.ts", ...args], await prepare()),
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Sends one text and answers every message and how the connection closed. */
function talk(url: string, text: string): Promise<{ messages: { type: string; code?: number }[]; code: number }> {
  const messages: { type: string; code?: number }[] = [];
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(text);
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      messages.push(JSON.parse(data));
      if (messages.at(-1)?.type === "room_status") socket.close();
    };
    socket.onclose = ({ code }) => resolve({ messages, code });
    socket.onerror = () => reject(new Error("The connection failed"));
  });
}

Deno.test("seameet serve: a protected server says where it is, keeps its secret, writes the audit log, ends with 0", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seameet-cli-" });
  const audit = `${folder}/audit.jsonl`;
  const args = [
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--udp-port",
    "0",
    "--web",
    "off",
    "--log-level",
    "debug",
  ];
  await using server = await seameet([...args, "--audit-log", audit], { SEAMEET_AUTH_TOKEN: SECRET });
  const [, url = ""] = await server.says(/Signaling\s+(ws:\S+)/);
  await server.says(/Joining\s+with the access code/);
  assertMatch(server.output, /Media\s+UDP port \d+ on \S+/);
  assertMatch(server.output, /Engine\s+(native|portable): /);
  const join = (token?: string) => JSON.stringify({ type: "join", participant: ID, room_id: "daily", token });
  const refused = await talk(url, join("wrong"));
  assertEquals([refused.messages[0]?.code, refused.code], [401, 1008]);
  const welcome = await talk(url, join(SECRET));
  assertEquals(welcome.messages.map(({ type }) => type), ["ready", "room_status"]);
  const http = url.replace("ws:", "http:");
  assertEquals(await (await fetch(`${http}healthz`)).text(), "ok\n");
  const config = await fetch(`${http}seameet.json`);
  assertEquals([await config.json(), config.headers.get("access-control-allow-origin")], [{ e2ee: "off" }, "*"]);
  assertEquals(await server.stop(), 0);
  const lines = (await Deno.readTextFile(audit)).trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assertEquals(lines, [
    "authRejected",
    "roomCreated",
    "peerConnected",
    "messageReceived",
    "peerDisconnected",
    "roomDestroyed",
  ]);
  for (const text of [server.output, await Deno.readTextFile(audit)]) assert(!text.includes(SECRET));
  using _free = Deno.listen({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("seameet serve: what cannot work is one sentence and exit code 1", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cases: [string[], RegExp][] = [
    [["serve", "--port", String(taken.addr.port), "--udp-port", "0", "--web", "off"], /another program uses this port/],
    [["serve", "--public-ip", "example.org"], /--public-ip must be an IP address/],
    [["serve", "--config", "/nowhere/seameet.json"], /Cannot read --config/],
    [["serve", "--port", "0", "--udp-port", "0", "--web", "tests/data"], /no index\.html/],
    [["serve", "--audit-log", "/nowhere/audit.jsonl"], /Cannot write --audit-log/],
    [["dance"], /Unknown command "dance"/],
  ];
  const results = await Promise.all(cases.map(([args]) => ended(args)));
  for (const [index, { code, text }] of results.entries()) {
    const lines = text.trimEnd().split("\n").filter((line) => !/ INFO /.test(line));
    assertEquals([code, lines.length], [1, 1], text);
    assertMatch(lines[0]!, cases[index]![1]);
  }
});

Deno.test("seameet --help and --version say enough and end with 0", async () => {
  const [help, version] = await Promise.all([ended(["--help"]), ended(["--version"])]);
  assertEquals([help.code, version.code], [0, 0]);
  for (const flag of ["--auth-token", "--public-ip", "--engine", "--audit-log"]) assertStringIncludes(help.text, flag);
  assertMatch(version.text, /^seameet \d+\.\d+\.\d+\n$/);
});

Deno.test("seameet serve --record writes a file for each participant and ends it properly", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seameet-record-" });
  const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--udp-port", "0", "--web", "off", "--record", folder];
  {
    await using server = await seameet(args);
    const [, url = ""] = await server.says(/Signaling\s+(ws:\S+)/);
    await server.says(/Recording\s+every room/);
    await using bot = await joinRoom({ url, room: "secret plans", displayName: "Ada" });
    await bot.publishAudio(toneSource(500, 0.2));
    await server.says(/is being recorded/);
    const other = await joinRoom({ url, room: "secret plans" });
    for await (const event of other.events()) if (event.type === "activeSpeaker") break;
    await other.close();
  }
  const [room] = [...Deno.readDirSync(folder)];
  assert(room !== undefined && !room.name.includes("secret"));
  const files = [...Deno.readDirSync(`${folder}/${room.name}`)].map(({ name }) => name).sort();
  assertEquals(files, ["participant-1.webm", "timeline.json"]);
  assertStringIncludes(await Deno.readTextFile(`${folder}/${room.name}/timeline.json`), "stopped");
  await Deno.remove(folder, { recursive: true });
});
