import { assertEquals, assertMatch } from "@std/assert";
import { parseBenchOptions } from "./bench_options.ts";

Deno.test("parseBenchOptions() reads every option, in both spellings", () => {
  assertEquals(parseBenchOptions([]), {
    kind: "bench",
    options: { quick: false, json: undefined, markdown: undefined },
  });
  assertEquals(parseBenchOptions(["--quick", "--json", "a.json", "--markdown=b.md"]), {
    kind: "bench",
    options: { quick: true, json: "a.json", markdown: "b.md" },
  });
});

Deno.test("parseBenchOptions() shows its help", () => {
  for (const word of ["--help", "-h"]) {
    const command = parseBenchOptions(["--quick", word]);
    assertMatch(command.kind === "help" ? command.text : "", /--json FILE/);
  }
});

Deno.test("parseBenchOptions() says what it cannot follow", () => {
  const messages = [["--fast"], ["all"], ["--json"], ["--json="], ["--json", "--quick"], ["--json", "a", "--json", "b"]]
    .map((args) => {
      const command = parseBenchOptions(args);
      return command.kind === "error" ? command.message : command.kind;
    });
  assertEquals(messages, [
    "Unknown option --fast: see bench --help",
    "Unknown argument all: see bench --help",
    "--json needs a file name, see bench --help",
    "--json needs a file name, see bench --help",
    "--json needs a file name, see bench --help",
    "--json is given twice: once is enough",
  ]);
});
