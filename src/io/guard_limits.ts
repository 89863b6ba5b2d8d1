import type { Millis } from "../base/time.ts";
import { MAX_FRAME_BYTES } from "../signaling/limits.ts";

/** What the guard allows; every value bounds memory or time that a stranger can hold. */
export interface GuardLimits {
  /** TCP connections at once. */
  readonly maxConnections: number;
  /** TCP connections at once from one IPv4 address or IPv6 /64; trusted proxies count by the address they forward. */
  readonly maxConnectionsPerAddress: number;
  /** Connections at once that have not sent a request yet, or not another one; beyond it see `Crowd`. */
  readonly maxSilent: number;
  /** WebSockets at once that the host has not let in (`SignalingConnection.welcome`); beyond it see `Crowd`. */
  readonly maxStrangers: number;
  /** Bytes of one request's head. */
  readonly maxHeadBytes: number;
  /** From accepting, or from the first byte of a later request, to the end of the head. */
  readonly headTimeoutMs: Millis;
  /** Bytes of one request's body. */
  readonly maxBodyBytes: number;
  /** From the end of the head to the end of the body. */
  readonly bodyTimeoutMs: Millis;
  /** Silence after which a kept-alive HTTP connection ends. */
  readonly idleTimeoutMs: Millis;
  /** Bytes of one WebSocket message, all its fragments together. */
  readonly maxMessageBytes: number;
  /** The same for a client that the host has not let in yet (`SignalingConnection.welcome`). */
  readonly maxFirstMessageBytes: number;
  /** Fragments of one message. */
  readonly maxFragments: number;
  /** From the first to the last byte of a message. */
  readonly messageTimeoutMs: Millis;
  /** Bytes of unfinished messages over all connections; beyond it the connection that holds most is cut. */
  readonly maxUnfinishedBytes: number;
  /** Ping, pong and close frames of one client within `controlWindowMs`. */
  readonly maxControlFrames: number;
  /** The window of `maxControlFrames`. */
  readonly controlWindowMs: Millis;
  /** Silence of a WebSocket client after which it is pinged, and again after which it is cut. */
  readonly pingAfterMs: Millis;
  /** How long one piece of an answer may wait for the client to read. */
  readonly stallTimeoutMs: Millis;
  /** How long a connection that is ending may take to hang up. */
  readonly lingerMs: Millis;
}

/** Limits that real browsers and proxies stay well inside of. */
export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  maxConnections: 2_000, // three descriptors each; Deno raises its own limit to the hard one
  maxConnectionsPerAddress: 256, // a class or an office behind one address: a socket and a few requests each
  maxSilent: 128, // a first request takes one round trip, and whoever loses an idle connection opens another
  maxStrangers: 128, // a join takes one round trip and the application's check; 60 kB each
  maxHeadBytes: 16_384, // what common servers allow; cookies of other apps on the host fit
  headTimeoutMs: 10_000, // browsers open sockets ahead of need and retry when those are gone
  maxBodyBytes: 65_536, // nothing here takes a body; room for an application's own small requests
  bodyTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  maxMessageBytes: MAX_FRAME_BYTES, // an offer for some 95 participants
  maxFirstMessageBytes: 32_768, // a join with the largest token that proxies let through in a header
  maxFragments: 256, // Chromium splits a large message into a handful
  messageTimeoutMs: 20_000, // the largest message over 210 kbit/s
  maxUnfinishedBytes: 33_554_432,
  maxControlFrames: 100, // browsers only answer pings, two a minute
  controlWindowMs: 10_000,
  pingAfterMs: 30_000,
  stallTimeoutMs: 15_000,
  lingerMs: 2_000,
};
