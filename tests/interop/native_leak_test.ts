/** Native memory of ciphers is given back when they are closed. A child measures it, away from what other tests leave behind. */
import { assertGreater, assertLess } from "@std/assert";
import { nativeLibraries } from "../../src/io/native/testing_native.ts";
import { runNativeChild } from "./native_child.ts";

/** How much resident memory may differ between 1,000 and 11,000 ciphers. */
const TOLERANCE = 0.05;

/** Children that are asked: what is leaked is leaked in each, a garbage collection that comes late is not. */
const ATTEMPTS = 3;

/** Growth of resident memory over 10,000 ciphers, as a part of what it was. */
async function growth(mode: "close" | "keep"): Promise<number> {
  const { before, after } = await runNativeChild("native_leak_child.ts", [mode]);
  return after! / before! - 1;
}

for (const _ of nativeLibraries()) {
  Deno.test("ciphers of libcrypto that are closed leave no memory behind", async () => {
    let least = Infinity;
    for (let i = 0; i < ATTEMPTS && least >= TOLERANCE; i++) least = Math.min(least, await growth("close"));
    assertLess(least, TOLERANCE);
  });

  Deno.test("the leak test notices ciphers that nobody closes", async () => {
    assertGreater(await growth("keep"), 2 * TOLERANCE);
  });
}
