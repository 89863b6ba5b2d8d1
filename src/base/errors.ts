/** What went wrong, for programs: stable words, one for each kind of failure. */
export type SeaMeetErrorCode =
  | "io"
  | "signaling"
  | "codec"
  | "peer_connection"
  | "room_full"
  | "participant_not_found"
  | "room_not_found"
  | "config"
  | "address_in_use"
  | "unstable_net_required"
  | "room_in_worker"
  | "closed";

/**
 * The error that callers of the library see.
 *
 * Its `code` is stable and meant for programs, its message is for people; `cause` holds the error below it.
 *
 * @example
 * ```ts
 * import { SeaMeetError } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new SeaMeetError("room_full", 'Cannot join room "daily": it has 20 of 20 participants');
 * assertEquals(error.code, "room_full");
 * ```
 */
export class SeaMeetError extends Error {
  /** Which kind of failure this is. */
  readonly code: SeaMeetErrorCode;

  /** Creates an error with a stable code and a sentence for people. */
  constructor(code: SeaMeetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SeaMeetError";
    this.code = code;
  }
}

/** An assumption of our own code that did not hold: the peer concerned is closed, the server goes on. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InvariantError";
  }
}
