import { assertEquals } from "@std/assert";
import { parseCommandLine } from "./cli_options.ts";
import { policy } from "./serve.ts";

/** What the policy of a command line says to somebody from an address who called the server by a name. */
async function answerTo(args: string[], remoteAddress: string, host: string): Promise<unknown> {
  const command = parseCommandLine(["serve", ...args], { env: () => undefined, readFile: () => "" });
  if (command.kind !== "serve") throw new Error("not a command line for serve");
  const { authenticate, allowUnauthenticatedJoins } = policy(command.options);
  const headers = new Headers({ host });
  const context = { participant: "", roomId: "", token: undefined, displayName: undefined, remoteAddress, headers };
  return allowUnauthenticatedJoins === true ? "open" : await authenticate?.(context);
}

Deno.test("policy() without a word from the user lets in this machine only", async () => {
  for (const host of ["localhost:3001", "127.0.0.1:3001", "[::1]:3001"]) {
    assertEquals(await answerTo([], "127.0.0.1", host), undefined);
  }
  const refused = { reject: "This server is open to its own machine only" };
  assertEquals(await answerTo([], "192.0.2.1", "localhost:3001"), refused);
  // A page elsewhere whose own name was made to point here.
  assertEquals(await answerTo([], "127.0.0.1", "evil.example:3001"), refused);
});

Deno.test("policy() follows the options", async () => {
  assertEquals(await answerTo(["--allow-unauthenticated-joins"], "192.0.2.1", "meet.example"), "open");
  assertEquals(await answerTo(["--auth-token", "x"], "127.0.0.1", "localhost"), { reject: "Wrong access code" });
});
