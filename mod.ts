/**
 * seameet: video meetings as a library and a server, in one package for Deno.
 *
 * Run as a program it is the command line: `deno run -A jsr:@seameet/cli serve`.
 *
 * @example A server inside an application
 * ```ts
 * import { createServer } from "@seameet/cli";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * console.log(`Listening on port ${server.wsAddress.port}`);
 * ```
 *
 * @module
 */
export * from "./server.ts";
export { type AddBotOptions, type AddParticipantOptions, Room } from "./src/io/room/room.ts";
export type { AddMembershipOptions } from "./src/io/room/outside_membership.ts";
export type { AcceptedFrom } from "./src/io/room/accepted_connection.ts";
export type { AudioEncoderSettings, RoomCodecs, VideoEncoderSettings } from "./src/io/room/codec_set.ts";
export type { AudioInput, AudioSource, VideoInput, VideoSource } from "./src/io/room/media_source.ts";
export type { PublishAudioOptions, PublishVideoOptions } from "./src/io/room/publications.ts";
export { PeerConnection, type PeerConnectionOptions, type TrackDirection } from "./src/io/api/peer_connection.ts";
export { Peer, type PeerOptions } from "./src/io/api/peer.ts";
export type { OutgoingRtp, PeerEvent, PeerPacket } from "./src/io/api/peer_events.ts";
export { RoomBot } from "./src/io/room/room_bot.ts";
export type { RoomMediaOptions, RoomOptions } from "./src/io/room/room_options.ts";
export { RoomPeer, type RoomPeerMessage } from "./src/io/room/room_peer.ts";
export { RoomParticipant } from "./src/io/room/room_participant.ts";
export type { OnPacket, PacketFeed, StreamClock } from "./src/io/room/packet_ports.ts";
export { recordRoom, type RecordRoomOptions, type RoomRecording } from "./src/io/room/record_room.ts";
export type { RoomRecorderStats } from "./src/io/recording/room_recorder.ts";
export { RemoteParticipant } from "./src/io/room/remote_participant.ts";
export { wavSource, type WavSourceOptions } from "./src/io/room/wav_source.ts";
export { joinRoom, type JoinRoomOptions, type MembershipEvent, RoomMembership } from "./src/io/room/room_membership.ts";
export { participantId, randomParticipantId } from "./src/io/participant_ids.ts";
export { type TransportListener, WsListener } from "./src/io/ws_listener.ts";
export {
  type SignalingBackend,
  type SignalingClose,
  WsSignaling,
  type WsSignalingOptions,
} from "./src/io/peer/ws_signaling.ts";
export { TrackHandle, type TrackHandleActions } from "./src/io/room/track_handle.ts";
export type { MediaKind, VideoTrackKind } from "./src/room/track_source.ts";
export type { TrackId } from "./src/base/ids.ts";
export * from "./src/processing/mod.ts";

if (import.meta.main) {
  const { main } = await import("./cli.ts");
  await main(Deno.args);
}
