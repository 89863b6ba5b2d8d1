/**
 * RTP and RTCP: packets as objects, compound RTCP, a jitter buffer that waits, a sender that numbers. Pure.
 *
 * @example
 * ```ts
 * import { parseRtcp, writeRtcp } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(1_200);
 * const length = writeRtcp([{ kind: "rr", ssrc: 1, reports: [] }, { kind: "pli", senderSsrc: 1, mediaSsrc: 2 }], bytes);
 * assertEquals(parseRtcp(bytes, length)?.map(({ kind }) => kind), ["rr", "pli"]);
 * ```
 *
 * @module
 */
export { PT_AUDIO, PT_VIDEO, RtpPacket, type RtpPacketFields } from "./src/rtp/rtp_packet.ts";
export {
  type Bye,
  type ExtendedReport,
  type FullIntraRequest,
  type Nack,
  type OtherRtcp,
  parseRtcp,
  type PictureLoss,
  type ReceiverEstimate,
  type ReceiverReport,
  type ReportBlock,
  type RtcpPacket,
  type SdesItem,
  type SenderReport,
  type SourceDescription,
  type TransportWideFeedback,
  writeRtcp,
  type XrBlock,
  type XrDelay,
} from "./src/rtp/rtcp.ts";
export {
  JitterBuffer,
  type JitterBufferEvent,
  type JitterBufferOptions,
  type JitterBufferStats,
  type SequencedPacket,
} from "./src/processing/jitter_buffer.ts";
export { RtpSender, type RtpSenderStats } from "./src/processing/rtp_sender.ts";
export { type ChannelPacket, type RtpChannel, rtpChannel } from "./src/processing/rtp_channel.ts";
export type { OutboundPacket } from "./src/processing/outbound_packet.ts";
export type { Millis } from "./src/base/time.ts";
export type { NtpTime } from "./src/base/time.ts";
