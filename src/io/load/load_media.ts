import { writeU16, writeU32 } from "../../base/bytes.ts";
import type { Millis } from "../../base/time.ts";

/** Made-up packets say with these bytes that they are ours: "load". */
const MAGIC = 0x6c6f6164;

/** Bytes of our mark: the magic, the packet's number, and when it was sent. */
const MARK_LENGTH = 16;

/** Opus at 32 kbit/s in packets of 20 ms. */
const AUDIO_PAYLOAD = 80;
/** Opus: CELT, full band, 20 ms, mono, one frame (RFC 6716 section 3.1). */
const OPUS_TOC = 0xf8;
const AUDIO_CLOCK_HZ = 48_000;

/** Pictures per second, and how much larger than the others one is that needs no other. */
const VIDEO_FPS = 25;
const KEYFRAME_FACTOR = 4;
const VIDEO_CLOCK_HZ = 90_000;
/** Payload of one video packet, as browsers cut them. */
const MAX_VIDEO_PAYLOAD = 1_100;

/** Descriptor with a picture id of 15 bits (RFC 7741 section 4.2), then the tag of the frame and the start of a keyframe. */
const DESCRIPTOR_LENGTH = 4;
const FRAME_HEADER_LENGTH = 10;
const MIN_VIDEO_PAYLOAD = DESCRIPTOR_LENGTH + FRAME_HEADER_LENGTH + MARK_LENGTH;

/** After a pause of the machine no more than this is made up for: a flood would measure only itself. */
const MAX_BEHIND_MS: Millis = 200;

/** What a packet of ours says. */
export interface LoadMark {
  /** Counts the packets of its track. */
  readonly number: number;
  /** When it was sent, on the sender's clock. */
  readonly sentAt: Millis;
}

/** Takes a packet; `false` when it could not be sent. */
export type LoadSink = (payload: Uint8Array, timestamp: number, marker: boolean) => boolean;

/** Reads the mark of a packet; `undefined` when it is none of ours. */
export function readLoadMark(payload: Uint8Array, kind: "audio" | "video"): LoadMark | undefined {
  const at = kind === "audio" ? 1 : DESCRIPTOR_LENGTH + FRAME_HEADER_LENGTH;
  if (payload.length < at + MARK_LENGTH) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (view.getUint32(at) !== MAGIC) return undefined;
  return { number: view.getUint32(at + 4), sentAt: view.getFloat64(at + 8) };
}

/** One made-up track: packets that an SFU takes for opus, each with its number and the time. */
export class LoadAudio {
  /** Packets sent. */
  sent = 0;
  readonly #intervalMs: Millis;
  readonly #payload = new Uint8Array(AUDIO_PAYLOAD);
  #nextAt: Millis;
  #timestamp = 0;

  /** Sends `rate` packets per second from `startAt` on. */
  constructor(rate: number, startAt: Millis) {
    this.#intervalMs = 1000 / rate;
    this.#nextAt = startAt;
    this.#payload[0] = OPUS_TOC;
  }

  /** Sends what is due. */
  produce(now: Millis, sink: LoadSink): void {
    this.#nextAt = Math.max(this.#nextAt, now - MAX_BEHIND_MS);
    for (; this.#nextAt <= now; this.#nextAt += this.#intervalMs) {
      writeMark(this.#payload, 1, this.sent, now);
      if (sink(this.#payload, this.#timestamp, false)) this.sent++;
      this.#timestamp = (this.#timestamp + Math.round(AUDIO_CLOCK_HZ * this.#intervalMs / 1000)) >>> 0;
    }
  }
}

/** One made-up track: pictures with valid VP8 descriptors; the first one, and each one after a request, is a keyframe. */
export class LoadVideo {
  /** Packets sent. */
  sent = 0;
  /** Keyframes sent. */
  keyframes = 0;
  readonly #frameBytes: number;
  readonly #payload = new Uint8Array(MAX_VIDEO_PAYLOAD);
  #nextAt: Millis;
  #timestamp = 0;
  #picture = 0;
  #keyframeWanted = true;

  /** Sends `kbps` from `startAt` on, keyframes not counted. */
  constructor(kbps: number, startAt: Millis) {
    this.#frameBytes = kbps * 1000 / 8 / VIDEO_FPS;
    this.#nextAt = startAt;
  }

  /** The next picture is a keyframe. */
  requestKeyframe(): void {
    this.#keyframeWanted = true;
  }

  /** Sends what is due. */
  produce(now: Millis, sink: LoadSink): void {
    this.#nextAt = Math.max(this.#nextAt, now - MAX_BEHIND_MS);
    for (; this.#nextAt <= now; this.#nextAt += 1000 / VIDEO_FPS) {
      this.#sendPicture(now, sink);
      this.#timestamp = (this.#timestamp + VIDEO_CLOCK_HZ / VIDEO_FPS) >>> 0;
    }
  }

  #sendPicture(now: Millis, sink: LoadSink): void {
    const isKeyframe = this.#keyframeWanted;
    const total = this.#frameBytes * (isKeyframe ? KEYFRAME_FACTOR : 1);
    const count = Math.max(1, Math.ceil(total / MAX_VIDEO_PAYLOAD));
    const length = Math.max(MIN_VIDEO_PAYLOAD, Math.min(MAX_VIDEO_PAYLOAD, Math.round(total / count)));
    const payload = this.#payload.subarray(0, length);
    for (let index = 0; index < count; index++) {
      writeVideoHeader(payload, this.#picture, index === 0, isKeyframe);
      writeMark(payload, DESCRIPTOR_LENGTH + FRAME_HEADER_LENGTH, this.sent, now);
      if (!sink(payload, this.#timestamp, index === count - 1)) return;
      this.sent++;
    }
    this.#picture = (this.#picture + 1) & 0x7fff;
    if (!isKeyframe) return;
    this.#keyframeWanted = false;
    this.keyframes++;
  }
}

function writeMark(payload: Uint8Array, at: number, number: number, now: Millis): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  view.setUint32(at, MAGIC);
  view.setUint32(at + 4, number);
  view.setFloat64(at + 8, now);
}

/** X and I bits, S in a picture's first packet, and there the start of a frame of 320 × 240 (RFC 6386 section 9.1). */
function writeVideoHeader(payload: Uint8Array, picture: number, first: boolean, isKeyframe: boolean): void {
  payload[0] = 0x80 | (first ? 0x10 : 0);
  payload[1] = 0x80;
  writeU16(payload, 2, 0x8000 | picture);
  writeU32(payload, DESCRIPTOR_LENGTH, 0);
  payload[DESCRIPTOR_LENGTH] = isKeyframe ? 0x10 : 0x11;
  payload.set([0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], DESCRIPTOR_LENGTH + 3);
}
