/**
 * Media inside the server: processors and what is built in, jitter buffer, playing and sending of sound and pictures.
 * Everything here is pure: packets, frames and the time go in, frames and packets come out. No codec is loaded.
 *
 * @example A chain that makes a participant quieter and notes how loud it is
 * ```ts
 * import { gain, LevelMeter, ProcessorChain } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const meter = new LevelMeter();
 * const chain = new ProcessorChain([gain(-12), meter]);
 * chain.processAudio({ samples: new Float32Array(960).fill(1), sampleRate: 48_000, channels: 1 });
 * assertAlmostEquals(meter.dbov, -12, 0.01);
 * ```
 *
 * @module
 */
export type {
  AudioDecoder,
  AudioEncoder,
  Decoder,
  EncodedAudio,
  EncodedVideo,
  Encoder,
  PcmFrame,
  PixelFormat,
  RawVideoFrame,
  VideoDecoder,
  VideoEncoder,
} from "./frames.ts";
export { passthrough, type Processor, type ProcessorHint } from "./processor.ts";
export { ProcessorChain } from "./processor_chain.ts";
export type { ProcessorOutput } from "./run_processor.ts";
export { AudioFifo, type AudioFifoOptions } from "./audio_fifo.ts";
export { Gain, gain } from "./builtin/gain.ts";
export { LevelMeter } from "./builtin/level_meter.ts";
export { Mixer, type MixerOptions } from "./builtin/mixer.ts";
export { MuteGate } from "./builtin/mute_gate.ts";
export { recorderTap, type RecorderTapCallbacks } from "./builtin/recorder_tap.ts";
export { VoiceActivity, type VoiceActivityOptions } from "./builtin/voice_activity.ts";
export { SILENCE_DBOV, SpeechDetector, type SpeechDetectorOptions, type SpeechEvent } from "./speech_detector.ts";
export {
  JitterBuffer,
  type JitterBufferEvent,
  type JitterBufferOptions,
  type JitterBufferStats,
  type SequencedPacket,
} from "./jitter_buffer.ts";
export type { PlayedFrame, PlayoutStats } from "./audio_playout.ts";
export type { AssembledPicture, Depacketizer, InboundPacket } from "./depacketizer.ts";
export {
  type InboundAudioOptions,
  InboundAudioPipeline,
  type InboundVideoOptions,
  InboundVideoPipeline,
  type TimedPicture,
} from "./inbound_pipeline.ts";
export { type OutboundAudioOptions, OutboundAudioPipeline } from "./outbound_audio.ts";
export { type OutboundVideoOptions, OutboundVideoPipeline } from "./outbound_video.ts";
export { MAX_PAYLOAD_BYTES, type OutboundPacket } from "./outbound_packet.ts";
export { OpusPacketizer, type PacketizerStart } from "./opus_packetizer.ts";
export { AudioPassthrough } from "./audio_passthrough.ts";
export { RtpSender, type RtpSenderStats } from "./rtp_sender.ts";
export { type ChannelPacket, type RtpChannel, rtpChannel } from "./rtp_channel.ts";
export { Vp8Packetizer } from "./vp8_packetizer.ts";
export { Vp8Depacketizer } from "./vp8_depacketizer.ts";
export { Vp9Depacketizer } from "./vp9_depacketizer.ts";
export type { Millis, NtpTime } from "../base/time.ts";
export type { ReportBlock, SenderReport } from "../rtp/rtcp.ts";
