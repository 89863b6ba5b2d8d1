import type { ParticipantId } from "../../base/ids.ts";
import type { MappedTrack, OfferedTrack, TrackSource } from "../../signaling/messages.ts";
import type { ClientPeer, ClientPeerState, ReceivedRtp } from "./client_peer.ts";
import type { ClientIdentity } from "./dtls_client.ts";
import type { PeerNetwork } from "./peer_network.ts";

/** Pairs of m-lines added at once at most: the size of the largest room, whatever a server asks for. */
const MAX_PAIRS_AT_ONCE = 100;

/** What a client's media path tells its owner. */
export interface RoomMediaEvents {
  /** An offer is to be sent. */
  offer(sdp: string, tracks: OfferedTrack[]): void;
  state(state: ClientPeerState, error: string | undefined): void;
  rtp(track: MappedTrack, packet: ReceivedRtp): void;
  keyframeRequest(source: TrackSource): void;
}

/**
 * The media path of one room: which own track is on which m-line, room for those of others, one offer at a time.
 *
 * Lives as long as the session, or the path itself.
 */
export class RoomMedia {
  readonly peer: ClientPeer;
  readonly #events: RoomMediaEvents;
  readonly #own = new Map<TrackSource, string>();
  #map = new Map<string, MappedTrack>();
  #awaitingAnswer = false;
  #offerAgain = false;
  #lastOffer: { readonly sdp: string; readonly tracks: OfferedTrack[] } | undefined;
  /** The next offer looks for another path. */
  #searches = false;
  #closed = false;

  constructor(network: PeerNetwork, identity: ClientIdentity | undefined, events: RoomMediaEvents) {
    this.#events = events;
    this.peer = network.createPeer(identity);
    this.peer.onState = (state) => {
      if (!this.#closed) events.state(state, this.peer.error);
    };
    this.peer.onRtp = (mid, packet) => {
      const track = this.#map.get(mid);
      if (track !== undefined) events.rtp(track, packet);
    };
    this.peer.onKeyframeRequest = (mid) => {
      for (const [source, line] of this.#own) if (line === mid) events.keyframeRequest(source);
    };
  }

  /** Whose track is on which m-line now. */
  get tracks(): readonly MappedTrack[] {
    return [...this.#map.values()];
  }

  /** Says whether the path is there, or may come yet. */
  get isAlive(): boolean {
    return !this.#closed && this.peer.state !== "failed" && this.peer.state !== "closed";
  }

  /** The connection to the server is another one: repeats the offer that is still open, then looks for a new path. */
  resume(): void {
    // What was not there before the loss is being looked for already.
    this.#searches = this.peer.state === "connected";
    if (this.#awaitingAnswer && this.#lastOffer !== undefined) {
      this.#offerAgain ||= this.#searches;
      this.#events.offer(this.#lastOffer.sdp, this.#lastOffer.tracks);
    } else if (this.#searches) this.#offer();
  }

  /** Adds own tracks and pairs of lines for those of others, then offers. */
  start(sources: readonly TrackSource[], pairs: number): void {
    for (const source of sources) this.#addOwn(source);
    this.#addPairs(pairs);
    this.#offer();
  }

  /** Adds an own track. */
  publish(source: TrackSource): void {
    if (this.#own.has(source)) return;
    this.#addOwn(source);
    this.#offer();
  }

  /** Takes an own track away. */
  unpublish(source: TrackSource): void {
    const mid = this.#own.get(source);
    if (mid === undefined) return;
    this.#own.delete(source);
    this.peer.setDirection(mid, "inactive");
    this.#offer();
  }

  /** More people came than there are lines. */
  needSlots(count: number): void {
    this.#addPairs(Math.min(count, MAX_PAIRS_AT_ONCE));
    this.#offer();
  }

  /** Takes the answer; @throws {SeaMeetError} `peer_connection` when it cannot be used. */
  answered(sdp: string): void {
    this.#awaitingAnswer = false;
    this.peer.acceptAnswer(sdp);
    if (this.#offerAgain) this.#offer();
  }

  /** The offer was refused: what was before goes on. */
  refused(): void {
    this.#awaitingAnswer = false;
    this.#offerAgain = false;
  }

  /** Takes a `track_map`. */
  mapped(tracks: readonly MappedTrack[]): void {
    this.#map = new Map(tracks.map((track) => [track.mid, track]));
  }

  /** Sends a packet of an own track; `false` when it was not sent. */
  send(source: TrackSource, payload: Uint8Array, timestamp: number, marker: boolean, audioLevel?: number): boolean {
    const mid = this.#own.get(source);
    return mid !== undefined && this.peer.sendRtp(mid, payload, timestamp, marker, audioLevel);
  }

  /** Asks for a keyframe of somebody's track. */
  requestKeyframe(participant: ParticipantId, source: TrackSource): void {
    for (const track of this.#map.values()) {
      if (track.participant === participant && track.source === source) this.peer.requestKeyframe(track.mid);
    }
  }

  /** The m-line of an own track. */
  midOf(source: TrackSource): string | undefined {
    return this.#own.get(source);
  }

  /** Ends it; no event follows. */
  close(): void {
    this.#closed = true;
    this.peer.close();
  }

  #addOwn(source: TrackSource): void {
    const kind = source === "camera" || source === "screen" ? "video" : "audio";
    const streamId = source === "microphone" || source === "camera" ? "camera" : "screen";
    this.#own.set(source, this.peer.addLine({ kind, direction: "sendonly", streamId }).mid);
  }

  #addPairs(count: number): void {
    for (let i = 0; i < count; i++) {
      this.peer.addLine({ kind: "audio", direction: "recvonly" });
      this.peer.addLine({ kind: "video", direction: "recvonly" });
    }
  }

  #offer(): void {
    if (this.#closed) return;
    this.#offerAgain = this.#awaitingAnswer;
    if (this.#awaitingAnswer || this.peer.lines.length === 0) return;
    this.#awaitingAnswer = true;
    if (this.#searches) this.peer.restartIce();
    this.#searches = false;
    const tracks = [...this.#own].map(([source, mid]) => ({ mid, source }));
    this.#lastOffer = { sdp: this.peer.createOffer(), tracks };
    this.#events.offer(this.#lastOffer.sdp, tracks);
  }
}
