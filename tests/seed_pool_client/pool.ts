/**
 * How the seed's client decides which received track belongs to which participant.
 *
 * Nothing on the wire says it; the client keeps a pool of transceiver pairs and hands them out in a fixed order. Written
 * from the protocol's description alone and without a line of the server's code, which has to come to the same answers.
 */

/** One audio and one video transceiver that belong together. */
export interface Pair {
  readonly audio: RTCRtpTransceiver;
  readonly video: RTCRtpTransceiver;
}

/** A remote participant and the pair that carries its media. */
export interface Peer {
  readonly id: string;
  name: string;
  readonly pair: Pair;
  screen: RTCRtpTransceiver | undefined;
  videoMuted: boolean;
}

/** A participant as `ready` or `room_status` names it. */
export interface Listed {
  readonly id: string;
  readonly name?: string | undefined;
  readonly videoMuted?: boolean | undefined;
}

/** The pairs nobody uses yet and the peers that have one, in the order they were added. */
export class Pool {
  readonly #free: Pair[] = [];
  readonly #peers = new Map<string, Peer>();

  /** The known peers, in the order they became known. */
  get peers(): Peer[] {
    return [...this.#peers.values()];
  }

  /** How many pairs are left. */
  get free(): number {
    return this.#free.length;
  }

  peer(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  /** New pairs go to the end. */
  append(pair: Pair): void {
    this.#free.push(pair);
  }

  /** A newly seen peer takes the pair at the front; with an empty pool it waits for the next snapshot. */
  add(listed: Listed): void {
    const pair = this.#free.shift();
    if (pair === undefined) return;
    const name = listed.name ?? listed.id;
    this.#peers.set(listed.id, {
      id: listed.id,
      name,
      pair,
      screen: undefined,
      videoMuted: listed.videoMuted ?? false,
    });
  }

  /** Applies a full snapshot of the room, without this client itself. */
  update(listed: readonly Listed[]): void {
    const present = new Set(listed.map((entry) => entry.id));
    for (const peer of this.peers) {
      if (present.has(peer.id)) continue;
      this.#peers.delete(peer.id);
      this.#free.unshift(peer.pair);
    }
    for (const entry of listed) {
      const peer = this.#peers.get(entry.id);
      if (peer === undefined) {
        this.add(entry);
      } else {
        peer.name = entry.name ?? peer.name;
        peer.videoMuted = entry.videoMuted ?? false;
      }
    }
  }

  /**
   * The transceiver on which a peer's screen arrives: the first negotiated video transceiver that nobody's camera or
   * screen uses and on which this client sends nothing. It stays in the pool.
   */
  screenTransceiver(transceivers: readonly RTCRtpTransceiver[]): RTCRtpTransceiver | undefined {
    const taken = new Set<RTCRtpTransceiver | undefined>();
    for (const peer of this.peers) taken.add(peer.pair.video).add(peer.screen);
    return transceivers.find((transceiver) =>
      transceiver.mid !== null && transceiver.receiver.track.kind === "video" && !taken.has(transceiver) &&
      transceiver.sender.track === null
    );
  }
}
