import { SeaMeetError } from "../../base/errors.ts";
import type { AudioDecoder, EncodedAudio, PcmFrame } from "../../processing/frames.ts";
import { type LibopusPool, MAX_OPUS_PACKET_BYTES, MAX_PACKET_SECONDS } from "./libopus.ts";
import { LibopusState } from "./libopus_state.ts";
import type { OpusDecoderSettings } from "./opus_options.ts";
import { readSamples } from "./samples.ts";

/** Holes are filled in steps of this length, in seconds: libopus knows no shorter one. */
const STEP_SECONDS = 0.0025;

/** An Opus decoder over one state in a WebAssembly instance; it begins anew by itself after a trap. */
export class OpusDecoder implements AudioDecoder {
  readonly #settings: OpusDecoderSettings;
  /** Samples per channel of the longest packet. */
  readonly #longest: number;
  /** Samples per channel of the last packet; 20 ms before there was one. */
  #lastSamples: number;
  readonly #state: LibopusState;

  /** Makes the state at once, so that what cannot work says so here. */
  constructor(pool: LibopusPool, settings: OpusDecoderSettings) {
    this.#settings = settings;
    this.#longest = settings.sampleRate * MAX_PACKET_SECONDS;
    this.#lastSamples = settings.sampleRate / 50;
    const { sampleRate, channels } = settings;
    this.#state = new LibopusState(pool, {
      what: "decoder",
      size: (instance) => instance.guard(() => instance.exports.opus_decoder_get_size(channels)),
      initialise: (instance, pointer) => {
        instance.call("make a decoder", () => instance.exports.opus_decoder_init(pointer, sampleRate, channels));
      },
    });
  }

  /** @inheritdoc */
  get sampleRate(): number {
    return this.#settings.sampleRate;
  }

  /** @inheritdoc */
  get channels(): number {
    return this.#settings.channels;
  }

  /** @inheritdoc */
  decode(input: EncodedAudio): PcmFrame {
    if (input.data.length === 0) return this.conceal(this.#lastSamples);
    const frame = this.#decode("decode a packet", input.data, this.#longest, 0);
    this.#lastSamples = frame.samples.length / frame.channels;
    return frame;
  }

  /** @inheritdoc */
  conceal(samplesPerChannel: number): PcmFrame {
    this.#checkHole(samplesPerChannel);
    return this.#decode("fill a hole", undefined, samplesPerChannel, 0);
  }

  /** @inheritdoc */
  recover(next: EncodedAudio, samplesPerChannel: number): PcmFrame {
    this.#checkHole(samplesPerChannel);
    if (next.data.length === 0) return this.conceal(samplesPerChannel);
    return this.#decode("restore a packet", next.data, samplesPerChannel, 1);
  }

  /** @inheritdoc */
  close(): void {
    this.#state.close();
  }

  #decode(what: string, packet: Uint8Array | undefined, room: number, fec: 0 | 1): PcmFrame {
    const length = packet?.length ?? 0;
    // Before anything is copied: the room for packets has a fixed size.
    if (length > MAX_OPUS_PACKET_BYTES) {
      const text = `Opus packet of ${length} bytes is longer than ${MAX_OPUS_PACKET_BYTES}`;
      throw new SeaMeetError("codec", text);
    }
    const instance = this.#state.instance();
    const { exports, pcmPointer, packetPointer } = instance;
    if (packet !== undefined) instance.packet(length).set(packet);
    const { sampleRate, channels } = this.#settings;
    const pointer = packet === undefined ? 0 : packetPointer;
    const state = this.#state.pointer;
    const samples = instance.call(
      what,
      () => exports.opus_decode(state, pointer, length, pcmPointer, room, fec),
    );
    return { samples: readSamples(instance.pcm(samples * channels)), sampleRate, channels };
  }

  #checkHole(samplesPerChannel: number): void {
    const step = this.#settings.sampleRate * STEP_SECONDS;
    const valid = samplesPerChannel > 0 && samplesPerChannel <= this.#longest && samplesPerChannel % step === 0;
    if (valid) return;
    const text = `Opus fills holes of multiples of ${step} samples up to ${this.#longest}, not ${samplesPerChannel}`;
    throw new SeaMeetError("codec", text);
  }
}
