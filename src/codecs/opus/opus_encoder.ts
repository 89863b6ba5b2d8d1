import { SeaMeetError } from "../../base/errors.ts";
import type { AudioEncoder, EncodedAudio, PcmFrame } from "../../processing/frames.ts";
import { type LibopusInstance, type LibopusPool, MAX_OPUS_PACKET_BYTES } from "./libopus.ts";
import { LibopusState } from "./libopus_state.ts";
import { checkBitrate, checkPacketLoss, type OpusEncoderSettings } from "./opus_options.ts";
import { writeSamples } from "./samples.ts";

/** Numbers of `opus_defines.h`. */
const APPLICATION = { voip: 2048, audio: 2049 } as const;
const SIGNAL_VOICE = 3001;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const SET_INBAND_FEC = 4012;
const SET_PACKET_LOSS = 4014;
const SET_DTX = 4016;
const SET_SIGNAL = 4024;

/** An Opus encoder over one state in a WebAssembly instance; it begins anew by itself after a trap. */
export class OpusEncoder implements AudioEncoder {
  readonly #settings: OpusEncoderSettings;
  readonly #samples: number;
  readonly #state: LibopusState;
  #bitrate: number;
  #packetLoss: number;

  /** Makes the state at once, so that what cannot work says so here. */
  constructor(pool: LibopusPool, settings: OpusEncoderSettings) {
    this.#settings = settings;
    this.#samples = settings.sampleRate * settings.frameMs / 1_000;
    this.#bitrate = settings.bitrate;
    this.#packetLoss = settings.expectedLossPercent;
    this.#state = new LibopusState(pool, {
      what: "encoder",
      size: (instance) => instance.guard(() => instance.exports.opus_encoder_get_size(settings.channels)),
      initialise: (instance, pointer) => this.#initialise(instance, pointer),
    });
  }

  /** @inheritdoc */
  encode(input: PcmFrame): EncodedAudio {
    this.#check(input);
    const instance = this.#state.instance();
    const { pcmPointer, packetPointer, exports } = instance;
    writeSamples(input.samples, instance.pcm(input.samples.length));
    const { pointer } = this.#state;
    const length = instance.call(
      "encode",
      () => exports.opus_encode(pointer, pcmPointer, this.#samples, packetPointer, MAX_OPUS_PACKET_BYTES),
    );
    return { data: new Uint8Array(instance.packet(length)) };
  }

  /** @inheritdoc */
  setBitrate(bitrateBps: number): void {
    checkBitrate(bitrateBps);
    this.#bitrate = bitrateBps;
    set(this.#state.instance(), this.#state.pointer, SET_BITRATE, bitrateBps);
  }

  /** @inheritdoc */
  setPacketLoss(percent: number): void {
    checkPacketLoss(percent);
    this.#packetLoss = percent;
    set(this.#state.instance(), this.#state.pointer, SET_PACKET_LOSS, percent);
  }

  /** @inheritdoc */
  close(): void {
    this.#state.close();
  }

  #check(input: PcmFrame): void {
    const { sampleRate, channels } = this.#settings;
    if (input.sampleRate !== sampleRate || input.channels !== channels) {
      const got = `${input.sampleRate} Hz with ${input.channels} channels`;
      throw new SeaMeetError("codec", `Opus encoder of ${sampleRate} Hz with ${channels} channels got ${got}`);
    }
    if (input.samples.length !== this.#samples * channels) {
      const text = `Opus encoder needs ${this.#samples} samples per channel, got ${input.samples.length / channels}`;
      throw new SeaMeetError("codec", text);
    }
  }

  #initialise(instance: LibopusInstance, state: number): void {
    const { sampleRate, channels, application, complexity, dtx, fec } = this.#settings;
    instance.call(
      "make an encoder",
      () => instance.exports.opus_encoder_init(state, sampleRate, channels, APPLICATION[application]),
    );
    set(instance, state, SET_BITRATE, this.#bitrate);
    set(instance, state, SET_COMPLEXITY, complexity);
    set(instance, state, SET_INBAND_FEC, fec ? 1 : 0);
    set(instance, state, SET_PACKET_LOSS, this.#packetLoss);
    set(instance, state, SET_DTX, dtx ? 1 : 0);
    // Keeps to the speech coder, the only one with redundancy (RFC 6716 section 2.1.7).
    if (application === "voip") set(instance, state, SET_SIGNAL, SIGNAL_VOICE);
  }
}

function set(instance: LibopusInstance, state: number, request: number, value: number): void {
  instance.call("be set up", () => instance.exports.opus_encoder_ctl_set(state, request, Math.round(value)));
}
