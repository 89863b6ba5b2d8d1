import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { HeardPacket } from "../../sfu/local_listener.ts";
import type { LocalCodec, LocalPacket, LocalTrack } from "../../sfu/local_track.ts";
import type { SfuHost } from "../sfu_host.ts";
import type { OnPacket, PacketFeed, PacketOrigin, PacketOutlet, PacketTarget } from "./packet_ports.ts";

/** The media of one member of a room in the core of this thread: both what it sends and what is sent in its name. */
export class CorePorts implements PacketOrigin, PacketTarget {
  readonly #host: SfuHost;
  readonly #roomId: RoomId;
  readonly #participant: ParticipantId;

  constructor(host: SfuHost, roomId: RoomId, participant: ParticipantId) {
    this.#host = host;
    this.#roomId = roomId;
    this.#participant = participant;
  }

  get encrypted(): boolean {
    return this.#host.inside((sfu) => sfu.local.isEncrypted(this.#roomId, this.#participant)) ?? false;
  }

  listen(source: TrackSource, onPacket: OnPacket, asOthers: boolean = false): PacketFeed | undefined {
    const host = this.#host;
    const packet: { -readonly [Key in keyof InboundPacket]: InboundPacket[Key] } = {
      sequenceNumber: 0,
      timestamp: 0,
      marker: false,
      payload: new Uint8Array(0),
    };
    const hear = ({ view, codec }: HeardPacket, now: number) => {
      packet.sequenceNumber = view.sequenceNumber;
      packet.timestamp = view.timestamp;
      packet.marker = view.marker;
      packet.payload = view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength);
      onPacket(packet, codec, now);
    };
    const listener = host.inside((sfu, now) =>
      sfu.local.listen(this.#roomId, this.#participant, source, hear, now, asOthers)
    );
    if (listener === undefined) return undefined;
    return {
      get closed() {
        return listener.closed;
      },
      requestKeyframe: () => void host.inside((_, now) => listener.requestKeyframe(now)),
      clockNow: () => host.inside((_, now) => listener.senderReport(now)),
      close: () => void host.inside((_, now) => listener.close(now)),
    };
  }

  publish(source: TrackSource, codec: LocalCodec): PacketOutlet | undefined {
    const track = this.#host.inside((sfu, now) =>
      sfu.local.publish(this.#roomId, this.#participant, source, codec, now)
    );
    return track === undefined ? undefined : new CoreOutlet(this.#host, track);
  }

  /** Keeps sources from the others, who get what is published in their place. */
  divert(source: TrackSource, diverted: boolean): void {
    this.#host.inside((sfu, now) => sfu.local.divert(this.#roomId, this.#participant, source, diverted, now));
  }
}

class CoreOutlet implements PacketOutlet {
  readonly #host: SfuHost;
  readonly #track: LocalTrack;

  constructor(host: SfuHost, track: LocalTrack) {
    this.#host = host;
    this.#track = track;
  }

  set onKeyframeWanted(listener: () => void) {
    this.#track.onKeyframeWanted = listener;
  }

  get wanted(): boolean {
    return this.#track.wanted;
  }

  get closed(): boolean {
    return this.#track.closed;
  }

  send(packet: LocalPacket): void {
    this.#host.inside((_, now) => this.#track.send(packet, now));
  }

  close(): void {
    this.#host.inside((_, now) => this.#track.close(now));
  }
}
