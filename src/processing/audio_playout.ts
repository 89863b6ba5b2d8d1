import { distance32 } from "../base/sequence.ts";
import { type Millis, NEVER } from "../base/time.ts";
import type { InboundPacket } from "./depacketizer.ts";
import type { AudioDecoder, PcmFrame } from "./frames.ts";
import {
  JitterBuffer,
  type JitterBufferEvent,
  type JitterBufferOptions,
  type JitterBufferStats,
} from "./jitter_buffer.ts";
import { isOpusDtx, OPUS_CLOCK_HZ, opusMayHaveFec, opusSamples } from "./opus_payload.ts";

/** A stretch of sound together with when it was said and how it was made. */
export interface PlayedFrame {
  /** The sound. */
  readonly frame: PcmFrame;
  /** Milliseconds since the first sample of the track, in steps of what was played. */
  readonly ptsMs: Millis;
  /** The RTP timestamp of its first sample. */
  readonly timestamp: number;
  /** `decoded` from its packet, `recovered` from the redundancy in the next, `concealed` (made up), or `silence`. */
  readonly origin: "decoded" | "recovered" | "concealed" | "silence";
}

/** What was played so far, in frames. */
export interface PlayoutStats {
  /** From their own packets. */
  decoded: number;
  /** From the redundancy in the next packet. */
  recovered: number;
  /** Made up. */
  concealed: number;
  /** Nothing at all: pauses, and holes too long to be made up. */
  silence: number;
  /** Frames decoded and left out because playing had fallen behind (clock drift, end of a burst of delay). */
  skipped: number;
  /** Frames made up to fall back because packets come later than they did (drift, more jitter). */
  stretched: number;
  /** Payloads that the decoder refused. */
  damaged: number;
}

/** How an `AudioPlayout` is made. */
export interface AudioPlayoutOptions extends Omit<JitterBufferOptions, "clockRateHz"> {
  /** Who decodes; closed by whoever made it. */
  readonly decoder: AudioDecoder;
  /** Milliseconds of one frame where no packet says it (default 20). */
  readonly frameMs?: number;
  /** Frames that are made up in a row before it becomes silence (default 5: 100 ms; more sounds like a robot). */
  readonly maxConcealed?: number;
}

const DEFAULT_MAX_CONCEALED = 5;
/** No packet at all for so long: the track pauses (mute, end), and playing starts afresh with the next packet. */
const IDLE_AFTER_MS = 2_000;
/** Behind or ahead of the target by more than this many frames: correct by one frame. */
const TOLERANCE_FRAMES = 1.5;
/** Falling back may leave playing this many frames behind the target: less than what is then corrected again. */
const MAX_LAG_AFTER_STRETCH = 0.75;
/** The largest step of timestamps that is played as silence; a larger one is a new timeline. */
const MAX_JUMP_MS = 5_000;
/** A caller that comes so late has stopped meanwhile: what is missed is not played after it. */
const MAX_CATCH_UP_MS = 500;

/**
 * Plays an Opus track at its own pace: each frame time one frame comes out, whatever the network did.
 *
 * A packet that is there in time is decoded. A lost one is restored from the redundancy in the next if that is there,
 * else made up, and after a few frames it is silence. How far playing stays behind the fastest packet follows the
 * measured jitter (up to `maxLateMs`); corrections, and those for a drifting clock, are made by whole frames.
 * During discontinuous transmission silence is played and nothing counts as lost.
 */
