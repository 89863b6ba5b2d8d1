import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { SeaMeetError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { chooseEngine } from "./choose_engine.ts";
import type { Libcrypto, NativeLibraries } from "./library.ts";
import { nativeLibraries } from "./testing_native.ts";

function logTo(lines: string[]): Logger {
  return { log: (level, _module, message) => lines.push(`${level} ${message}`) };
}

const nothing = { open: () => ({ unavailable: "Deno runs without --allow-ffi" }) };

Deno.test("chooseEngine() takes the portable engine with one line that says why", () => {
  const lines: string[] = [];
  const engine = chooseEngine("auto", logTo(lines), nothing);
  assertEquals([engine.name, engine.ciphers.name], ["portable", "portable"]);
  assertEquals(lines, ["info Portable engine, the native one cannot be used: Deno runs without --allow-ffi"]);
});

Deno.test("chooseEngine() throws when the native engine is demanded and not there", () => {
  const error = assertThrows(() => chooseEngine("native", logTo([]), nothing), SeaMeetError);
  assert(error instanceof SeaMeetError);
  assertEquals(error.code, "config");
  assertEquals(error.message, "Cannot use the native engine: Deno runs without --allow-ffi");
});

Deno.test("chooseEngine() does not look for native code when the portable engine is asked for", () => {
  const lines: string[] = [];
  const open = () => {
    throw new Error("looked");
  };
  assertEquals(chooseEngine("portable", logTo(lines), { open }).name, "portable");
  assertEquals(lines, []);
});

for (const libraries of nativeLibraries()) {
  const broken = (change: Partial<NativeLibraries>) => ({ open: () => ({ ...libraries, ...change }) });

  Deno.test("chooseEngine() takes the native engine where everything is there", () => {
    for (const kind of ["auto", "native"] as const) {
      const lines: string[] = [];
      const engine = chooseEngine(kind, logTo(lines));
      assertEquals([engine.name, engine.ciphers.name], ["native", "native"]);
      assertMatch(lines.join("\n"), /^info Native engine over libcrypto\.so\.[0-9.]+$/);
    }
  });

  Deno.test("chooseEngine() goes without a libcrypto that gives other bytes or refuses", () => {
    const { crypto } = libraries;
    const other: Libcrypto = {
      ...crypto,
      // Writes half of the tag only.
      EVP_CIPHER_CTX_ctrl: (context, type, argument, pointer) =>
        crypto.EVP_CIPHER_CTX_ctrl(context, type, type === 0x10 ? argument >> 1 : argument, pointer),
    };
    const refusing = { ...crypto, HMAC_Init_ex: () => 0 };
    for (
      const [crypto, reason] of [[other, /other results than node:crypto for AEAD_AES_128_GCM|AES-GCM/], [
        refusing,
        /HMAC/,
      ]] as const
    ) {
      const engine = chooseEngine("auto", logTo([]), broken({ crypto }));
      assertEquals(engine.name, "portable");
      assertMatch(engine.why, reason);
    }
  });

  Deno.test("chooseEngine() goes without system calls that fail", () => {
    const { libc } = libraries;
    const faults = [
      { sendmmsg: () => -1 },
      { recvmmsg: () => -1 },
      { getsockname: () => -1 },
    ];
    for (const fault of faults) {
      const engine = chooseEngine("auto", logTo([]), broken({ libc: { ...libc, ...fault } }));
      assertEquals(engine.name, "portable");
      assert(engine.why.includes("cannot be used"));
    }
  });
}
