import type { ParticipantId, RoomId } from "../base/ids.ts";
import { browserCodecs, type CodecCapability, type VideoCodec } from "./codec_preferences.ts";
import type { E2eeOptions } from "./e2ee/types.ts";
import { watchBrowserNetwork } from "./network.ts";
import type { WebSocketLike } from "../signaling/web_socket.ts";
import type { PeerConnectionLike } from "./ports.ts";
import { browserScheduler, type Scheduler } from "./scheduler.ts";
import type { VideoConfig } from "./types.ts";

/** Everything a client takes from its surroundings; tests hand in their own. */
export interface ClientEnvironment {
  /** Makes a WebSocket; the browser's own by default. */
  readonly createSocket: (url: string) => WebSocketLike;
  /** Makes a peer connection; the browser's own by default. */
  readonly createPeerConnection: (configuration: RTCConfiguration) => PeerConnectionLike;
  /** The codecs that can be sent, of one kind; the browser's own list by default. */
  readonly codecs: (kind: "audio" | "video") => readonly CodecCapability[];
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** A number from 0 up to 1, for the spread of retries. */
  readonly random: () => number;
  /** Milliseconds since 1970, for chat. */
  readonly now: () => number;
  /** Calls back when the network is another one, or there again; returns what ends that. */
  readonly watchNetwork: (onChange: () => void) => () => void;
}

/** How and where to join. */
export interface ConnectOptions {
  /** Address of the server, such as `wss://meet.example.org/`. */
  readonly url: string;
  /** The room's name. */
  readonly roomId: RoomId;
  /** The name that others see. */
  readonly displayName: string;
  /** The application's credential, where the server asks for one. */
  readonly token?: string;
  /** Our id, a UUID; a random one by default. */
  readonly participantId?: ParticipantId;
  /** The microphone to start with. The caller stays its owner and stops it. */
  readonly audioTrack?: MediaStreamTrack | null;
  /** The camera to start with. The caller stays its owner and stops it. */
  readonly videoTrack?: MediaStreamTrack | null;
  /** Starts with the microphone muted. */
  readonly muted?: boolean;
  /** Settings of the camera picture, 640×480 at 24 by default. */
  readonly videoConfig?: VideoConfig;
  /** Sends the camera in three sizes, so that each viewer gets what it can use; true by default. */
  readonly simulcast?: boolean;
  /**
   * Sends the camera in this codec, `vp8` by default, which everybody can decode. `vp9` and `av1` are sent as one stream
   * of spatial layers in place of three sizes, sharper for the same bits, where the browser can (Chromium); they take more
   * of the processor. Not every browser decodes AV1, and it cannot be encrypted from end to end. A browser that cannot
   * send the codec sends VP8.
   */
  readonly videoCodec?: VideoCodec;
  /**
   * Sends sound with redundancy (RFC 2198), so that single lost packets are not heard; true by default. It takes some
   * 40 kbit/s more. Not with end-to-end encryption, where nobody could take it apart for those who need plain Opus.
   */
  readonly redundantAudio?: boolean;
  /** STUN and TURN servers; none are needed where the server's UDP port can be reached. */
  readonly iceServers?: RTCIceServer[];
  /** End-to-end encryption; off by default. */
  readonly e2ee?: E2eeOptions;
  /** Replaces parts of the browser. */
  readonly environment?: Partial<ClientEnvironment>;
}

/** The browser's own environment. */
export function browserEnvironment(): ClientEnvironment {
  return {
    createSocket: (url) => new WebSocket(url),
    createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
    codecs: browserCodecs,
    scheduler: browserScheduler(),
    random: Math.random,
    now: Date.now,
    watchNetwork: watchBrowserNetwork,
  };
}
