import { assert, assertEquals } from "@std/assert";
import { openNative } from "./library.ts";

/** What `openNative` says in a process with these permissions. */
async function inProcess(...permissions: string[]): Promise<string> {
  const module = new URL("library.ts", import.meta.url).href;
  const code = `import { openNative } from ${JSON.stringify(module)};
    const found = openNative();
    console.log("unavailable" in found ? found.unavailable : "found");`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-lock",
      "--no-check",
      ...permissions,
      `data:application/typescript,${encodeURIComponent(code)}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("openNative() says a reason, and asks for nothing, without the permission", async () => {
  const expected = Deno.build.os === "linux" ? "Deno runs without --allow-ffi" : await inProcess("-A");
  assertEquals(await inProcess("--allow-import", "--allow-read"), expected);
  assertEquals(await inProcess("-A", "--deny-ffi"), expected);
});

Deno.test("openNative() finds both libraries or says what is missing", () => {
  const found = openNative();
  if ("unavailable" in found) assert(found.unavailable.length > 10);
  else {
    assertEquals(found.crypto.EVP_aes_128_gcm() === 0n, false);
    assertEquals(found.libc.getsockname(-1, 0n, 0n), -1);
    assertEquals(found.libc.errno(), 9);
  }
});
