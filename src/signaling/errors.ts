/** The stable word of an `error` message; `docs/protocol.md` says when each comes and what to do about it. */
export type ErrorReason = keyof typeof ERROR_CODES;

/**
 * The numeric `code` of every reason, after the HTTP status code that means the same.
 *
 * @example
 * ```ts
 * import { ERROR_CODES } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ERROR_CODES.rate_limited, 429);
 * ```
 */
export const ERROR_CODES = {
  bad_json: 400,
  unknown_type: 400,
  not_from_clients: 400,
  bad_field: 400,
  bad_sdp: 400,
  invalid_room: 400,
  unauthorized: 401,
  not_joined: 403,
  not_a_member: 403,
  wrong_participant: 403,
  unknown_participant: 404,
  permission_denied: 403,
  e2ee_required: 403,
  room_full: 403,
  too_many_rooms: 403,
  participant_in_use: 409,
  rate_limited: 429,
  media_failed: 500,
  internal: 500,
  server_full: 503,
  worker_lost: 503,
} as const;

/** Refusals of a join that the same join would meet again (docs/protocol.md): a client that gets one gives up. */
export const FINAL_FOR_JOIN: ReadonlySet<ErrorReason> = new Set<ErrorReason>([
  "unauthorized",
  "room_full",
  "invalid_room",
  "permission_denied",
  "e2ee_required",
  "wrong_participant",
  "bad_field",
]);

/** Refusals that end a membership whenever they come. */
export const FINAL_ALWAYS: ReadonlySet<ErrorReason> = new Set<ErrorReason>(["unauthorized", "e2ee_required"]);

/** The stable word in the reason of a WebSocket Close that the server sends. */
export type CloseReason = keyof typeof CLOSE_CODES;

/**
 * The WebSocket close code of every reason (RFC 6455 section 7.4.1): 1001 the server goes away, 1008 a rule was
 * broken and the same attempt will fail again, 1009 too big, 1011 our fault, 1012 a part of the
 * server starts anew (registered by IANA as Service Restart), 1013 try again later.
 *
 * @example
 * ```ts
 * import { CLOSE_CODES } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([CLOSE_CODES.going_away, CLOSE_CODES.removed], [1001, 1008]);
 * ```
 */
export const CLOSE_CODES = {
  bye: 1000,
  going_away: 1001,
  idle: 1001,
  unauthorized: 1008,
  e2ee_required: 1008,
  taken_over: 1008,
  removed: 1008,
  abuse: 1008,
  unjoined_timeout: 1008,
  message_too_big: 1009,
  internal: 1011,
  worker_lost: 1012,
  slow_consumer: 1013,
  server_full: 1013,
} as const;

/** The close code of a client that gives a connection up and comes back over another one at once. */
export const RECONNECTING = 4000;

/** Why a message was refused, as it goes into an `error` message. */
export interface SignalingError {
  /** Numeric code of the reason, see `ERROR_CODES`. */
  code: number;
  /** Stable word for programs. */
  reason: ErrorReason;
  /** Sentence for people that says what to do. */
  message: string;
  /** `type` of the refused message, where it is one of ours; never text that the sender made up. */
  type?: string;
  /** Room of the refused message, where it could be read. */
  room_id?: string;
}

/** Makes the error of `reason`, with the code that belongs to it. */
export function signalingError(reason: ErrorReason, message: string, type?: string): SignalingError {
  return type === undefined
    ? { code: ERROR_CODES[reason], reason, message }
    : { code: ERROR_CODES[reason], reason, message, type };
}
