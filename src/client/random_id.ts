import type { ParticipantId } from "../base/ids.ts";

/**
 * A random participant id (UUID version 4, RFC 9562 section 5.4).
 *
 * `crypto.randomUUID()` exists only on secure pages, and a page opened by a plain `http:` address in a local network must at
 * least be able to watch.
 */
export function randomParticipantId(): ParticipantId {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
