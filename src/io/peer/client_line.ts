import { randomIceString, type RandomSource, randomU32 } from "../../base/random.ts";
import type { Millis } from "../../base/time.ts";
import type { AnsweredLine } from "../../sdp/offer_builder.ts";
import type { Direction } from "../../sdp/session_description.ts";
import type { IncomingTrack } from "./incoming_track.ts";
import type { OutgoingTrack } from "./outgoing_track.ts";

/** Characters of names that only have to differ. */
export const NAME_LENGTH = 16;

/** How a line is made. */
export interface LineOptions {
  readonly kind: "audio" | "video";
  readonly direction: Direction;
  /** Name of the stream that the track belongs to; the same for what is to be played in step. */
  readonly streamId?: string;
}

/** One m-line. */
export interface ClientLine {
  readonly mid: string;
  readonly kind: "audio" | "video";
  /** What the next offer says. */
  readonly direction: Direction;
}

/** A packet that came in; valid during the call only. */
export interface ReceivedRtp {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly payloadType: number;
  readonly ssrc: number;
  /** Unwrapped. */
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** It came by retransmission. */
  readonly repaired: boolean;
  /** RFC 6464: 0 loudest … 127 silence; `undefined` when it does not say. */
  readonly audioLevel: number | undefined;
  /** When it came, on the peer's clock. */
  readonly at: Millis;
}

/** What went over one line. */
export interface LineStats {
  readonly mid: string;
  readonly kind: "audio" | "video";
  readonly sent: { readonly packets: number; readonly octets: number; readonly retransmitted: number };
  readonly received: {
    readonly packets: number;
    readonly octets: number;
    /** Missing when last looked at, after repairs by retransmission. */
    readonly lost: number;
    readonly repaired: number;
    readonly jitterMs: number;
  };
  /** Round trip to the server in milliseconds, once it has reported. */
  readonly rttMs: number | undefined;
}

/** One m-line with what flows over it. */
export class PeerLine implements ClientLine {
  readonly mid: string;
  readonly kind: "audio" | "video";
  direction: Direction;
  readonly msid: string;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  outgoing: OutgoingTrack | undefined;
  incoming: IncomingTrack | undefined;
  answer: AnsweredLine | undefined;

  constructor(mid: string, options: LineOptions, random: RandomSource) {
    this.mid = mid;
    this.kind = options.kind;
    this.direction = options.direction;
    this.msid = `${options.streamId ?? "-"} ${randomIceString(random, NAME_LENGTH).replaceAll(/[+/]/g, "x")}`;
    // 0 is no SSRC (RFC 3550 section 8.1 wants them random, and a repetition is as unlikely as two equal ones).
    this.ssrc = (randomU32(random) | 1) >>> 0;
    this.rtxSsrc = ((this.ssrc ^ 0x5bd1e996) | 1) - 1 >>> 0;
  }

  /** What went over it so far. */
  stats(): LineStats {
    const { mid, kind, outgoing, incoming } = this;
    return {
      mid,
      kind,
      sent: {
        packets: outgoing?.stats.packets ?? 0,
        octets: outgoing?.stats.octets ?? 0,
        retransmitted: outgoing?.retransmitted ?? 0,
      },
      received: {
        packets: (incoming?.stats.packets ?? 0) + (incoming?.repaired ?? 0),
        octets: incoming?.octets ?? 0,
        lost: Math.max(0, (incoming?.stats.lost ?? 0) - (incoming?.repaired ?? 0)),
        repaired: incoming?.repaired ?? 0,
        jitterMs: incoming?.stats.jitterMs ?? 0,
      },
      rttMs: outgoing?.stats.rttMs,
    };
  }
}
