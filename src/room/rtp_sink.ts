import type { PooledPacket } from "../base/packet_pool.ts";
import type { Millis } from "../base/time.ts";

/** Where rewritten packets go: the receiver's media path. */
export interface RtpSink {
  /** Media can be sent now. */
  readonly canSend: boolean;
  /** How much waits on the way to the receiver, a `Backlog`. */
  readonly backlog: number;
  /** The same for screens, which the other pictures pass. */
  readonly screenBacklog: number;
  /** Takes a plain packet over, to encrypt and send it. */
  sendRtp(packet: PooledPacket, now: Millis): void;
  /** Gives back what waits of a line and its repairs: it would be shown as somebody else's. */
  discard(ssrc: number, rtxSsrc: number | undefined): void;
  /** Counts a picture that is left out because of the backlog. */
  leftOut(reason: string): void;
}

/** What a receiver's path allows of repairs. */
export interface RepairPath {
  /** The path is limited: nothing is sent again that a keyframe has made useless. */
  readonly paces: boolean;
  /** Says whether there is room for `bytes` of repairs, and counts them. */
  mayRepair(bytes: number, now: Millis): boolean;
  /** Counts what is not sent again. */
  refused(reason: string): void;
}
