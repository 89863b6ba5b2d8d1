import { CLOSE_CODES, FINAL_ALWAYS, FINAL_FOR_JOIN } from "../signaling/errors.ts";
import type { ErrorMessage } from "../signaling/messages.ts";
import type { CloseReason } from "./types.ts";

/** WebSocket close code for "against the rules": a server that uses it does not want this client back. */
const POLICY_VIOLATION = 1008;

/** Says why an `error` closes the client for good; `undefined` when it does not. */
export function finalError(message: ErrorMessage, joined: boolean): CloseReason | undefined {
  return (joined ? FINAL_ALWAYS : FINAL_FOR_JOIN).has(message.reason) ? message.reason : undefined;
}

/** Says why the end of a socket closes the client for good; `undefined` when it should try again. */
export function finalClose(code: number, reason: string): CloseReason | undefined {
  if (code !== POLICY_VIOLATION) return undefined;
  return isCloseWord(reason) ? reason : "rejected";
}

function isCloseWord(text: string): text is keyof typeof CLOSE_CODES {
  return Object.hasOwn(CLOSE_CODES, text);
}
