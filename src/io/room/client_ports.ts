import type { ParticipantId } from "../../base/ids.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import { kindOf, type TrackSource } from "../../room/track_source.ts";
import type { LocalCodec, LocalPacket } from "../../sfu/local_track.ts";
import type { MappedTrack } from "../../signaling/messages.ts";
import type { ReceivedRtp } from "../peer/client_peer.ts";
import type { RoomClient } from "../peer/room_client.ts";
import type { OnPacket, PacketFeed, PacketOrigin, PacketOutlet, PacketTarget } from "./packet_ports.ts";

/** The packets of one client of another server: who listens to which track, and what is sent. */
export class ClientPackets implements PacketTarget {
  /** The client, once it has been made; its callbacks come here. */
  client: RoomClient | undefined;
  readonly #ears: Map<string, Set<OnPacket>> = new Map();
  readonly #outlets: Map<TrackSource, ClientOutlet> = new Map();

  /** Takes a packet of somebody's track; `packet` is valid during the call only. */
  receive(track: MappedTrack, packet: ReceivedRtp): void {
    const ears = this.#ears.get(keyOf(track.participant, track.source));
    if (ears === undefined) return;
    const { sequence, timestamp, marker, payload, at } = packet;
    const inbound: InboundPacket = { sequenceNumber: sequence & 0xffff, timestamp, marker, payload };
    // These are the only codecs that our offers name.
    const codec = kindOf(track.source) === "audio" ? "opus" : "VP8";
    for (const ear of ears) ear(inbound, codec, at);
  }

  /** The server wants a keyframe of a track of ours. */
  keyframeWanted(source: TrackSource): void {
    this.#outlets.get(source)?.onKeyframeWanted();
  }

  /** What one participant there sends. */
  originOf(participant: ParticipantId, encrypted: () => boolean): PacketOrigin {
    return {
      get encrypted() {
        return encrypted();
      },
      listen: (source, onPacket) => this.#listen(participant, source, onPacket),
    };
  }

  publish(source: TrackSource, _codec: LocalCodec): PacketOutlet | undefined {
    const { client } = this;
    if (client === undefined) return undefined;
    this.#outlets.get(source)?.close();
    const outlet = new ClientOutlet(client, source, () => {
      if (this.#outlets.get(source) === outlet) this.#outlets.delete(source);
    });
    this.#outlets.set(source, outlet);
    return outlet;
  }

  #listen(participant: ParticipantId, source: TrackSource, onPacket: OnPacket): PacketFeed {
    const key = keyOf(participant, source);
    const ears = this.#ears.get(key) ?? new Set();
    this.#ears.set(key, ears.add(onPacket));
    const ask = () => {
      if (source === "camera" || source === "screen") this.client?.requestKeyframe(participant, source);
    };
    ask();
    return {
      closed: false,
      requestKeyframe: ask,
      // Only for what is encoded again here, and nothing of another server is.
      clockNow: () => undefined,
      close: () => {
        ears.delete(onPacket);
        if (ears.size === 0 && this.#ears.get(key) === ears) this.#ears.delete(key);
      },
    };
  }
}

class ClientOutlet implements PacketOutlet {
  onKeyframeWanted: () => void = () => {};
  closed = false;
  readonly #client: RoomClient;
  readonly #source: TrackSource;
  readonly #onClose: () => void;

  constructor(client: RoomClient, source: TrackSource, onClose: () => void) {
    this.#client = client;
    this.#source = source;
    this.#onClose = onClose;
    if (source === "screen") client.startScreenShare();
    else client.publish(source);
  }

  /** Who gets it is known to the other server alone. */
  get wanted(): boolean {
    return !this.closed && this.#client.peer?.state === "connected";
  }

  send({ payload, timestamp, marker, audioLevel }: LocalPacket): void {
    if (!this.closed) this.#client.send(this.#source, payload, timestamp, marker, audioLevel);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#source === "screen") this.#client.stopScreenShare();
    else this.#client.unpublish(this.#source);
    this.#onClose();
  }
}

function keyOf(participant: ParticipantId, source: TrackSource): string {
  return `${participant} ${source}`;
}
