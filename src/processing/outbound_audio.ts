import { type Millis, NEVER } from "../base/time.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { AudioFifo } from "./audio_fifo.ts";
import type { AudioEncoder, PcmFrame } from "./frames.ts";
import { MediaClock } from "./media_clock.ts";
import { isOpusDtx, OPUS_CLOCK_HZ } from "./opus_payload.ts";
import { OpusPacketizer, type PacketizerStart } from "./opus_packetizer.ts";
import type { OutboundPacket } from "./outbound_packet.ts";
import { passthrough, type Processor } from "./processor.ts";
import { type ProcessorOutput, runOnAudio } from "./run_processor.ts";

/** How an `OutboundAudioPipeline` is made. */
export interface OutboundAudioOptions<Event = unknown> extends ProcessorOutput<Event> {
  /** Who encodes; it gets frames of exactly `frameMs` and is closed with the pipeline. */
  readonly encoder: AudioEncoder;
  /** What is done to the sound before (default: nothing). */
  readonly processor?: Processor<Event>;
  /** What the encoder takes: samples per second (default 48,000). */
  readonly sampleRate?: number;
  /** What the encoder takes: 1 (default) or 2. */
  readonly channels?: number;
  /** Milliseconds in one packet (default 20). */
  readonly frameMs?: number;
  /** Where numbers begin; random ones in a session (RFC 3550 section 5.1). */
  readonly start?: PacketizerStart;
  /** Sound that waits to be sent at most, in milliseconds (default 1,000); more pushes out the oldest. */
  readonly maxBufferMs?: Millis;
  /** Gets each packet at the moment it should be sent. */
  readonly sink: (packet: OutboundPacket, now: Millis) => void;
}

const DEFAULT_MAX_BUFFER_MS = 1_000;
/** A source that was quiet for longer than this paused; a shorter hole is a late timer, and its media time goes on. */
const PAUSE_MS = 100;
/** A caller this late has been stopped (suspended machine): nothing is sent in a burst after it. */
const MAX_CATCH_UP_MS = 200;
/** While nothing is heard and the encoder says so, one packet in 400 ms is sent: receivers see that the track lives. */
const DTX_SEND_EVERY = 20;

/**
 * From sound of any frame size, rate and number of channels to Opus in RTP at an even pace: processors, resampling,
 * frames of `frameMs`, encoder, packets.
 *
 * Timestamps count media time, so a source that delivers unevenly is still played evenly. When it pauses, they jump by
 * the time of the pause and the next packet carries the marker.
 *
 * Pure: `push` sound, `poll` at `nextTimeout()`; packets go to `sink`.
 *
 * @example
 * ```ts
 * import { createOpusEncoder } from "@seameet/cli/codecs/opus";
 * import { OutboundAudioPipeline, type OutboundPacket } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const packets: OutboundPacket[] = [];
 * const pipeline = new OutboundAudioPipeline({
 *   encoder: await createOpusEncoder(),
 *   sink: (packet) => packets.push(packet),
 * });
 * pipeline.push({ samples: new Float32Array(1_920), sampleRate: 48_000, channels: 1 }, 0);
 * for (let now = 0; now <= 40; now += 20) pipeline.poll(now);
 * assertEquals(packets.length, 2);
 * pipeline.close();
 * ```
 */
export class OutboundAudioPipeline<Event = unknown> {
  readonly #options: OutboundAudioOptions<Event>;
  readonly #processor: Processor<Event>;
  readonly #fifo: AudioFifo;
  readonly #packetizer: OpusPacketizer;
  readonly #clock = new MediaClock(OPUS_CLOCK_HZ);
  readonly #frameMs: number;
  readonly #sampleRate: number;
  readonly #channels: number;
  /** When the next frame is to be sent; NEVER while the source has given nothing. */
  #dueAt: Millis = NEVER;
  #lastSentAt: Millis | undefined;
  #dtxInRow = 0;
  #failed = 0;

  /** Creates a pipeline that waits for sound. */
  constructor(options: OutboundAudioOptions<Event>) {
    this.#options = options;
    this.#processor = options.processor ?? passthrough;
    this.#sampleRate = options.sampleRate ?? 48_000;
    this.#channels = options.channels ?? 1;
    this.#frameMs = options.frameMs ?? 20;
    const maxMs = options.maxBufferMs ?? DEFAULT_MAX_BUFFER_MS;
    this.#fifo = new AudioFifo({ sampleRate: this.#sampleRate, channels: this.#channels, maxMs });
    this.#packetizer = new OpusPacketizer(options.start);
  }

