import type { SequencedPacket } from "./jitter_buffer.ts";

/** An RTP packet as pipelines and recorders take it; the payload is without padding. */
export interface InboundPacket extends SequencedPacket {
  /** Ends a picture; begins sound after silence. */
  readonly marker: boolean;
  /** What follows the RTP header, without padding. */
  readonly payload: Uint8Array;
}

/** One whole encoded picture, put together from packets. */
export interface AssembledPicture {
  /** A buffer of its own. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Decodable without any picture before it. */
  readonly isKeyframe: boolean;
  /** The RTP timestamp. */
  readonly timestamp: number;
  /** Pixels, said by the keyframe; those of the last keyframe otherwise. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** Puts pictures together from packets in order; what is missing shows as a gap in the numbers. */
export interface Depacketizer {
  /** Takes the next packet; gives the picture that it completes. */
  push(packet: InboundPacket): AssembledPicture | undefined;
  /** Pictures cannot be decoded until a keyframe comes: ask the sender for one. */
  readonly keyframeWanted: boolean;
  /** Pictures that were given up: incomplete, or not decodable because one before them is missing. */
  readonly dropped: number;
  /** Something was left out on purpose (a pause): pictures are wanted again from the next keyframe on. */
  reset(): void;
}

/** The largest encoded picture that is put together; a 4K keyframe has about 1 MB. */
export const MAX_PICTURE_BYTES: number = 4 * 1024 * 1024;
