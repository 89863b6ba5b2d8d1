import { distance32 } from "../../base/sequence.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import type { TrackSource } from "../../room/track_source.ts";
import { Alarm } from "./alarm.ts";
import { codecError, unknownCodec } from "./codec_set.ts";
import { FrameStreams } from "./frame_streams.ts";
import { encryptedError, type IntakeOptions } from "./intake_options.ts";
import type { PacketFeed } from "./packet_ports.ts";

/** Takes what comes out of the processors, with the time it spent since it was captured. */
export type OnFrame<Frame> = (frame: Frame, delayMs: Millis) => void;

/** Where decoded and processed frames go, and whom a decoder can ask. */
export interface IntakeSink<Frame> {
  /** Hands on a frame that was captured at this RTP timestamp. */
  show(frame: Frame, timestamp: number): void;
  requestKeyframe(): void;
}

/** What turns the packets of one source into frames, until it is closed. */
export interface Decoding {
  push(packet: InboundPacket, now: Millis): void;
  /** When `work` wants to be called. */
  nextTimeout(): Millis;
  /** Does what is due. Nothing may be shown after `close`, which may be called from within. */
  work(now: Millis): void;
  close(): void;
}

/** What sound and pictures differ in. */
export interface IntakeKind<Frame> {
  /** The one codec that can be decoded. */
  readonly codec: string;
  /** Ticks of its RTP clock in a second. */
  readonly clockHz: number;
  /** Frames that wait for a slow reader. */
  readonly buffer: number;
  copy(frame: Frame): Frame;
  /** Loads the codec. */
  start(sink: IntakeSink<Frame>): Promise<Decoding>;
}

/**
 * One source of one participant, decoded as long as somebody wants it: readers, or a processor.
 *
 * While nobody does, no packet is taken and no decoder exists.
 */
export class Intake<Frame> {
  readonly #source: TrackSource;
  readonly #kind: IntakeKind<Frame>;
  readonly #options: IntakeOptions;
  readonly #streams: FrameStreams<Frame>;
  readonly #alarm: Alarm;
  #feed: PacketFeed | undefined;
  #decoding: Decoding | undefined;
  #opening = false;
  #onProcessed: OnFrame<Frame> | undefined;
  #closed = false;

  constructor(source: TrackSource, kind: IntakeKind<Frame>, options: IntakeOptions) {
    this.#source = source;
    this.#kind = kind;
    this.#options = options;
    this.#streams = new FrameStreams(kind.buffer, kind.copy, () => this.update());
    this.#alarm = new Alarm(() => this.#decoding?.nextTimeout() ?? NEVER, (now) => this.#work(now));
  }

  /** Decoded frames from now on; of pictures the first as soon as a keyframe has come. */
  open(): ReadableStream<Frame> {
    return this.#streams.open();
  }

  /** Decodes, without any reader, for somebody who gets each processed frame; `undefined` ends that. */
  set onProcessed(listener: OnFrame<Frame> | undefined) {
    this.#onProcessed = listener;
    this.update();
  }

  /** Begins or ceases to decode, as is wanted now; also after its participant has come back. */
  update(): void {
    const wanted = !this.#closed && (this.#streams.size > 0 || this.#onProcessed !== undefined);
    if (!wanted) this.#stop();
    else if (this.#decoding === undefined) void this.#start();
    else if (this.#feed === undefined || this.#feed.closed) this.#listen();
  }

  /** Ends everything; readers see the end of their streams. */
  close(error?: Error): void {
    this.#closed = true;
    this.#streams.end(error);
    this.#stop();
    this.#alarm.close();
  }

  async #start(): Promise<void> {
    if (this.#opening) return;
    if (this.#options.origin.encrypted) return this.#fail(encryptedError());
    this.#opening = true;
    try {
      this.#decoding = await this.#kind.start({
        show: (frame, timestamp) => this.#show(frame, timestamp),
        requestKeyframe: () => this.#feed?.requestKeyframe(),
      });
    } catch (error) {
      this.#fail(codecError(error));
      return;
    } finally {
      this.#opening = false;
    }
    // Nobody may want it any more by now.
    this.update();
  }

  #listen(): void {
    this.#feed = this.#options.origin.listen(this.#source, (packet, codec, now) => {
      if (codec !== this.#kind.codec) queueMicrotask(() => this.#fail(unknownCodec(codec)));
      else this.#decoding?.push(packet, now);
      this.#alarm.arm();
    });
  }

  #work(now: Millis): void {
    if (this.#decoding === undefined) return;
    if (this.#options.origin.encrypted) return this.#fail(encryptedError());
    this.#decoding.work(now);
  }

  #show(frame: Frame, timestamp: number): void {
    if (this.#onProcessed !== undefined) {
      const timestampNow = this.#feed?.clockNow()?.rtpTimestamp ?? timestamp;
      this.#onProcessed(frame, Math.max(0, (distance32(timestamp, timestampNow) * 1000) / this.#kind.clockHz));
    }
    this.#streams.emit(frame);
  }

  #fail(error: Error): void {
    this.#options.onError(error);
    this.#onProcessed = undefined;
    this.#streams.end(error);
    this.#stop();
  }

  #stop(): void {
    this.#feed?.close();
    this.#feed = undefined;
    this.#decoding?.close();
    this.#decoding = undefined;
  }
}
