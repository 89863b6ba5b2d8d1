import { createHash, timingSafeEqual } from "node:crypto";
import type { Authenticate } from "./hooks.ts";

/**
 * Makes an `authenticate` hook that lets in whoever knows one secret.
 *
 * It compares digests in constant time, so neither length nor content of the secret can be found out by timing. It says
 * that somebody may come in, not who they are.
 *
 * @throws {RangeError} When the secret is empty.
 *
 * @example
 * ```ts
 * import { sharedToken } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const authenticate = sharedToken("open sesame");
 * const knock = (token: string) =>
 *   authenticate({
 *     token,
 *     participant: "11111111-1111-4111-8111-111111111111",
 *     roomId: "daily",
 *     displayName: undefined,
 *     remoteAddress: "192.0.2.1",
 *     headers: new Headers(),
 *   });
 * assertEquals(knock("open sesame"), undefined);
 * assertEquals(knock("barley"), { reject: "Wrong access code" });
 * ```
 */
export function sharedToken(secret: string): Authenticate {
  if (secret === "") throw new RangeError("Cannot use an empty secret: it would let everybody in");
  const expected = digest(secret);
  return ({ token }) => timingSafeEqual(digest(token ?? ""), expected) ? undefined : { reject: "Wrong access code" };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
