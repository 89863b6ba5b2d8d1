import { ownValue } from "./fields.ts";
import type { ReadyMessage } from "./messages.ts";

/** Reads the `session` of a `ready`, where there is one. What is missing in it means a session that begins. */
export function sessionOf(value: unknown): Pick<ReadyMessage, "session"> {
  if (typeof value !== "object" || value === null) return {};
  const session = {
    keep_ms: countOf(value, "keep_ms"),
    resumed: ownValue(value, "resumed") === true,
    received: countOf(value, "received"),
    media: ownValue(value, "media") === true,
  };
  return { session };
}

function countOf(value: unknown, name: string): number {
  const count = ownValue(value, name);
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : 0;
}
