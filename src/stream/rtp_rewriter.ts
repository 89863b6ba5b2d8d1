import { distance16, distance32 } from "../base/sequence.ts";
import type { Millis } from "../base/time.ts";
import { patchCounters, type PictureCounters } from "../rtp/picture_counters.ts";
import { PictureMap } from "./picture_map.ts";
import { SequenceMap } from "./sequence_map.ts";

/** The clock of every video codec in use (RFC 6184, 7741, …). */
const VIDEO_CLOCK_RATE_HZ = 90_000;

/** Frames per second assumed where a new source starts in the very moment the one before stopped. */
const NOMINAL_VIDEO_FRAME_RATE = 30;
const NOMINAL_AUDIO_FRAME_RATE = 50;

/**
 * Offsets of this many sources are kept for retransmissions, a power of two. Packets that a receiver can still
 * ask for span a few seconds; nobody switches more often in that time.
 */
const SOURCES_KEPT = 16;

/** How many payload types there are. */
const PAYLOAD_TYPES = 128;

/** Offsets of picture ids that 16 bits tell apart. */
const OFFSETS = 0x10000;

/** Added to a remembered timestamp whose packet had the marker bit. */
const MARKED = 2 ** 32;

/** Marks a payload type of the source that the receiver has no equivalent for. */
const NO_PAYLOAD_TYPE = 255;

/** What an outgoing stream is, seen from its receiver. */
export interface RtpRewriterOptions {
  /** The SSRC that all packets go out with. */
  readonly ssrc: number;
  /** The codec's RTP clock. */
  readonly clockRateHz: number;
  /** Packets for which numbers are remembered, a power of two; at least as many as can be retransmitted. */
  readonly capacity: number;
}

/**
 * Turns packets of changing sources into one continuous outgoing stream.
 *
 * It maps sequence number, timestamp, payload type and the picture counters of VP8 and VP9; all of them by an offset, so
 * that differences within a source survive. After a successful `forward` or `recall` the public fields hold
 * the result, until the next call; nothing is allocated.
 */
export class RtpRewriter {
  /** The SSRC of all outgoing packets. */
  readonly ssrc: number;
  /** The codec's RTP clock. */
  readonly clockRateHz: number;
  /** Result: the 16 bits for the header. */
  sequenceNumber = 0;
  /** Result: the same number, unwrapped. */
  outgoing = -1;
  /** Result: the outgoing timestamp. */
  timestamp = 0;
  /** Result: the receiver's payload type. */
  payloadType = 0;
  /** Result: the marker bit. */
  marker = false;
  /** Result of `recall`: the source's unwrapped number, to look up in the packet cache. */
  originalSequence = -1;
  /** Result: which source the packet came from; equals `currentSource` unless a later one has taken over. */
  source = 0;

  readonly #map: SequenceMap;
  readonly #mask: number;
  readonly #frameTicks: number;
  /** By the source's payload type: the receiver's. */
  readonly #payloadTypes: Uint8Array = new Uint8Array(128).fill(NO_PAYLOAD_TYPE);
  // What a retransmission must repeat, by outgoing number.
  // Two numbers for each, side by side: with a thousand receivers each array would be one more miss of the caches per
  // packet. The timestamp; and source, payload type and 16 bits of the picture id's offset in one.
  readonly #repeated: Float64Array;
  readonly #pictures = new PictureMap();
  /** Offset of TL0PICIDX, by source. */
  readonly #tl0Offsets = new Uint8Array(SOURCES_KEPT);

  /** Offset of the dependency descriptor's frame number, by source. */
  readonly #frameOffsets = new Uint16Array(SOURCES_KEPT);

  #currentSource = 0;
  #starting = true;
  #timestampOffset = 0;
  /** Timestamp of the newest frame that went out, and when its first packet did. */
  #lastTimestamp = 0;
  #lastAt: Millis | undefined;
  #pictureOffset = 0;
  #lastTl0PicIdx = -1;
  #tl0Known = false;
  #lastFrame = -1;
  #frameKnown = false;

  /** Creates a rewriter whose first source keeps its own numbers. */
  constructor(options: RtpRewriterOptions) {
    this.ssrc = options.ssrc;
    this.clockRateHz = options.clockRateHz;
    this.#map = new SequenceMap(options.capacity);
    this.#mask = options.capacity - 1;
    this.#repeated = new Float64Array(2 * options.capacity);
    const frameRate = options.clockRateHz === VIDEO_CLOCK_RATE_HZ ? NOMINAL_VIDEO_FRAME_RATE : NOMINAL_AUDIO_FRAME_RATE;
    this.#frameTicks = Math.ceil(options.clockRateHz / frameRate);
  }

