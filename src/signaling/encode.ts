import type { ErrorMessage, ServerMessage } from "./messages.ts";
import { ERROR_CODES, type ErrorReason, type SignalingError } from "./errors.ts";

/**
 * Writes a message as the text frame that clients read.
 *
 * Absent optional fields are left out, an empty `display_names` too; `to` of an answer is written as null when
 * there is none. One text can be sent to any number of receivers.
 *
 * @example
 * ```ts
 * import { encodeServerMessage, parseServerMessage } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * const text = encodeServerMessage({ type: "bwe_update", max_bitrate_bps: 500_000 });
 * assertEquals(parseServerMessage(text), { type: "bwe_update", max_bitrate_bps: 500_000 });
 * ```
 */
export function encodeServerMessage(message: ServerMessage): string {
  if (message.type === "ready" && message.display_names !== undefined) {
    for (const _ in message.display_names) return JSON.stringify(message);
    return JSON.stringify({ ...message, display_names: undefined });
  }
  return JSON.stringify(message);
}

/** The message that tells a client why its own was refused. */
export function errorMessage(error: SignalingError): ErrorMessage {
  return {
    type: "error",
    code: error.code,
    reason: error.reason,
    message: error.message,
    room_id: error.room_id,
    request: error.type,
  };
}

/** The message that tells a client why a well-formed message of its own was refused. */
export function refusal(
  reason: ErrorReason,
  message: string,
  about: { readonly room_id?: string | undefined; readonly type: string },
): ErrorMessage {
  return { type: "error", code: ERROR_CODES[reason], reason, message, room_id: about.room_id, request: about.type };
}
