import { assert, assertEquals } from "@std/assert";
import { consoleLogger, type ConsoleLoggerOptions, parseLogLevels, printable } from "./console_log.ts";

function lines(options: ConsoleLoggerOptions, run: (log: ReturnType<typeof consoleLogger>) => void): string[] {
  const out: string[] = [];
  run(consoleLogger({ clock: () => 0, write: (line) => out.push(line), ...options }));
  return out;
}

function levels(text: string) {
  const parsed = parseLogLevels(text);
  assert(!("unreadable" in parsed));
  return parsed;
}

Deno.test("consoleLogger() writes text for people", () => {
  const [line] = lines(
    {},
    (l) => l.log("info", "sfu", "Room created", { room: "daily stand-up", members: 2, gone: undefined, ok: true }),
  );
  assertEquals(line, '1970-01-01T00:00:00.000Z INFO  sfu: Room created room="daily stand-up" members=2 ok=true');
});

Deno.test("consoleLogger() writes JSON whose own fields win over the caller's", () => {
  const [line] = lines({ format: "json" }, (l) => l.log("warn", "io", "Slow", { level: "fake", ms: 3, name: "a\nb" }));
  assertEquals(JSON.parse(line!), {
    ms: 3,
    name: "a\nb",
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    module: "io",
    message: "Slow",
  });
});

Deno.test("consoleLogger() keeps to the levels of each module", () => {
  const out = lines({ levels: levels("warn,sfu=debug,io=off") }, (l) => {
    for (const module of ["sfu", "io", "http"]) {
      for (const level of ["debug", "info", "warn", "error"] as const) l.log(level, module, level);
    }
  });
  assertEquals(out.map((line) => line.slice(25)), [
    "DEBUG sfu: debug",
    "INFO  sfu: info",
    "WARN  sfu: warn",
    "ERROR sfu: error",
    "WARN  http: warn",
    "ERROR http: error",
  ]);
  assertEquals(lines({}, (l) => l.log("debug", "sfu", "hidden")), []);
});

Deno.test("consoleLogger() writes one harmless line whatever a client calls itself", () => {
  const evil = 'a\r\n2026 INFO forged\x1b[2J\x9b31m\u2028\u202e"\ud800 \u0000';
  for (const format of ["text", "json"] as const) {
    const [line, ...more] = lines({ format }, (l) => l.log("info", evil, evil, { [evil]: evil }));
    assertEquals(more, []);
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    assert(!/[\x00-\x1f\x7f-\x9f\u2028\u202e]/.test(line!) && line!.isWellFormed(), line);
  }
  assertEquals(lines({}, (l) => l.log("info", "m", "x", { a: 'b" c=d' }))[0]!.slice(25), 'INFO  m: x a="b\\" c=d"');
});

Deno.test("printable() keeps what people write and cuts what is endless", () => {
  assertEquals(printable("Zoë 日本 👩‍👩‍👧 'q'"), "Zoë 日本 👩‍👩‍👧 'q'");
  assertEquals(printable("x".repeat(10_000)).length, 2_001);
});

Deno.test("parseLogLevels() reads RUST_LOG lists and says what it cannot read", () => {
  const rust = levels("meet=debug, str0m=warn ,str0m::rtp_=error,trace");
  assertEquals([rust.default, [...rust.modules]], ["debug", [["meet", "debug"], ["str0m", "warn"], [
    "str0m::rtp_",
    "error",
  ]]]);
  assertEquals(levels("").default, "info");
  assertEquals(levels("OFF").default, "off");
  for (const bad of ["loud", "sfu=loud", "=debug", "a=b=c", "constructor"]) {
    assertEquals(parseLogLevels(`info,${bad}`), { unreadable: bad });
  }
});