  /** Numbers the sources, counting from 0; `switchSource` adds one. */
  get currentSource(): number {
    return this.#currentSource;
  }

  /** Whether a packet of the current source has gone out. */
  get started(): boolean {
    return !this.#starting;
  }

  /** Says whether a packet of the current source would begin a picture newer than all that went out. */
  beginsPicture(timestamp: number): boolean {
    return distance32(this.#lastTimestamp, (timestamp + this.#timestampOffset) >>> 0) > 0;
  }

  /** Says which payload type the receiver has for one of the source's; others are dropped. */
  mapPayloadType(source: number, outgoing: number): void {
    this.#payloadTypes[source & 0x7f] = outgoing & 0x7f;
  }

  /** Forgets all payload types, before those of another source or of a new negotiation are told. */
  clearPayloadTypes(): void {
    this.#payloadTypes.fill(NO_PAYLOAD_TYPE);
  }

  /**
   * Makes the next packet the first one of another source.
   *
   * Also for a source that has started again with other numbers. Where video is concerned the caller lets
   * the new source begin with a keyframe.
   */
  switchSource(): void {
    this.#currentSource++;
    this.#starting = true;
    this.#map.switchSource();
    this.#pictures.switchSource();
  }

  /** What has to be added to the frame number of the packet last mapped. */
  get frameOffset(): number {
    return this.#frameOffsets[this.source & (SOURCES_KEPT - 1)]!;
  }

  /**
   * Follows the frame numbers of the dependency descriptor, of each packet that `forward` has let through: a receiver
   * drops frames whose number is lower than that of the newest keyframe, whoever sent it.
   */
  followFrame(frameNumber: number): void {
    const slot = this.#currentSource & (SOURCES_KEPT - 1);
    if (!this.#frameKnown) {
      this.#frameKnown = true;
      if (this.#lastFrame >= 0) this.#frameOffsets[slot] = this.#lastFrame + 1 - frameNumber;
    }
    const mapped = (frameNumber + this.#frameOffsets[slot]!) & 0xffff;
    if (this.#lastFrame < 0 || distance16(this.#lastFrame, mapped) > 0) this.#lastFrame = mapped;
  }

  /** Leaves a packet of the current source out; see `SequenceMap.drop`. */
  drop(sequence: number, closeGap = false): void {
    this.#map.drop(sequence, closeGap);
  }

  /** Leaves out a packet of a picture that is left out altogether: numbers and picture ids go on without a gap. */
  dropPicture(sequence: number, picture: PictureCounters): void {
    this.#map.drop(sequence);
    if (picture.pictureId >= 0) this.#pictures.leaveOut(picture.pictureId, picture.pictureIdIsLong);
  }

  /**
   * Maps a packet that is to be sent now.
   *
   * @param sequence The source's unwrapped number.
   * @param picture The counters of VP8 and VP9, `undefined` for other codecs.
   * @param marker The bit it is to have, which may be another than it came with.
   * @returns `false` when the packet must not be sent: sent before, left out before, too old, or of a payload
   * type that the receiver does not have.
   */
  forward(
    sequence: number,
    timestamp: number,
    payloadType: number,
    picture: PictureCounters | undefined,
    now: Millis,
    marker = false,
  ): boolean {
    const outgoingType = this.#payloadTypes[payloadType & 0x7f]!;
    if (outgoingType === NO_PAYLOAD_TYPE) {
      this.#map.drop(sequence);
      return false;
    }
    const out = this.#map.next(sequence);
    if (out < 0) return false;
    if (this.#starting) this.#startSource(timestamp, now);
    this.sequenceNumber = out & 0xffff;
    this.outgoing = out;
    this.timestamp = (timestamp + this.#timestampOffset) >>> 0;
    this.payloadType = outgoingType;
    this.marker = marker;
    this.originalSequence = sequence;
    this.source = this.#currentSource;
    const slot = 2 * (out & this.#mask);
    this.#repeated[slot] = marker ? this.timestamp + MARKED : this.timestamp;
    if (picture !== undefined) this.#followPicture(picture);
    this.#repeated[slot + 1] = (PAYLOAD_TYPES * this.#currentSource + outgoingType) * OFFSETS +
      (this.#pictureOffset & 0xffff);
    if (this.#lastAt === undefined || distance32(this.#lastTimestamp, this.timestamp) > 0) {
      this.#lastTimestamp = this.timestamp;
      this.#lastAt = now;
    }
    return true;
  }

  /**
   * Maps a packet that went out before, with exactly the values it had then.
   *
   * The caller takes the packet `originalSequence` from the cache of the source `source`.
   *
   * @param sequenceNumber The 16-bit outgoing number the receiver asks for.
   * @returns `false` when that number was never sent, or so long ago that nothing is known about it.
   */
  recall(sequenceNumber: number): boolean {
    const original = this.#map.toOriginalOfAnySource(sequenceNumber);
    if (original < 0) return false;
    const out = this.#map.outgoing(sequenceNumber);
    const slot = 2 * (out & this.#mask);
    const packed = this.#repeated[slot + 1]!;
    const upper = Math.floor(packed / OFFSETS);
    const source = Math.floor(upper / PAYLOAD_TYPES);
    if (source <= this.#currentSource - SOURCES_KEPT) return false;
    this.sequenceNumber = sequenceNumber & 0xffff;
    this.outgoing = out;
    const remembered = this.#repeated[slot]!;
    this.marker = remembered >= MARKED;
    this.timestamp = remembered % MARKED;
    this.payloadType = upper % PAYLOAD_TYPES;
    this.originalSequence = original;
    this.source = source;
    this.#pictureOffset = packed % OFFSETS;
    return true;
  }

  /**
   * Maps a timestamp of the current source, for sender reports.
   *
   * @returns The outgoing timestamp, or -1 before the first packet of the source.
   */
  mapTimestamp(sourceTimestamp: number): number {
    return this.#starting ? -1 : (sourceTimestamp + this.#timestampOffset) >>> 0;
  }

  /**
   * Writes the mapped picture counters into the copy of the packet last mapped.
   *
   * @param bytes The copy.
   * @param picture The descriptor of the original packet.
   * @param offsetDelta How much further behind the payload starts in the copy.
   */
  patchPicture(bytes: Uint8Array, picture: PictureCounters, offsetDelta: number): void {
    const pictureIdOffset = this.#pictureOffset;
    const tl0Offset = this.#tl0Offsets[this.source & (SOURCES_KEPT - 1)]!;
    if (pictureIdOffset === 0 && tl0Offset === 0) return;
    // patchCounters cuts to the bits there are and leaves out what the packet lacks.
    patchCounters(bytes, picture, offsetDelta, picture.pictureId + pictureIdOffset, picture.tl0PicIdx + tl0Offset);
  }

  /** Lets time go on by as much as has really passed, so that receivers see neither a jump nor a standstill. */
  #startSource(timestamp: number, now: Millis): void {
    this.#starting = false;
    this.#tl0Offsets[this.#currentSource & (SOURCES_KEPT - 1)] = 0;
    this.#frameOffsets[this.#currentSource & (SOURCES_KEPT - 1)] = 0;
    this.#tl0Known = this.#frameKnown = false;
    if (this.#lastAt === undefined) return;
    const elapsedTicks = Math.round(((now - this.#lastAt) * this.clockRateHz) / 1000);
    const next = this.#lastTimestamp + Math.max(this.#frameTicks, elapsedTicks);
    this.#timestampOffset = (next - timestamp) >>> 0;
  }

  /** Continues the picture counters at the first packet of a source that has them, and remembers the newest. */
  #followPicture(picture: PictureCounters): void {
    const slot = this.#currentSource & (SOURCES_KEPT - 1);
    this.#pictureOffset = picture.pictureId < 0
      ? 0
      : this.#pictures.offsetOf(picture.pictureId, picture.pictureIdIsLong);
    if (picture.tl0PicIdx >= 0) {
      if (!this.#tl0Known) {
        this.#tl0Known = true;
        if (this.#lastTl0PicIdx >= 0) this.#tl0Offsets[slot] = this.#lastTl0PicIdx + 1 - picture.tl0PicIdx;
      }
      const mapped = (picture.tl0PicIdx + this.#tl0Offsets[slot]!) & 0xff;
      if (this.#lastTl0PicIdx < 0 || ((mapped - this.#lastTl0PicIdx) << 24) > 0) this.#lastTl0PicIdx = mapped;
    }
  }
}
