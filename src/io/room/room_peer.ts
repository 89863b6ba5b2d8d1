import { SeaMeetError } from "../../base/errors.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import { decodeServerMessage } from "../../signaling/decode_server.ts";
import type { ClientMessage, OfferedTrack, ServerMessage } from "../../signaling/messages.ts";
import { EventHub, type EventStream } from "../event_hub.ts";
import { DEFAULT_PERMISSIONS } from "../hooks.ts";
import type { SfuHost } from "../sfu_host.ts";

/** What a peer needs of its room. */
export interface RoomPeerOptions {
  readonly host: SfuHost;
  readonly roomId: RoomId;
  /** Under which the core knows it. */
  readonly connection: ConnectionId;
  readonly participant: ParticipantId;
  readonly displayName: string | undefined;
}

/** What such a participant may say; joining, leaving and offers have methods of their own. */
export type RoomPeerMessage = Exclude<ClientMessage, { type: "join" | "leave" | "offer" | "ice_candidate" }>;

/**
 * A participant whose signaling is the application's own: it brings the offers here and the answers back.
 *
 * The other side must be able to be the DTLS client and to reach the room's media port; its own candidates are not
 * needed. What the room would tell a client otherwise comes out of `messages()`.
 *
 * @example
 * ```ts
 * import { Room } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using room = new Room({ mediaAddresses: ["127.0.0.1"], udpPort: 0 });
 * using peer = await room.addPeer({ name: "Camera 7" });
 * // The application carries the offer here and this answer back: `await peer.acceptOffer(sdp)`.
 * assertEquals(room.participant(peer.participantId).displayName, "Camera 7");
 * ```
 */
export class RoomPeer {
  /** The participant's id. */
  readonly participantId: ParticipantId;
  readonly #options: RoomPeerOptions;
  readonly #messages: EventHub<ServerMessage> = new EventHub();
  #answer: PromiseWithResolvers<string> | undefined;
  #closed = false;

  /** Made by `Room.addPeer`. */
  constructor(options: RoomPeerOptions) {
    this.#options = options;
    this.participantId = options.participant;
    const { host, roomId, connection, participant, displayName } = options;
    host.addConnection({ id: connection, send: (text) => this.#take(text), close: () => this.close() });
    host.join(
      connection,
      { type: "join", participant, room_id: roomId, capabilities: ["track_map"] },
      { permissions: DEFAULT_PERMISSIONS, ownsParticipant: false, displayName },
    );
  }

  /**
   * Answers an offer, the first one or a later one.
   *
   * @param tracks What the offer's sending lines are; by default the first audio line is the microphone, the first
   * video line the camera.
   * @throws {SeaMeetError} `peer_connection` when the offer cannot be used, `closed` when the peer has gone
   */
  acceptOffer(sdp: string, tracks: readonly OfferedTrack[] = ownTracks(sdp)): Promise<string> {
    if (this.#closed) return Promise.reject(new SeaMeetError("closed", "This participant has left the room"));
    if (this.#answer !== undefined) {
      return Promise.reject(new SeaMeetError("peer_connection", "An offer is being answered"));
    }
    const answer = this.#answer = Promise.withResolvers<string>();
    const { host, roomId: room_id, connection, participant: from } = this.#options;
    host.message(connection, { type: "offer", from, room_id, sdp, tracks: [...tracks] });
    host.flush();
    return answer.promise.finally(() => this.#answer = undefined);
  }

  /** Takes a candidate of the other side, which is not needed: it checks towards us, and that shows where it is. */
  addIceCandidate(_candidate: string): void {}

  /**
   * Says something as this participant: a mute, a line of chat, that a screen share has started. Refusals come out of
   * `messages()`; returns whether it was taken.
   */
  send(message: RoomPeerMessage): boolean {
    if (this.#closed) return false;
    return this.#options.host.message(this.#options.connection, message) ?? false;
  }

  /** What the room tells this participant: members, whose track is on which line, wishes for more lines. */
  messages(): EventStream<ServerMessage> {
    return this.#messages.subscribe();
  }

  /** Leaves. Any number of times. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#answer?.reject(new SeaMeetError("closed", "This participant has left the room"));
    this.#messages.close();
    this.#options.host.removeConnection(this.#options.connection);
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #take(text: string): void {
    const message = decodeServerMessage(text);
    if (message === undefined) return;
    if (message.type === "answer") this.#answer?.resolve(message.sdp);
    else if (message.type === "error" && message.request === "offer") {
      this.#answer?.reject(new SeaMeetError("peer_connection", message.message));
    }
    this.#messages.emit(message);
  }
}

/** The first lines of each kind that send. */
function ownTracks(sdp: string): OfferedTrack[] {
  const tracks: OfferedTrack[] = [];
  for (const section of sdp.split(/^(?=m=)/m).slice(1)) {
    const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
    const sends = !/^a=(recvonly|inactive)/m.test(section);
    const source = section.startsWith("m=audio") ? "microphone" : section.startsWith("m=video") ? "camera" : undefined;
    if (mid === undefined || source === undefined || !sends) continue;
    if (!tracks.some((track) => track.source === source)) tracks.push({ mid, source });
  }
  return tracks;
}
