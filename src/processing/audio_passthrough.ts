import type { AudioDecoder, EncodedAudio, PcmFrame } from "./frames.ts";

/** Rate, channels: what comes before the samples. */
const HEADER_LENGTH = 6;

/**
 * No codec at all: samples as 32-bit floats behind their rate and channels, for tests without Opus.
 *
 * @example
 * ```ts
 * import { AudioPassthrough } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = new AudioPassthrough();
 * const frame = { samples: new Float32Array([0.5, -1]), sampleRate: 8_000, channels: 2 };
 * assertEquals(codec.decode(codec.encode(frame)), frame);
 * ```
 */
export class AudioPassthrough implements AudioDecoder {
  /** Of the last frame. */
  sampleRate = 48_000;
  /** Of the last frame. */
  channels = 1;

  /** Writes the samples as they are. */
  encode({ samples, sampleRate, channels }: PcmFrame): EncodedAudio {
    const data = new Uint8Array(HEADER_LENGTH + 4 * samples.length);
    const view = new DataView(data.buffer);
    view.setUint32(0, sampleRate, true);
    view.setUint16(4, channels, true);
    samples.forEach((sample, i) => view.setFloat32(HEADER_LENGTH + 4 * i, sample, true));
    return { data };
  }

  /** Reads them again; a cut frame gives the samples that are whole. */
  decode({ data }: EncodedAudio): PcmFrame {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length >= HEADER_LENGTH) {
      this.sampleRate = view.getUint32(0, true);
      this.channels = view.getUint16(4, true);
    }
    const samples = new Float32Array(Math.max(0, (data.length - HEADER_LENGTH) >>> 2));
    for (let i = 0; i < samples.length; i++) samples[i] = view.getFloat32(HEADER_LENGTH + 4 * i, true);
    return { samples, sampleRate: this.sampleRate, channels: this.channels };
  }

  /** Silence. */
  conceal(samplesPerChannel: number): PcmFrame {
    const { sampleRate, channels } = this;
    return { samples: new Float32Array(samplesPerChannel * channels), sampleRate, channels };
  }

  /** Silence: there is no redundancy. */
  recover(_next: EncodedAudio, samplesPerChannel: number): PcmFrame {
    return this.conceal(samplesPerChannel);
  }

  /** Has nothing to give back. */
  close(): void {}
}
