/** A codec whose packets say what was put in, for tests of everything around a codec. */
import type { InboundPacket } from "./depacketizer.ts";
import type { AudioDecoder, AudioEncoder, EncodedAudio, PcmFrame } from "./frames.ts";

/** CELT fullband, one frame of 20 ms, mono. */
const TOC_20MS = 31 << 3;
/** Hybrid fullband, 20 ms: may carry redundancy. */
const TOC_FEC = 15 << 3;

/** A payload that Opus would take for 20 ms, with a number in it. */
export function payloadOf(number: number, fec = false): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(fec ? TOC_FEC : TOC_20MS, number >> 8, number & 0xff, 0);
}

/** The packet with that number, its timestamp one frame after the one before. */
export function audioPacket(number: number, fec = false): InboundPacket {
  return {
    sequenceNumber: number & 0xffff,
    timestamp: (number * 960) >>> 0,
    marker: false,
    payload: payloadOf(number, fec),
  };
}

/** Says what was asked of it: `12` decoded, `12*` recovered before 12, `?` concealed; `!` before a refusal. */
export class FakeDecoder implements AudioDecoder {
  readonly sampleRate = 48_000;
  readonly channels = 1;
  readonly calls: string[] = [];
  closed = false;

  decode({ data }: EncodedAudio): PcmFrame {
    const number = (data[1]! << 8) | data[2]!;
    if (data[3] === 0xff) {
      this.calls.push(`${number}!`);
      throw new Error("corrupted stream");
    }
    this.calls.push(data.length <= 2 ? "dtx" : String(number));
    return this.#frame(960, number / 65_536);
  }

  conceal(samples: number): PcmFrame {
    this.calls.push("?");
    return this.#frame(samples, 0);
  }

  recover({ data }: EncodedAudio, samples: number): PcmFrame {
    this.calls.push(`${(data[1]! << 8) | data[2]!}*`);
    return this.#frame(samples, 0);
  }

  close(): void {
    this.closed = true;
  }

  #frame(samples: number, value: number): PcmFrame {
    return { samples: new Float32Array(samples).fill(value), sampleRate: 48_000, channels: 1 };
  }
}

/** Numbers its packets; keeps the frames it got. A frame of nothing but zeros gives a DTX payload where `dtx` is set. */
export class FakeEncoder implements AudioEncoder {
  readonly frames: PcmFrame[] = [];
  lossPercent = 0;
  closed = false;
  failNext = false;
  readonly #dtx: boolean;

  constructor(dtx = false) {
    this.#dtx = dtx;
  }

  encode(frame: PcmFrame): EncodedAudio {
    if (this.failNext) {
      this.failNext = false;
      throw new Error("no");
    }
    this.frames.push(frame);
    if (this.#dtx && frame.samples.every((value) => value === 0)) return { data: Uint8Array.of(TOC_20MS) };
    return { data: payloadOf(this.frames.length - 1) };
  }

  setBitrate(): void {}

  setPacketLoss(percent: number): void {
    this.lossPercent = percent;
  }

  close(): void {
    this.closed = true;
  }
}
