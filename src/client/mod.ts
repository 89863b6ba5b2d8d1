/**
 * The browser client of seameet: joins a room, sends a microphone, a camera and a screen, and hands out the tracks of the
 * others. It needs nothing but a browser; any user interface can be put on top.
 *
 * @module
 */
export { SeaMeetClient } from "./client.ts";
export { connect } from "./connect.ts";
export { ClientError, type ClientErrorReason } from "./client_error.ts";
export type { CodecCapability, VideoCodec } from "./codec_preferences.ts";
export { browserIdentityStore, type IdentityStore, memoryIdentityStore } from "./e2ee/identity_store.ts";
export { encryptionSupport, type MakeTransform, type TransformSupport } from "./e2ee/media_transforms.ts";
export { safetyNumber } from "./e2ee/safety_number.ts";
export type { Trust } from "./e2ee/trust_book.ts";
export type {
  E2eeOptions,
  Encryption,
  EncryptionState,
  FrameFailure,
  KeyChange,
  ParticipantEncryption,
} from "./e2ee/types.ts";
export type { DecryptFailure } from "./e2ee/frame_decryptor.ts";
export type { EncryptFailure } from "./e2ee/frame_encryptor.ts";
export type { FrameLike, ToWorker, TransformOptions, WorkerLike } from "./e2ee/worker_messages.ts";
export type { Listener } from "./emitter.ts";
export { Interactions } from "./interactions.ts";
export type { ClientEnvironment, ConnectOptions } from "./options.ts";
export type { PeerConnectionLike, ReceiverLike, ScreenStream, SenderLike, TransceiverLike } from "./ports.ts";
export type { WebSocketLike } from "../signaling/web_socket.ts";
export type { Scheduler } from "../base/scheduler.ts";
export type {
  ChatEntry,
  ClientEvents,
  ClientState,
  ClientStatus,
  CloseReason,
  MediaState,
  Permissions,
  RemoteParticipant,
  TrackEvent,
  VideoConfig,
} from "./types.ts";
export { fetchServerConfig } from "./server_config.ts";
export { type ConnectionQualityEvent, type TrackQualityEvent, type TrackView, Views } from "./views.ts";
export { DEFAULT_VIDEO_CONFIG } from "./video_limits.ts";
export {
  CLOSE_CODES,
  type CloseReason as ServerCloseReason,
  ERROR_CODES,
  type ErrorReason,
} from "../signaling/errors.ts";
export type { E2eeMode, ServerConfig } from "../signaling/server_config.ts";
export type { ModerationAction, Permission, TrackSource } from "../signaling/messages.ts";
export type {
  ConnectionQualityMessage,
  DirectionQuality,
  QualityReason,
  TrackQuality,
  TrackQualityMessage,
} from "../signaling/quality_messages.ts";
export type { ParticipantId, RoomId } from "../base/ids.ts";
export type { Millis } from "../base/time.ts";
