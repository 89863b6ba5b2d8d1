import type { TransceiverLike } from "./ports.ts";

/** A codec as the browser describes it; only its name counts here. */
export type CodecCapability = RTCRtpCodec;

/** The codecs that a camera can be sent in. */
export type VideoCodec = "vp8" | "vp9" | "av1";

/** What the browser can send, of one kind; nothing where it does not say. */
export function browserCodecs(kind: "audio" | "video"): readonly CodecCapability[] {
  return globalThis.RTCRtpSender?.getCapabilities?.(kind)?.codecs ?? [];
}

/** Says whether a codec is among them; `mimeType` in lower case. */
export function hasCodec(codecs: readonly CodecCapability[], mimeType: string): boolean {
  return codecs.some((codec) => codec.mimeType.toLowerCase() === mimeType);
}

/**
 * Makes one codec the first in the offer for a line, which is what will be sent on it; the others stay as alternatives.
 *
 * @returns `false` when the browser does not have it, or does not let us choose.
 */
export function preferCodec(line: TransceiverLike, codecs: readonly CodecCapability[], mimeType: string): boolean {
  const isWanted = (codec: CodecCapability) => codec.mimeType.toLowerCase() === mimeType;
  const wanted = codecs.filter(isWanted);
  if (wanted.length === 0 || line.setCodecPreferences === undefined) return false;
  line.setCodecPreferences([...wanted, ...codecs.filter((codec) => !isWanted(codec))]);
  return true;
}