export class AudioPlayout {
  readonly #decoder: AudioDecoder;
  readonly #buffer: JitterBuffer<InboundPacket>;
  readonly #maxConcealed: number;
  /** Samples at 48 kHz of the frames that come out while no packet says otherwise. */
  #frameTicks: number;
  /** When the next frame is due; NEVER while the track has not begun or pauses. */
  #dueAt: Millis = NEVER;
  /** The RTP timestamp that is played next. */
  #position = 0;
  #ptsTicks = 0;
  #concealedInRow = 0;
  #inDtx = false;
  #lastPacketAt: Millis = 0;
  readonly #stats: PlayoutStats = {
    decoded: 0,
    recovered: 0,
    concealed: 0,
    silence: 0,
    skipped: 0,
    stretched: 0,
    damaged: 0,
  };

  constructor(options: AudioPlayoutOptions) {
    this.#decoder = options.decoder;
    this.#buffer = new JitterBuffer<InboundPacket>({ ...options, clockRateHz: OPUS_CLOCK_HZ });
    this.#maxConcealed = options.maxConcealed ?? DEFAULT_MAX_CONCEALED;
    this.#frameTicks = Math.round(((options.frameMs ?? 20) * OPUS_CLOCK_HZ) / 1000);
  }

  /** Takes a packet; its payload is kept, so it must not be a view of a pooled buffer. */
  push(packet: InboundPacket, now: Millis): void {
    if (opusSamples(packet.payload) === 0) return;
    if (this.#dueAt === NEVER) this.#buffer.forgetDelay();
    this.#buffer.push(packet, now);
    this.#lastPacketAt = now;
    if (this.#dueAt === NEVER) this.#start(now);
  }

  /** The next frame that is due by now; call until `undefined`. */
  poll(now: Millis): PlayedFrame | undefined {
    if (now < this.#dueAt) return undefined;
    if (now - this.#dueAt > MAX_CATCH_UP_MS) this.#jump(now);
    if (this.#buffer.size === 0 && now - this.#lastPacketAt > IDLE_AFTER_MS) {
      this.#dueAt = NEVER;
      return undefined;
    }
    this.#correct();
    const head = this.#headInTime();
    return head === undefined ? this.#fill() : this.#play(head);
  }

  /** When the next frame is due. */
  nextTimeout(): Millis {
    return this.#dueAt;
  }

  /** Counts of packets. */
  get packets(): JitterBufferStats {
    return this.#buffer.stats;
  }

  /** Counts of frames. */
  get stats(): Readonly<PlayoutStats> {
    return this.#stats;
  }

  /** How far playing stays behind the fastest packet now. */
  get targetDelayMs(): Millis {
    return this.#buffer.targetDelayMs;
  }

  /** Packets that were given up since the last call. */
  takeEvents(): JitterBufferEvent[] {
    return this.#buffer.takeEvents();
  }

  #start(now: Millis): void {
    const head = this.#buffer.head;
    if (head === undefined) return;
    this.#position = head.timestamp;
    this.#dueAt = now + this.#buffer.targetDelayMs;
    this.#concealedInRow = 0;
    this.#inDtx = false;
  }

  /** Moves the timeline on without playing what was missed. */
  #jump(now: Millis): void {
    const ticks = Math.round(((now - this.#dueAt) * OPUS_CLOCK_HZ) / 1000);
    this.#position = (this.#position + ticks) >>> 0;
    this.#ptsTicks += ticks;
    this.#dueAt = now;
  }

  /** How many frames playing is too late (positive) or too early (negative) against the target. */
  #lagFrames(): number {
    const arrival = this.#buffer.arrivalOf(this.#position);
    if (arrival === undefined) return 0;
    const lagMs = this.#dueAt - (arrival + this.#buffer.targetDelayMs);
    return (lagMs * OPUS_CLOCK_HZ) / 1000 / this.#frameTicks;
  }

  /** Brings playing back to the target by one frame, where something is left to be played after it. */
  #correct(): void {
    const head = this.#buffer.head;
    const lag = this.#lagFrames();
    if (head === undefined || lag < TOLERANCE_FRAMES) return;
    const ahead = distance32(this.#position, head.timestamp) / this.#frameTicks;
    if (ahead >= 1 && this.#buffer.missing === 0) {
      // The sender paused before `head`, and what came before it came late: that pause need not be played in full.
      this.#position = (this.#position + Math.floor(Math.min(ahead, lag)) * this.#frameTicks) >>> 0;
      return;
    }
    if (this.#buffer.size < 2 || distance32(this.#position, head.timestamp) !== 0) {
      // In a pause of the speaker nothing is heard of it: simply go on to where playing should be.
      if (!this.#inDtx) return;
      this.#position = (this.#position + this.#frameTicks) >>> 0;
      return;
    }
    const skipped = this.#buffer.take()!;
    this.#decode(skipped);
    this.#position = (skipped.timestamp + opusSamples(skipped.payload)) >>> 0;
    this.#stats.skipped++;
  }

  /** The packet for the current position, after throwing away what is too late for it. */
  #headInTime(): InboundPacket | undefined {
    for (;;) {
      const head = this.#buffer.head;
      if (head === undefined) return undefined;
      const ahead = distance32(this.#position, head.timestamp);
      const jumpMs = (Math.abs(ahead) * 1000) / OPUS_CLOCK_HZ;
      if (jumpMs > MAX_JUMP_MS) {
        this.#position = head.timestamp;
        return head;
      }
      if (ahead === 0) return head;
      if (ahead > 0) return ahead < this.#frameTicks && this.#buffer.missing === 0 ? head : undefined;
      // Its time was filled already. Where packets now come later, fall back and play it; else it is too late.
      if (this.#lagFrames() <= ahead / this.#frameTicks + MAX_LAG_AFTER_STRETCH) {
        this.#position = head.timestamp;
        this.#stats.stretched++;
        return head;
      }
      this.#buffer.discardLate();
    }
  }

  #play(head: InboundPacket): PlayedFrame {
    this.#buffer.take();
    const ticks = opusSamples(head.payload);
    this.#frameTicks = ticks;
    this.#inDtx = isOpusDtx(head.payload);
    const frame = this.#decode(head);
    this.#position = head.timestamp;
    if (frame === undefined) return this.#conceal(ticks);
    this.#concealedInRow = 0;
    return this.#advance(frame, ticks, "decoded");
  }

  /** No packet for this frame time: restore, make up, or be silent. */
  #fill(): PlayedFrame {
    const next = this.#buffer.head;
    const missing = this.#buffer.missing;
    if (this.#inDtx && missing === 0) return this.#silence();
    if (next !== undefined && missing > 0) {
      // The packets between are lost; of those only the last can be restored, from the one that follows it.
      const isLast = distance32(this.#position, next.timestamp) <= this.#frameTicks;
      this.#buffer.giveUp(isLast ? missing : Math.min(1, missing - 1));
      if (isLast && opusMayHaveFec(next.payload)) return this.#recover(next);
    }
    return this.#conceal(this.#frameTicks);
  }

  #recover(next: InboundPacket): PlayedFrame {
    const ticks = this.#frameTicks;
    try {
      const frame = this.#decoder.recover({ data: ownBytes(next.payload) }, this.#samplesOf(ticks));
      this.#concealedInRow = 0;
      return this.#advance(frame, ticks, "recovered");
    } catch {
      this.#stats.damaged++;
      return this.#conceal(ticks);
    }
  }

  #conceal(ticks: number): PlayedFrame {
    if (this.#concealedInRow >= this.#maxConcealed) return this.#silence();
    this.#concealedInRow++;
    try {
      return this.#advance(this.#decoder.conceal(this.#samplesOf(ticks)), ticks, "concealed");
    } catch {
      return this.#silence();
    }
  }

  #silence(): PlayedFrame {
    const { sampleRate, channels } = this.#decoder;
    const samples = new Float32Array(this.#samplesOf(this.#frameTicks) * channels);
    return this.#advance({ samples, sampleRate, channels }, this.#frameTicks, "silence");
  }

  #decode(packet: InboundPacket): PcmFrame | undefined {
    try {
      return this.#decoder.decode({ data: ownBytes(packet.payload) });
    } catch {
      // Whatever a peer sends must not end the track: the frame is made up instead.
      this.#stats.damaged++;
      return undefined;
    }
  }

  #advance(frame: PcmFrame, ticks: number, origin: PlayedFrame["origin"]): PlayedFrame {
    const ptsMs = (this.#ptsTicks * 1000) / OPUS_CLOCK_HZ;
    const timestamp = this.#position;
    this.#ptsTicks += ticks;
    this.#position = (timestamp + ticks) >>> 0;
    this.#dueAt += (ticks * 1000) / OPUS_CLOCK_HZ;
    this.#stats[origin]++;
    return { frame, ptsMs, timestamp, origin };
  }

  #samplesOf(ticks: number): number {
    return Math.round((ticks * this.#decoder.sampleRate) / OPUS_CLOCK_HZ);
  }
}

/** The payload as the decoder wants it: a view of an ordinary buffer. */
function ownBytes(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return payload.buffer instanceof ArrayBuffer
    ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    : new Uint8Array(payload);
}