  /** Takes sound, which may be changed in place by the processors. */
  push(frame: PcmFrame, now: Millis): void {
    if (!runOnAudio(this.#processor, frame, this.#options)) return;
    // The source ran dry, and nobody has polled since.
    if (this.#dueAt <= now && !this.#hasFrame()) this.#dueAt = NEVER;
    this.#fifo.push(frame);
    if (this.#dueAt === NEVER && this.#hasFrame()) this.#resume(now);
  }

  /** Sends what is due by now. */
  poll(now: Millis): void {
    if (now - this.#dueAt > MAX_CATCH_UP_MS) this.#resume(now);
    while (now >= this.#dueAt) {
      if (!this.#hasFrame()) {
        this.#dueAt = NEVER;
        return;
      }
      this.#sendFrame(this.#dueAt, now);
      this.#dueAt += this.#frameMs;
    }
  }

  /** When the next frame is to be sent. */
  nextTimeout(): Millis {
    return this.#dueAt;
  }

  /** Milliseconds of sound that wait to be sent: a source that can wait should do so above some frames. */
  get bufferedMs(): Millis {
    return (this.#fifo.available * 1000) / this.#sampleRate;
  }

  /** Samples pushed out unsent, per channel. */
  get dropped(): number {
    return this.#fifo.dropped;
  }

  /** Frames that the encoder refused. */
  get failed(): number {
    return this.#failed;
  }

  /** A sender report; `undefined` before anything was sent. */
  senderReport(ssrc: number, now: Millis, unixMs: Millis): SenderReport | undefined {
    return this.#clock.report(ssrc, now, unixMs);
  }

  /** Tells the encoder how many percent of the packets are lost on the way (0 … 100). */
  setPacketLoss(percent: number): void {
    this.#options.encoder.setPacketLoss(percent);
  }

  /** Throws away what waits: the next frame is sent as after a pause. */
  clear(): void {
    this.#fifo.clear();
    this.#dueAt = NEVER;
  }

  /** Closes the encoder. */
  close(): void {
    this.clear();
    this.#options.encoder.close();
  }

  #hasFrame(): boolean {
    return this.#fifo.available >= this.#frameSamples();
  }

  #frameSamples(): number {
    return Math.round((this.#sampleRate * this.#frameMs) / 1000);
  }

  /** Begins to send, or goes on after a hole. */
  #resume(now: Millis): void {
    this.#dueAt = now;
    if (this.#lastSentAt === undefined) return;
    const expected = this.#lastSentAt + this.#frameMs;
    if (now - expected <= PAUSE_MS) return;
    // Whole frames, so that all timestamps of the track stay on one grid.
    const frames = Math.round((now - expected) / this.#frameMs);
    this.#packetizer.skip(Math.round((frames * this.#frameMs * OPUS_CLOCK_HZ) / 1000));
  }

  #sendFrame(dueAt: Millis, now: Millis): void {
    const samples = new Float32Array(this.#frameSamples() * this.#channels);
    this.#fifo.readInto(samples);
    this.#lastSentAt = dueAt;
    const ticks = Math.round((this.#frameMs * OPUS_CLOCK_HZ) / 1000);
    try {
      const encoded = this.#options.encoder.encode({ samples, sampleRate: this.#sampleRate, channels: this.#channels });
      this.#dtxInRow = isOpusDtx(encoded.data) ? this.#dtxInRow + 1 : 0;
      if (this.#dtxInRow > 1 && this.#dtxInRow % DTX_SEND_EVERY !== 0) {
        this.#packetizer.skip(ticks);
        return;
      }
      this.#clock.mark(this.#packetizer.timestamp, dueAt);
      const packet = this.#packetizer.packetize(encoded);
      if (packet === undefined) return;
      this.#clock.sent(packet.payload.length);
      this.#options.sink(packet, now);
    } catch (error) {
      this.#failed++;
      this.#packetizer.skip(ticks);
      this.#options.onError?.(error);
    }
  }
}
