import { assertEquals } from "@std/assert";
import { checkFile, findImports } from "./layers.ts";
import { tokenize } from "./tokens.ts";

function problems(path: string, source: string): string[] {
  return checkFile(path, source).map(({ line, text, note }) => `${line}${note ? " note" : ""} ${text}`);
}

Deno.test("tokenize() leaves out comments and keeps words inside template expressions", () => {
  const source = "a /* b */ // c\n`d ${ e + `f ${g}` } h`; /[/}i]/.test(j) / k 'l' \"m\"";
  const tokens = tokenize(source);
  assertEquals(tokens.filter((t) => t.kind === "word").map((t) => t.text), ["a", "e", "g", "test", "j", "k"]);
  assertEquals(tokens.filter((t) => t.kind === "string").map((t) => t.text), ["l", "m"]);
  assertEquals(tokens.at(-1)?.line, 2);
});

Deno.test("tokenize() takes a slash after a value for a division", () => {
  const words = tokenize("const a = b / c; const d = (e) / f; const g = /[/]h/u;").filter((t) => t.kind === "word");
  assertEquals(words.map((t) => t.text), ["const", "a", "b", "c", "const", "d", "e", "f", "const", "g"]);
});

Deno.test("findImports() finds every form", () => {
  const source = `
    import { a } from "./a.ts";
    import type { b } from "./b.ts";
    import "./c.ts";
    export * from "./d.ts";
    export { from } from "./e.ts";
    const f = await import("./f.ts");
    type G = import("./g.ts").G;
    const key = \`\${message.from} x\`;
    const text = "import './no.ts'"; // import "./no.ts"
  `;
  const found = findImports(tokenize(source));
  assertEquals(found.map((i) => i.specifier), ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts"]);
  assertEquals(found.filter((i) => i.reExport).map((i) => i.line), [5, 6]);
});

Deno.test("checkFile() accepts imports that go down", () => {
  const source = `import { a } from "../base/a.ts";\nimport { b } from "./b.ts";\nexport const c = a + b;\n`;
  assertEquals(problems("src/rtp/x.ts", source), []);
  assertEquals(problems("src/stream/x.ts", `import "../rtp/a.ts";\nexport const a = 1;`), []);
});

Deno.test("checkFile() refuses imports that go up, aside, or out of src", () => {
  assertEquals(problems("src/base/x.ts", `import "../rtp/a.ts";`).length, 1);
  assertEquals(problems("src/rtp/x.ts", `import "../signaling/a.ts";`).length, 1);
  assertEquals(problems("src/stream/x.ts", `import "../bandwidth/a.ts";`).length, 1);
  assertEquals(problems("src/room/x.ts", `import type { A } from "../sdp/a.ts";`).length, 1);
  assertEquals(problems("src/client/x.ts", `import "../sfu/sfu.ts";`).length, 1);
  assertEquals(problems("src/sfu/handlers/x.ts", `import "../../io/a.ts";`).length, 1);
  assertEquals(problems("src/io/x.ts", `import "../../server.ts";`).length, 1);
  assertEquals(problems("cli.ts", `import "./src/sfu/sfu.ts";`).length, 1);
  assertEquals(problems("cli.ts", `import "./server.ts";\nimport "./src/io/cli_options.ts";`), []);
});

Deno.test("checkFile() wants a rank for every folder", () => {
  assertEquals(problems("src/misc/x.ts", "export const a = 1;").length, 1);
});

Deno.test("checkFile() lets only the marked files import werift", () => {
  assertEquals(problems("src/io/werift_dtls.ts", `import { DtlsServer } from "werift";`), []);
  assertEquals(problems("src/io/udp_socket.ts", `import { DtlsServer } from "werift";`).length, 1);
  assertEquals(problems("src/transport/x.ts", `import { DtlsServer } from "npm:werift@0.25.2";`).length, 1);
  assertEquals(problems("src/transport/x_test.ts", `import { DtlsServer } from "werift";`), []);
  assertEquals(problems("src/rtp/x.ts", `import { join } from "node:path";`).length, 1);
});

Deno.test("checkFile() lets an interface in pure code have members that answer later", () => {
  const later = "interface A { b(c: D): E | Promise<F | G<H>>; }\nexport const i = 1;\n";
  assertEquals(problems("src/sfu/x.ts", later), []);
  assertEquals(problems("src/sfu/x.ts", "export function j(): Promise<void> { return k; }\n").length, 1);
});

Deno.test("checkFile() finds clocks, timers, randomness, waiting and the outside world in pure code", () => {
  const lines = [
    "const a = Date.now();",
    "const b = performance.now();",
    "setTimeout(a, 1);",
    "const c = Math.random();",
    "crypto.getRandomValues(d);",
    "async function e() {}",
    "console.log(1);",
    "Deno.exit();",
    "const f: Promise<void> = g;",
    "const h = `${Deno.pid}`;",
  ];
  for (const line of lines) assertEquals(problems("src/rtp/x.ts", line).length, 1, line);
  for (const line of lines) assertEquals(problems("src/io/x.ts", line), [], line);
  for (const line of lines) assertEquals(problems("src/rtp/x_test.ts", line), [], line);
});

Deno.test("checkFile() does not trip over comments, strings and members of the same name", () => {
  const source = `
    // Date.now() and Deno
    export const a = "await Deno.exit()";
    export interface P { process(frame: number): void; fetch: number; crypto?: string }
    item.fetch(); item.process; const o = { console: 1 };
  `;
  assertEquals(problems("src/processing/x.ts", source), []);
});

Deno.test("checkFile() finds barrels and files that are too long", () => {
  assertEquals(problems("src/rtp/mod.ts", `export * from "./a.ts";\nexport { b } from "./b.ts";`).length, 1);
  assertEquals(problems("src/client/mod.ts", `export * from "./a.ts";`), []);
  assertEquals(problems("src/rtp/a.ts", `export { b } from "./b.ts";\nexport const c = 1;`), []);
  assertEquals(problems("src/rtp/a.ts", "const a = 1;\n".repeat(400)), []);
  assertEquals(problems("src/rtp/a.ts", "const a = 1;\n".repeat(401)), ["401 401 lines, at most 400"]);
});

Deno.test("checkFile() notes long functions, methods and arrows, and no other blocks", () => {
  const body = "{\n" + "  a();\n".repeat(60) + "}";
  assertEquals(problems("src/rtp/x.ts", `function f(a: number): Map<string, A | B> ${body}`).length, 1);
  assertEquals(problems("src/rtp/x.ts", `class A { f(a: number) ${body} }`).length, 1);
  assertEquals(problems("src/rtp/x.ts", `const f = (a) => ${body};`).length, 1);
  assertEquals(problems("src/rtp/x.ts", `class A extends B ${body}`), []);
  assertEquals(problems("src/rtp/x.ts", `if (a(b)) ${body} else ${body}`), []);
});
