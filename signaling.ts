/**
 * The signaling protocol (docs/protocol.md): messages, reading and writing them, a client's and a server's end.
 *
 * @example
 * ```ts
 * import { parseMessage } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * const read = parseMessage('{"type":"leave","participant":"00000000-0000-4000-8000-000000000001","room_id":"daily"}');
 * assertEquals(read.ok && read.message.type, "leave");
 * assertEquals(parseMessage('{"type":"leave"}').ok, false);
 * ```
 *
 * @module
 */
export { type ClientSink, type LeftRoom, SignalingSession } from "./src/io/api/signaling_session.ts";
export { SignalingState, type SignalingStateOptions } from "./src/io/api/signaling_state.ts";
export {
  broadcastRoomStatus,
  dispatch,
  noopHooks,
  runConnection,
  type SignalingHooks,
} from "./src/io/api/run_connection.ts";
export {
  createSignalingServer,
  type SignalingServer,
  type SignalingServerOptions,
} from "./src/io/api/signaling_server.ts";
export {
  decodePeerMessage as parsePeerMessage,
  type PeerCandidateMessage,
  type PeerDescriptionMessage,
  type PeerMessage,
} from "./src/signaling/peer_message.ts";
export { decodeClientMessage as parseMessage, type DecodedMessage } from "./src/signaling/decode.ts";
export type { NameLengths } from "./src/signaling/fields.ts";
export { decodeServerMessage as parseServerMessage } from "./src/signaling/decode_server.ts";
export { encodeServerMessage } from "./src/signaling/encode.ts";
export {
  CLOSE_CODES,
  type CloseReason,
  ERROR_CODES,
  type ErrorReason,
  type SignalingError,
} from "./src/signaling/errors.ts";
export type * from "./src/signaling/messages.ts";
export type * from "./src/signaling/quality_messages.ts";
export {
  type SignalingBackend,
  type SignalingClose,
  WsSignaling,
  type WsSignalingOptions,
} from "./src/io/peer/ws_signaling.ts";
export { type TransportListener, WsListener } from "./src/io/ws_listener.ts";
export type { SignalingConnection } from "./src/io/signaling_connection.ts";
export type { ConnectionId, ParticipantId, RoomId } from "./src/base/ids.ts";
export type { Millis } from "./src/base/time.ts";
