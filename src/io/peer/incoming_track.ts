import { SequenceUnwrapper } from "../../base/sequence.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import { startsKeyframe } from "../../rtp/codec_frames.ts";
import type { RtpView } from "../../rtp/rtp_view.ts";
import type { AnsweredLine } from "../../sdp/offer_builder.ts";
import { KeyframeRequester } from "../../stream/keyframe_requester.ts";
import { NackGenerator } from "../../stream/nack_generator.ts";
import { Arrival, ReceiveStats } from "../../stream/receive_stats.ts";

/** What we get on one m-line: statistics, what is missing, and when to ask for a keyframe. */
export class IncomingTrack {
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly stats: ReceiveStats;
  readonly keyframes: KeyframeRequester = new KeyframeRequester();
  /** Packets that came by retransmission. */
  repaired = 0;
  /** Payload bytes received. */
  octets = 0;
  /** Asks for what is missing; only where the server can send it again. */
  readonly nack: NackGenerator | undefined;
  readonly payloadType: number;
  readonly rtxPayloadType: number;
  readonly #isVp8: boolean;
  #unwrapper = new SequenceUnwrapper();

  constructor(ssrc: number, answer: AnsweredLine) {
    const [codec] = answer.codecs;
    this.ssrc = ssrc;
    this.rtxSsrc = answer.rtxSsrc;
    this.payloadType = codec?.payloadType ?? -1;
    this.rtxPayloadType = codec?.rtxPayloadType ?? -1;
    this.stats = new ReceiveStats(ssrc, codec?.clockRateHz ?? 90_000);
    this.#isVp8 = codec?.name === "VP8";
    this.nack = answer.kind === "video" && answer.rtxSsrc !== undefined ? new NackGenerator() : undefined;
  }

  /** Takes a packet, unwrapped if it came by retransmission; answers its unwrapped number, or -1 when it makes no sense. */
  receive(view: RtpView, repaired: boolean, now: Millis): number {
    if (repaired) this.repaired++;
    else {
      const arrival = this.stats.update(view.sequenceNumber, view.timestamp, now);
      if (arrival === Arrival.suspicious) return -1;
      if (arrival === Arrival.restarted) {
        this.#unwrapper = new SequenceUnwrapper();
        this.nack?.reset();
      }
    }
    const sequence = this.#unwrapper.unwrap(view.sequenceNumber);
    this.octets += view.payloadLength;
    this.nack?.received(sequence, now);
    if (this.#isVp8 && startsKeyframe("VP8", view.bytes, view.payloadOffset, view.payloadLength)) {
      this.keyframes.keyframeReceived(now);
      this.nack?.clearBefore(sequence);
    }
    if (this.nack?.takeKeyframeNeeded()) this.keyframes.request(now);
    return sequence;
  }

  /** When something is to be asked for. */
  nextTimeout(): Millis {
    return Math.min(this.keyframes.nextTimeout(), this.nack?.nextTimeout() ?? NEVER);
  }
}
