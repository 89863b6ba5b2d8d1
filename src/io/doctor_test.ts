import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCommandLine } from "./cli_options.ts";
import { examine } from "./doctor.ts";

function optionsOf(...args: string[]) {
  const command = parseCommandLine(["doctor", ...args], { env: () => undefined, readFile: () => "" });
  assert(command.kind === "doctor");
  return command.options;
}

Deno.test("examine() finds nothing wrong with free ports, and says which engine serve would take", async () => {
  const findings = await examine(optionsOf("--port", "0", "--udp-port", "0", "--engine", "portable"));
  assertEquals(findings.filter(({ bad }) => bad), []);
  assertStringIncludes(findings.find(({ name }) => name === "Engine")!.text, "portable engine was asked for");
});

Deno.test("examine() says which port is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const findings = await examine(optionsOf("--port", String(taken.addr.port), "--udp-port", "0"));
  assertEquals(findings.filter(({ bad }) => bad).map(({ name }) => name), ["HTTP"]);
});

Deno.test("examine() looks at the media port of each worker", async () => {
  const taken = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    const findings = await examine(optionsOf("--port", "0", "--udp-port", String(port - 1), "--workers", "2"));
    const media = findings.find(({ name }) => name === "Media");
    assert(media?.bad === true);
    assertStringIncludes(media.text, `media port ${port}`);
    assertStringIncludes(findings.find(({ name }) => name === "Workers")!.text, "2 (cores here: ");
  } finally {
    taken.close();
  }
});
