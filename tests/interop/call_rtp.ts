/** Made-up media for scripted clients: frames that an SFU takes for VP8 and opus, and that differ from each other. */

/** The parts of a made-up packet that a sender numbers by itself. */
export interface MadePayload {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly marker: boolean;
  /** In clock ticks since the first. */
  readonly timestamp: number;
}

const VIDEO_CLOCK_STEP = 3_000; // 30 pictures a second at 90 kHz
const AUDIO_CLOCK_STEP = 960; // 20 ms at 48 kHz
const PACKETS_PER_FRAME = 3;
const VIDEO_PAYLOAD_LENGTH = 900;
const AUDIO_PAYLOAD_LENGTH = 80;

/** Makes pictures one after the other, each in three packets (RFC 7741, descriptor of one byte). */
export class MadeVideo {
  #frames = 0;

  /** The packets of the next picture. */
  next(keyframe: boolean): MadePayload[] {
    const frame = this.#frames++;
    return Array.from({ length: PACKETS_PER_FRAME }, (_, part) => {
      const payload = pattern(VIDEO_PAYLOAD_LENGTH, frame * PACKETS_PER_FRAME + part);
      payload[0] = part === 0 ? 0x10 : 0; // start of the first partition
      if (part === 0) payload.set(keyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00] : [0x11], 1);
      return { payload, marker: part === PACKETS_PER_FRAME - 1, timestamp: frame * VIDEO_CLOCK_STEP };
    });
  }
}

/** The `n`th packet of a made-up opus stream. */
export function madeAudio(n: number): MadePayload {
  const payload = pattern(AUDIO_PAYLOAD_LENGTH, 1000 + n);
  payload[0] = 0x78; // one frame of 20 ms, CELT
  return { payload, marker: false, timestamp: n * AUDIO_CLOCK_STEP };
}

/** Bytes that no other packet has. */
function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = (seed + 1) * 2_654_435_761;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + i | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
