import { sha256 } from "./sha256.ts";

/** Digits in all: 20 of the 32 bytes of the digest, three digits each. */
const DIGITS = 60;

/** Digits that are written together. */
const GROUP = 5;

/**
 * The number that two people compare to find out that nobody sits between them: twelve groups of five digits, the same for both.
 *
 * It is made of both sides' public keys (65 bytes each), whichever way round. `Encryption.safetyNumber()` says it for a member.
 *
 * @example
 * ```ts
 * import { safetyNumber } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * const [ours, theirs] = [new Uint8Array(65).fill(1), new Uint8Array(65).fill(2)];
 * assertEquals(safetyNumber(ours, theirs), safetyNumber(theirs, ours));
 * assertEquals(safetyNumber(ours, theirs).split(" ").length, 12);
 * ```
 */
export function safetyNumber(a: Uint8Array, b: Uint8Array): string {
  const [first, second] = compare(a, b) <= 0 ? [a, b] : [b, a];
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  const digits = Array.from(sha256(both), (byte) => String(byte).padStart(3, "0")).join("").slice(0, DIGITS);
  return digits.replaceAll(new RegExp(`(.{${GROUP}})(?!$)`, "g"), "$1 ");
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
