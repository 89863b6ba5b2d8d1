import type { MediaKind } from "../../room/track_source.ts";

/** A packet of media as a `PeerConnection` hands it on. */
export interface PeerPacket {
  /** What follows the RTP header; a copy. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The RTP sequence number, counted on over its 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits, in ticks of the codec's clock. */
  readonly timestamp: number;
  /** Last packet of a picture; first one of a stretch of speech. */
  readonly marker: boolean;
  /** What the payload is: `opus`, `VP8` or another codec that was agreed on. */
  readonly codec: string;
}

/** What a `PeerConnection` tells. */
export type PeerEvent =
  /** Media can go both ways. */
  | { readonly type: "connected" }
  /** The media path has failed or ended; nothing comes after it. */
  | { readonly type: "disconnected"; readonly reason: string }
  /** A line was agreed on: media comes (`receive`) or can be written (`send`) there. */
  | {
    readonly type: "mediaAdded";
    readonly mid: string;
    readonly kind: MediaKind;
    readonly direction: "send" | "receive";
  }
  /** A packet has come. */
  | { readonly type: "rtpReceived"; readonly mid: string; readonly packet: PeerPacket }
  /** The other side needs a keyframe of what is written on a line. */
  | { readonly type: "keyframeRequest"; readonly mid: string };

/** One packet to send. */
export interface OutgoingRtp {
  /** The line, one with the direction `send`. */
  readonly mid: string;
  /** What follows the RTP header: 1,200 bytes at most. */
  readonly payload: Uint8Array;
  /** 32 bits, in ticks of the codec's clock. */
  readonly timestamp: number;
  /** Last packet of a picture; first one of a stretch of speech. */
  readonly marker: boolean;
  /** How loud it is, 0 loudest … 127 silence (RFC 6464). */
  readonly audioLevel?: number;
}

/** One role of a connection: the side that offers, or the one that answers. */
export interface PeerSide {
  addIceCandidate(candidate: string): void;
  writeRtp(packet: OutgoingRtp): boolean;
  requestKeyframe(mid: string): void;
  close(): Promise<void>;
}
