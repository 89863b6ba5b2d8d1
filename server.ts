/**
 * A meeting server for Deno: signaling over WebSocket, media over one UDP port, hooks and events for the application.
 *
 * @example
 * ```ts
 * import { createServer } from "@seameet/cli/server";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * console.log(`Listening on port ${server.wsAddress.port}`);
 * ```
 *
 * @module
 */
export { createServer, type SeaMeetServer } from "./src/io/seameet_server.ts";
export type { ServerLimits, ServerOptions } from "./src/io/server_options.ts";
export type { HostStats, ServerStats } from "./src/io/server_stats.ts";
export type { LoadChange } from "./src/sfu/outputs.ts";
export { RemoteRoom, type RoomPlace, type ServerRoom } from "./src/io/server_room.ts";
export type { EngineChoice } from "./src/io/workers/room_host.ts";
export {
  type Authenticate,
  type AuthenticateContext,
  type AuthenticateResult,
  DEFAULT_PERMISSIONS,
  type Granted,
  type RateCheck,
  type RateCheckContext,
} from "./src/io/hooks.ts";
export type { EventStream } from "./src/io/event_hub.ts";
export type { MediaEvent, ServerEvent, SignalingEvent, TimedServerEvent } from "./src/io/server_events.ts";
export { sharedToken } from "./src/io/shared_token.ts";
export {
  directorySource,
  embeddedSource,
  type StaticFile,
  staticFiles,
  type StaticSource,
} from "./src/io/static_files.ts";
export {
  consoleLogger,
  type ConsoleLoggerOptions,
  type LogFormat,
  type LogLevels,
  type LogThreshold,
  parseLogLevels,
} from "./src/io/console_log.ts";
export { type EndSignal, onEndSignal } from "./src/io/signals.ts";
export { VERSION } from "./src/base/version.ts";
export { tokenBucket, type TokenBucketOptions } from "./src/io/rate_limit.ts";
export { addressKey } from "./src/io/ip_address.ts";
export type { ConnectionId, ParticipantId, RoomId } from "./src/base/ids.ts";
export type { Millis } from "./src/base/time.ts";
export type { SignalingConnection } from "./src/io/signaling_connection.ts";
export type { RequestInfo } from "./src/io/websocket_server.ts";
export type { EngineKind } from "./src/io/native/choose_engine.ts";
export type { EndpointStats } from "./src/io/udp_socket.ts";
export type { RoomEvent } from "./src/room/room_events.ts";
export type {
  EncodingSnapshot,
  ParticipantSnapshot,
  RoomSnapshot,
  SentSnapshot,
  SfuSnapshot,
  ShownSnapshot,
  TrackSnapshot,
} from "./src/sfu/snapshot.ts";
export type { QualityReason } from "./src/room/video_line.ts";
export type { TrackSource } from "./src/room/track_source.ts";
export type { Permission } from "./src/signaling/messages.ts";
export { SeaMeetError, type SeaMeetErrorCode } from "./src/base/errors.ts";
export { type LogFields, type Logger, type LogLevel, silentLogger } from "./src/base/log.ts";
