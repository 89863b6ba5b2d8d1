import { silentLogger } from "../../base/log.ts";
import type { Direction } from "../../sdp/session_description.ts";
import { chooseEngine } from "../native/choose_engine.ts";
import type { ClientPeer } from "../peer/client_peer.ts";
import { PeerNetwork } from "../peer/peer_network.ts";
import type { PeerConnectionOptions } from "./peer_connection.ts";
import type { OutgoingRtp, PeerEvent, PeerSide } from "./peer_events.ts";

/** The side that offers: our client engine towards a media server. */
export class OfferingSide implements PeerSide {
  readonly #network: PeerNetwork;
  readonly #peer: ClientPeer;
  readonly #emit: (event: PeerEvent) => void;
  readonly #announced: Set<string> = new Set();
  /** Candidates that came before the answer. */
  #early: string[] = [];
  #answered = false;

  private constructor(network: PeerNetwork, emit: (event: PeerEvent) => void) {
    this.#network = network;
    this.#emit = emit;
    const peer = this.#peer = network.createPeer();
    peer.onState = (state) => {
      if (state === "connected") emit({ type: "connected" });
      else if (state === "failed" || state === "closed") emit({ type: "disconnected", reason: peer.error ?? state });
    };
    peer.onRtp = (mid, { payload, sequence: sequenceNumber, timestamp, marker }) => {
      // Our offers name these two and no other.
      const codec = peer.lines.find((line) => line.mid === mid)?.kind === "audio" ? "opus" : "VP8";
      emit({
        type: "rtpReceived",
        mid,
        packet: { payload: payload.slice(), sequenceNumber, timestamp, marker, codec },
      });
    };
    peer.onKeyframeRequest = (mid) => emit({ type: "keyframeRequest", mid });
  }

  static async open(options: PeerConnectionOptions, emit: (event: PeerEvent) => void): Promise<OfferingSide> {
    const logger = options.logger ?? silentLogger;
    const engine = chooseEngine(options.engine ?? "auto", logger);
    return new OfferingSide(await PeerNetwork.create({ engine, logger }), emit);
  }

  addLine(kind: "audio" | "video", direction: Direction): string {
    return this.#peer.addLine({ kind, direction }).mid;
  }

  createOffer(): string {
    return this.#peer.createOffer();
  }

  setAnswer(sdp: string): void {
    this.#peer.acceptAnswer(sdp);
    this.#answered = true;
    for (const { mid, kind, direction } of this.#peer.lines) {
      if (direction === "inactive" || this.#announced.has(mid)) continue;
      this.#announced.add(mid);
      if (direction !== "recvonly") this.#emit({ type: "mediaAdded", mid, kind, direction: "send" });
      if (direction !== "sendonly") this.#emit({ type: "mediaAdded", mid, kind, direction: "receive" });
    }
    for (const candidate of this.#early.splice(0)) this.#peer.addCandidate(candidate);
  }

  addIceCandidate(candidate: string): void {
    if (this.#answered) this.#peer.addCandidate(candidate);
    else if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
  }

  writeRtp({ mid, payload, timestamp, marker, audioLevel }: OutgoingRtp): boolean {
    return this.#peer.sendRtp(mid, payload, timestamp, marker, audioLevel);
  }

  requestKeyframe(mid: string): void {
    this.#peer.requestKeyframe(mid);
  }

  async close(): Promise<void> {
    this.#peer.close();
    await this.#network.close();
  }
}

/** More than the paths that are tried. */
const MAX_EARLY_CANDIDATES = 32;
