import type { CodecName } from "./capabilities.ts";
import type { Direction } from "./session_description.ts";

/** A codec that both sides have, with the offerer's payload numbers. */
export interface SdpCodec {
  /** Its name in `a=rtpmap`. */
  name: CodecName;
  /** Its payload number, 0 … 127. */
  payloadType: number;
  /** Payload number of its retransmissions (RFC 4588). */
  rtxPayloadType?: number;
  /** For RED (RFC 2198): payload number of the codec inside. */
  encloses?: number;
  /** Clock rate in hertz. */
  clockRateHz: number;
  /** Channels of an audio codec. */
  channels?: number;
  /** Parameters as the answer has them; two codecs are the same when name and this are. */
  fmtp: string;
  /** RTCP feedback that both sides have, such as `nack pli`. */
  feedback: string[];
}

/** One m-line of an offer and what becomes of it. */
export interface MediaSection {
  /** Position, from 0. */
  index: number;
  /** `a=mid`; empty only where a rejected m-line has none. */
  mid: string;
  /** Everything that is neither audio nor video counts as `application` and is rejected. */
  kind: "audio" | "video" | "application";
  /** The direction the client offers, from its point of view. */
  offered: Direction;
  /** The direction of the answer, from our point of view. */
  answered: Direction;
  /** We shall get media on it. */
  clientSends: boolean;
  /** We may send media on it. */
  clientReceives: boolean;
  /** It is answered with port 0: the client stopped it, or it is no audio or video. */
  rejected: boolean;
  /** What was negotiated, in our order; empty: it is answered `inactive`. */
  codecs: SdpCodec[];
  /** Ids of the header extensions negotiated, by URI. */
  extensions: Map<string, number>;
  /** URIs of those that were offered for what the client sends only. */
  sentExtensions: Set<string>;
  /** Primary ssrcs announced by the client, in order. */
  ssrcs: number[];
  /** Primary ssrc -> ssrc of its retransmissions. */
  rtxSsrcs: Map<number, number>;
  /** Ids of the simulcast encodings that the client may send, in the order of the offer; fewer than two are none. */
  rids: string[];
  /** First word of `a=msid`: the stream, `-` for none. */
  msidStream?: string;
  /** `a=msid` as offered, echoed in the answer. */
  msid?: string;
  /** The m-line's media word, for the answer. */
  media: string;
  /** The m-line's protocol, for the answer. */
  protocol: string;
  /** What the m-line lists if nothing was negotiated. */
  fallbackFormat: string;
  /** `a=rtpmap` of the fallback format, if it has one. */
  fallbackMap?: string;
}
