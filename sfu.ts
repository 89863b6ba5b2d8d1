/**
 * The forwarding unit without the world around it: datagrams, messages and the time go in, datagrams, messages and
 * events come out. It opens nothing and reads no clock, so it runs in a test in virtual time as it does in production;
 * `createServer` and `Room` put sockets around it.
 *
 * @example
 * ```ts
 * import { PacketPool, portableCiphers, Sfu, silentLogger } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const sfu = new Sfu({
 *   random: { fill: (bytes) => crypto.getRandomValues(bytes) },
 *   ciphers: portableCiphers(),
 *   pool: new PacketPool(),
 *   fingerprint: "AB:".repeat(31) + "AB",
 *   candidates: () => [],
 *   limits: { maxRoomMembers: 25, maxRooms: 10, maxChatHistory: 100 },
 *   unixOriginMs: Date.now(),
 *   e2ee: { required: false, joinTimeoutMs: 0 },
 *   logger: silentLogger,
 * });
 * sfu.local.addParticipant("daily", { id: crypto.randomUUID() }, 0);
 * assertEquals(sfu.snapshot(0).rooms[0]?.participants.length, 1);
 * ```
 *
 * @module
 */
export { SfuServer, type SfuServerOptions } from "./src/io/api/sfu_server.ts";
export { Sfu } from "./src/sfu/sfu.ts";
export type { SfuLimits, SfuOptions } from "./src/sfu/core.ts";
export type { Grant } from "./src/sfu/member.ts";
export type { LocalMedia, LocalParticipant, LocalRefusal } from "./src/sfu/local_media.ts";
export type { HeardPacket, HearPacket, LocalListener } from "./src/sfu/local_listener.ts";
export type { LocalCodec, LocalPacket, LocalTrack } from "./src/sfu/local_track.ts";
export { DatagramBatch } from "./src/sfu/outbox.ts";
export type { LoadChange, MembershipChange, SfuOutput } from "./src/sfu/outputs.ts";
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
export type { RoomEvent } from "./src/room/room_events.ts";
export type { TrackSource } from "./src/room/track_source.ts";
export { PacketPool, PooledPacket } from "./src/base/packet_pool.ts";
export { type LogFields, type Logger, type LogLevel, silentLogger } from "./src/base/log.ts";
export { portableCiphers } from "./src/io/portable_cipher.ts";
export type { RandomSource } from "./src/base/random.ts";
export type { CipherProvider, PacketCipher, SrtpProfile } from "./src/transport/cipher_provider.ts";
export type { Candidate } from "./src/sdp/candidate.ts";
export type { DtlsConnected, DtlsEvent, Fingerprint } from "./src/transport/dtls_port.ts";
export { Path } from "./src/transport/path.ts";
export type { ConnectionId, ParticipantId, PeerId, RoomId } from "./src/base/ids.ts";
export type { CloseReason } from "./src/signaling/errors.ts";
export type { Millis } from "./src/base/time.ts";
export type * from "./src/signaling/messages.ts";
export type * from "./src/signaling/quality_messages.ts";
export type { RtpView } from "./src/rtp/rtp_view.ts";
export type { SrtpKeys } from "./src/transport/srtp_session.ts";
