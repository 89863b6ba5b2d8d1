import type { ParticipantId } from "../../base/ids.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { OfferedTrack } from "../../signaling/messages.ts";
import { CorePorts } from "../room/core_ports.ts";
import { ownHost } from "../room/own_host.ts";
import type { PacketFeed, PacketOutlet } from "../room/packet_ports.ts";
import { RoomPeer } from "../room/room_peer.ts";
import type { SfuHost } from "../sfu_host.ts";
import type { PeerConnectionOptions } from "./peer_connection.ts";
import type { OutgoingRtp, PeerEvent, PeerSide } from "./peer_events.ts";

/** The room of the two: the remote side, and this one. */
const ROOM = "peer";

/** What may come and go: one track of each. */
const SOURCES = { audio: "microphone", video: "camera" } as const;

type Source = (typeof SOURCES)[keyof typeof SOURCES];

/** One of our own tracks, and the line it goes out on. */
interface Sending {
  readonly outlet: PacketOutlet;
  mid: string | undefined;
}

/** The side that answers: a room of the engine with two members, the remote one and one that lives here. */
export class AnsweringSide implements PeerSide {
  readonly #host: SfuHost;
  readonly #emit: (event: PeerEvent) => void;
  readonly #remote: ParticipantId = crypto.randomUUID();
  readonly #own: ParticipantId = crypto.randomUUID();
  readonly #peer: RoomPeer;
  readonly #feeds: Map<string, PacketFeed> = new Map();
  readonly #sending: Map<Source, Sending> = new Map();
  #over = false;

  private constructor(host: SfuHost, emit: (event: PeerEvent) => void) {
    this.#host = host;
    this.#emit = emit;
    host.observe({ onEvent: (event) => this.#handleEvent(event), onMembership: () => {} });
    host.inside((sfu, now) => sfu.local.addParticipant(ROOM, { id: this.#own }, now));
    this.#peer = new RoomPeer({
      host,
      roomId: ROOM,
      connection: 1,
      participant: this.#remote,
      displayName: undefined,
    });
    this.#readMessages();
  }

  static async open(options: PeerConnectionOptions, emit: (event: PeerEvent) => void): Promise<AnsweringSide> {
    return new AnsweringSide(await ownHost({ ...options, maxParticipants: 2 }), emit);
  }

  async acceptOffer(sdp: string): Promise<string> {
    const lines = readLines(sdp);
    const tracks: OfferedTrack[] = [];
    for (const { mid, kind, sends } of lines) {
      const source = SOURCES[kind];
      if (sends && !tracks.some((track) => track.source === source)) tracks.push({ mid, source });
    }
    // Before the answer, so that our tracks get their lines with it.
    for (const { mid, kind, receives } of lines) {
      if (receives && !tracks.some((track) => track.mid === mid)) this.#publish(SOURCES[kind]);
    }
    const answer = await this.#peer.acceptOffer(sdp, tracks);
    for (const { mid, source } of tracks) this.#listen(mid, source);
    return answer;
  }

  addIceCandidate(candidate: string): void {
    this.#peer.addIceCandidate(candidate);
  }

  writeRtp({ mid, payload, timestamp, marker, audioLevel }: OutgoingRtp): boolean {
    const track = [...this.#sending.values()].find((sending) => sending.mid === mid);
    if (track === undefined || track.outlet.closed || this.#over) return false;
    track.outlet.send({ payload, timestamp, marker, audioLevel });
    return true;
  }

  requestKeyframe(mid: string): void {
    this.#feeds.get(mid)?.requestKeyframe();
  }

  async close(): Promise<void> {
    this.#peer.close();
    await this.#host.close();
    this.#end("closed");
  }

  #listen(mid: string, source: TrackSource): void {
    if (this.#feeds.has(mid)) return;
    const feed = new CorePorts(this.#host, ROOM, this.#remote).listen(source, (packet, codec) => {
      const { payload, sequenceNumber, timestamp, marker } = packet;
      const copy = { payload: payload.slice(), sequenceNumber, timestamp, marker, codec };
      this.#emit({ type: "rtpReceived", mid, packet: copy });
    });
    if (feed === undefined) return;
    this.#feeds.set(mid, feed);
    const kind = source === "microphone" ? "audio" : "video";
    this.#emit({ type: "mediaAdded", mid, kind, direction: "receive" });
  }

  #publish(source: Source): void {
    if (this.#sending.has(source)) return;
    const codec = source === "microphone" ? "opus" : "VP8";
    const outlet = new CorePorts(this.#host, ROOM, this.#own).publish(source, codec);
    if (outlet === undefined) return;
    const sending: Sending = { outlet, mid: undefined };
    this.#sending.set(source, sending);
    outlet.onKeyframeWanted = () => {
      if (sending.mid !== undefined) this.#emit({ type: "keyframeRequest", mid: sending.mid });
    };
    const type = source === "microphone" ? "unmute_audio" : "unmute_video";
    this.#host.inside((sfu, now) => sfu.handleLocalMessage(this.#own, { type, from: this.#own, room_id: ROOM }, now));
  }

  /** Which of our tracks goes on which line is said by the room. */
  async #readMessages(): Promise<void> {
    for await (const message of this.#peer.messages()) {
      if (message.type !== "track_map") continue;
      for (const { mid, source } of message.tracks) {
        const sending = this.#sending.get(source === "microphone" ? "microphone" : "camera");
        if (sending === undefined || sending.mid === mid) continue;
        sending.mid = mid;
        const kind = source === "microphone" ? "audio" : "video";
        this.#emit({ type: "mediaAdded", mid, kind, direction: "send" });
      }
    }
  }

  #handleEvent(event: RoomEvent): void {
    if (!("participant" in event) || event.participant !== this.#remote) return;
    if (event.type === "mediaConnected") this.#emit({ type: "connected" });
    else if (event.type === "mediaFailed") this.#end(event.reason);
    else if (event.type === "participantLeft") this.#end("closed");
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#emit({ type: "disconnected", reason });
  }
}

/** What an offer's media lines are. */
function readLines(sdp: string): { mid: string; kind: "audio" | "video"; sends: boolean; receives: boolean }[] {
  return sdp.split(/^(?=m=)/m).slice(1).flatMap((section) => {
    const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
    const kind = /^m=(audio|video) /.exec(section)?.[1];
    if (mid === undefined || (kind !== "audio" && kind !== "video")) return [];
    const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1] ?? "sendrecv";
    return [{
      mid,
      kind,
      sends: direction.startsWith("send"),
      receives: direction.endsWith("recv") || direction === "recvonly",
    }];
  });
}
