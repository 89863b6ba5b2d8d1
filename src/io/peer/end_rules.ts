import {
  CLOSE_CODES,
  type CloseReason,
  type ErrorReason,
  FINAL_ALWAYS,
  FINAL_FOR_JOIN,
} from "../../signaling/errors.ts";
import type { ErrorMessage } from "../../signaling/messages.ts";

/** Close words after which coming back is of no use (docs/protocol.md, close codes). */
const FINAL_WORDS: ReadonlySet<string> = new Set<CloseReason>([
  "unauthorized",
  "e2ee_required",
  "taken_over",
  "removed",
  "abuse",
  "message_too_big",
]);

/** Close codes after which coming back is of no use, whatever the word; 1008 has exceptions that the words tell. */
const FINAL_CODES: ReadonlySet<number> = new Set([1002, 1008, 1009]);

/** Refusals of a join that a link gives up on besides: it has nobody whom it could ask what to do. */
const FINAL_FOR_LINK: ReadonlySet<ErrorReason> = new Set<ErrorReason>(["participant_in_use", "too_many_rooms"]);

/** Says whether a refusal ends the client: any of a join that would be refused again, and some at any time. */
export function isFinalError(error: ErrorMessage, joined: boolean): boolean {
  const { reason } = error;
  if (joined) return FINAL_ALWAYS.has(reason);
  return isAboutJoin(error) && (FINAL_FOR_JOIN.has(reason) || FINAL_FOR_LINK.has(reason));
}

/** Says whether an error that came before we were in the room refuses our join. */
export function isAboutJoin({ request }: ErrorMessage): boolean {
  return request === undefined || request === "join";
}

/** Says whether a client should come back after a close. */
export function mayComeBack(code: number, reason: string): boolean {
  if (FINAL_WORDS.has(reason)) return false;
  if (code === CLOSE_CODES.unjoined_timeout && reason === "unjoined_timeout") return true;
  return !FINAL_CODES.has(code);
}
