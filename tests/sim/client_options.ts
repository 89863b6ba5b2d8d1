import type { TrackSource } from "../../src/room/track_source.ts";
import type { Permission } from "../../src/signaling/messages.ts";
import type { LinkConditions } from "./link.ts";
import type { PictureEncoder, SenderStart } from "./media_sender.ts";
import type { SimClient } from "./sim_client.ts";

/** What a client is and does; everything has a usable default. */
export interface ClientOptions {
  readonly room?: string;
  /** `pool`: the basic protocol; `track_map`: ours. */
  readonly kind?: "pool" | "track_map";
  /** Own devices; none: it only watches. */
  readonly publish?: readonly TrackSource[];
  /** How loud its microphone is at first: 0 loudest … 127 silent; loud by default. */
  readonly audioLevel?: number;
  /** Both directions of its path. */
  readonly link?: Partial<LinkConditions>;
  /** Somebody whose bottleneck towards it it shares. */
  readonly behind?: SimClient;
  /** Where sequence number, timestamp and picture id of its tracks start; random otherwise. */
  readonly start?: Partial<SenderStart>;
  /** Shows a certificate that its offer does not announce. */
  readonly wrongCertificate?: boolean;
  /** Leaves SSRCs out of its offers. */
  readonly hidesSsrcs?: boolean;
  /** How far its wall clock is off. */
  readonly clockOffsetMs?: number;
  /** Fields added to its `join`. */
  readonly join?: Readonly<Record<string, unknown>>;
  /** An id used before, for somebody who comes back. */
  readonly as?: SimClient;
  /** What the gate lets it do; what the world says otherwise. */
  readonly permissions?: readonly Permission[];
  /** Camera encodings in bits per second, worst first; several are sent as simulcast with temporal layers. */
  readonly encodings?: readonly number[];
  /** A screen of its own make; a small stream without it. */
  readonly screen?: { readonly bps: number; readonly fps: number; readonly keyframeBytes: number };
  /** Pictures a second of those, 25 by default. */
  readonly fps?: number;
  /** Makes the real pictures of a camera encoding, 0 the lowest. */
  readonly encoders?: readonly PictureEncoder[];
  /** Sends no transport-wide feedback and no estimate, as old or odd receivers do. */
  readonly mute?: boolean;
  /** Sends sound with redundancy (RED), and takes it. */
  readonly red?: boolean;
  /** Joins, but makes no peer connection. */
  readonly silent?: boolean;
}

/** A client that can come back to its session. */
export const RESUMING = { kind: "track_map", join: { capabilities: ["track_map", "resume"] } } as const;
