import { opusSamples } from "./opus_payload.ts";
import type { OutboundPacket } from "./outbound_packet.ts";
import { Vp8Packetizer } from "./vp8_packetizer.ts";

/** What was sent so far. */
export interface RtpSenderStats {
  /** Payload bytes. */
  readonly bytesSent: number;
  /** Packets. */
  readonly packetsSent: number;
}

/**
 * Numbers encoded sound and pictures of one participant into RTP packets: one counter for each medium, Opus one packet
 * a frame, VP8 cut as RFC 7741 says. Timestamps are the caller's.
 *
 * @example
 * ```ts
 * import { RtpSender } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes: number[] = [];
 * const sender = new RtpSender({ onPacket: (_medium, packet) => sizes.push(packet.payload.length) });
 * sender.sendAudio(Uint8Array.of(0xf8, 0xff, 0xfe), 960);
 * sender.sendVideo(new Uint8Array(2_000), 3_000);
 * assertEquals([sizes, sender.stats.packetsSent], [[3, 1_004, 1_004], 3]);
 * ```
 */
export class RtpSender {
  /** Somebody needs a keyframe; the encoder's owner sets it back. */
  keyframeRequested = false;
  readonly #onPacket: (medium: "audio" | "video", packet: OutboundPacket) => void;
  readonly #video: Vp8Packetizer;
  #audioSequence: number;
  #bytesSent = 0;
  #packetsSent = 0;

  /** `start` is the first number of both counters (default 0); random in a session (RFC 3550 section 5.1). */
  constructor(
    options: {
      readonly onPacket: (medium: "audio" | "video", packet: OutboundPacket) => void;
      readonly start?: number;
    },
  ) {
    this.#onPacket = options.onPacket;
    this.#audioSequence = (options.start ?? 0) & 0xffff;
    this.#video = new Vp8Packetizer({ sequenceNumber: this.#audioSequence });
  }

  /** Sends one Opus frame; `false` for bytes that are no Opus. */
  sendAudio(payload: Uint8Array<ArrayBuffer>, timestamp: number, marker: boolean = false): boolean {
    if (opusSamples(payload) === 0) return false;
    this.#send("audio", { sequenceNumber: this.#audioSequence, timestamp: timestamp >>> 0, marker, payload });
    this.#audioSequence = (this.#audioSequence + 1) & 0xffff;
    return true;
  }

  /** Sends one VP8 picture in as many packets as it needs. */
  sendVideo(picture: Uint8Array<ArrayBuffer>, timestamp: number): void {
    for (const packet of this.#video.packetize({ data: picture }, timestamp >>> 0)) this.#send("video", packet);
  }

  /** Sends 20 ms of silence: the shortest Opus frame there is. */
  sendSilence(timestamp: number): void {
    this.sendAudio(Uint8Array.of(0xf8, 0xff, 0xfe), timestamp);
  }

  /** What was sent so far. */
  get stats(): RtpSenderStats {
    return { bytesSent: this.#bytesSent, packetsSent: this.#packetsSent };
  }

  #send(medium: "audio" | "video", packet: OutboundPacket): void {
    this.#bytesSent += packet.payload.length;
    this.#packetsSent++;
    this.#onPacket(medium, packet);
  }
}
