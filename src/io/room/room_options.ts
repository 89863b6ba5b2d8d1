import type { Logger } from "../../base/log.ts";
import type { Authenticate } from "../hooks.ts";
import type { EngineKind } from "../native/choose_engine.ts";
import type { RoomCodecs } from "./codec_set.ts";

/** How a room reads and writes media; also of a room inside a server. */
export interface RoomMediaOptions {
  /** Milliseconds of sound in one packet that is made here (default 20). */
  readonly audioFrameMs?: 10 | 20 | 40 | 60;
  /** Channels of decoded and of processed sound (default 1). */
  readonly audioChannels?: 1 | 2;
  /** Bits per second of processed sound (default 48,000). */
  readonly audioBitrate?: number;
  /** Pictures per second, at most, that are made here (default 30). */
  readonly videoFps?: number;
  /** Kilobits per second of processed pictures (default 1,000). */
  readonly videoBitrateKbps?: number;
  /** Codecs of the application's own; those of this package otherwise, loaded when first needed. */
  readonly codecs?: RoomCodecs;
  /** How many events wait for a slow subscriber before it loses the oldest (256). */
  readonly eventBuffer?: number;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

/** Options of `new Room`. */
export interface RoomOptions extends RoomMediaOptions {
  /** The id that clients join under, `join.room_id` (default: a random UUID). */
  readonly name?: string;
  /** Members at a time, bots included (unlimited up to what one machine can carry: 1,000). */
  readonly maxParticipants?: number;
  /** Media port, the same on every local address; 0 (the default) picks a free one. */
  readonly udpPort?: number;
  /** Addresses under which clients reach the media port from outside. */
  readonly publicIp?: string | readonly string[];
  /** Local addresses to open media sockets on; every usable one by default. */
  readonly mediaAddresses?: readonly string[];
  /** What moves and encrypts packets (`auto`). */
  readonly engine?: EngineKind;
  /** Decides who may join; everybody whose connection the application added may by default. */
  readonly authenticate?: Authenticate;
}

/** The options of a room, all of them. */
export interface RoomMediaSettings {
  readonly frameMs: 10 | 20 | 40 | 60;
  readonly channels: 1 | 2;
  readonly fps: number;
  readonly audioBitrate: number;
  readonly videoBitrateKbps: number;
}

/** Defaults put in. */
export function mediaSettings(options: RoomMediaOptions): RoomMediaSettings {
  return {
    frameMs: options.audioFrameMs ?? 20,
    channels: options.audioChannels ?? 1,
    fps: options.videoFps ?? 30,
    audioBitrate: options.audioBitrate ?? 48_000,
    videoBitrateKbps: options.videoBitrateKbps ?? 1_000,
  };
}
