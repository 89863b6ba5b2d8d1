import type { MediaKind, TrackSource } from "../../room/track_source.ts";
import { kindOf } from "../../room/track_source.ts";
import type { LocalPacket } from "../../sfu/local_track.ts";
import type { OnPacket, PacketFeed, PacketOrigin, PacketOutlet, PacketTarget } from "../room/packet_ports.ts";
import type { PeerConnection } from "./peer_connection.ts";

/** The packets of a `PeerConnection` as those of one participant: a sound and a picture each way. */
export class PeerPorts implements PacketOrigin, PacketTarget {
  readonly encrypted = false;
  readonly #connection: PeerConnection;
  /** Lines by what they do. */
  readonly #lines: Map<string, string> = new Map();
  readonly #kinds: Map<string, MediaKind> = new Map();
  readonly #outlets: Map<string, PeerOutlet> = new Map();
  #over = false;

  constructor(connection: PeerConnection) {
    this.#connection = connection;
    connection.observe((event) => {
      if (event.type === "mediaAdded") {
        this.#lines.set(`${event.direction} ${event.kind}`, event.mid);
        if (event.direction === "receive") this.#kinds.set(event.mid, event.kind);
      } else if (event.type === "keyframeRequest") this.#outlets.get("video")?.onKeyframeWanted();
      else if (event.type === "disconnected") this.#over = true;
    });
  }

  listen(source: TrackSource, onPacket: OnPacket): PacketFeed {
    const kind = kindOf(source);
    const stop = this.#connection.observe((event) => {
      if (event.type !== "rtpReceived" || this.#kinds.get(event.mid) !== kind) return;
      onPacket(event.packet, event.packet.codec, performance.now());
    });
    let closed = false;
    const isOver = () => closed || this.#over;
    return {
      get closed() {
        return isOver();
      },
      requestKeyframe: () => {
        const mid = this.#lines.get(`receive ${kind}`);
        if (mid !== undefined) this.#connection.requestKeyframe(mid);
      },
      clockNow: () => undefined,
      close: () => {
        closed = true;
        stop();
      },
    };
  }

  publish(source: TrackSource): PacketOutlet {
    const kind = kindOf(source);
    const outlet = new PeerOutlet((packet) => {
      const mid = this.#lines.get(`send ${kind}`);
      if (mid !== undefined) this.#connection.writeRtp({ ...packetFields(packet), mid });
    }, () => this.#over);
    this.#outlets.set(kind, outlet);
    return outlet;
  }
}

class PeerOutlet implements PacketOutlet {
  onKeyframeWanted: () => void = () => {};
  /** Nobody says whether the other side listens. */
  readonly wanted = true;
  readonly #send: (packet: LocalPacket) => void;
  readonly #isOver: () => boolean;
  #closed = false;

  constructor(send: (packet: LocalPacket) => void, isOver: () => boolean) {
    this.#send = send;
    this.#isOver = isOver;
  }

  get closed(): boolean {
    return this.#closed || this.#isOver();
  }

  send(packet: LocalPacket): void {
    if (!this.closed) this.#send(packet);
  }

  close(): void {
    this.#closed = true;
  }
}

function packetFields({ payload, timestamp, marker, audioLevel }: LocalPacket) {
  return { payload, timestamp, marker, ...(audioLevel === undefined ? {} : { audioLevel }) };
}
