import type { ErrorReason } from "../signaling/errors.ts";

/** What failed: one of the server's words, or one of the client's own. */
export type ClientErrorReason =
  | ErrorReason
  | "closed"
  | "negotiation_failed"
  | "negotiation_timeout"
  | "media_timeout"
  | "e2ee_unsupported"
  | "e2ee_failed";

/**
 * Something the server refused or that failed on the way, with a stable word for programs.
 *
 * @example
 * ```ts
 * import { ClientError } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ClientError("room_full", "The room is full", { code: 409 });
 * assertEquals([error.reason, error.code], ["room_full", 409]);
 * ```
 */
export class ClientError extends Error {
  /** A stable word. */
  readonly reason: ClientErrorReason;
  /** The server's number (as HTTP status codes), 0 for errors of the client itself. */
  readonly code: number;
  /** `type` of the message that was refused, where the server said so. */
  readonly request: string | undefined;

  /** Creates an error with a stable word and a sentence for people. */
  constructor(
    reason: ClientErrorReason,
    message: string,
    options: ErrorOptions & { code?: number; request?: string | undefined } = {},
  ) {
    super(message, options);
    this.name = "ClientError";
    this.reason = reason;
    this.code = options.code ?? 0;
    this.request = options.request;
  }
}
