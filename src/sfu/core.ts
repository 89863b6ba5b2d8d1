import type { ConnectionId, PeerId, RoomId } from "../base/ids.ts";
import type { Counters } from "../base/counters.ts";
import type { Logger } from "../base/log.ts";
import type { PacketPool } from "../base/packet_pool.ts";
import type { RandomSource } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import type { TimerQueue } from "../base/timer_queue.ts";
import type { Candidate } from "../sdp/candidate.ts";
import type { ErrorReason } from "../signaling/errors.ts";
import { ERROR_CODES } from "../signaling/errors.ts";
import type { ServerMessage } from "../signaling/messages.ts";
import { isNumbered, sizeOfNumbered } from "../signaling/numbered.ts";
import type { CipherProvider } from "../transport/cipher_provider.ts";
import type { PeerIndex } from "../transport/peer_index.ts";
import { type ConnectionState, LOCAL_CONNECTION, type Member, type Room } from "./member.ts";
import type { LoadControl } from "./load_control.ts";
import type { Outbox } from "./outbox.ts";
import type { Peer } from "./peer.ts";

/** Bounds of one core; every one of them protects memory or the other calls. */
export interface SfuLimits {
  /** Members of one room. */
  readonly maxRoomMembers: number;
  /** Rooms at a time. */
  readonly maxRooms: number;
  /** Chat messages a room keeps; 0 for as many as fit its bytes. */
  readonly maxChatHistory: number;
  /** Lines for microphones that a receiver has at most, 0 for one of each; {@linkcode DEFAULT_AUDIO_SLOTS} when left out. */
  readonly audioSlots?: number;
  /** Cameras that a receiver is sent at most, 0 for all; {@linkcode DEFAULT_LAST_N} when left out. */
  readonly lastN?: number;
  /** Members that are kept without a connection; 2,000 by default. */
  readonly maxAwayMembers?: number;
}

/** What a core is made with. */
export interface SfuOptions {
  /** Where random bytes come from. */
  readonly random: RandomSource;
  /** Encrypts and decrypts media. */
  readonly ciphers: CipherProvider;
  /** Packet buffers; the same as of whoever feeds datagrams. */
  readonly pool: PacketPool;
  /** SHA-256 fingerprint of the certificate that every DTLS endpoint shows. */
  readonly fingerprint: string;
  /** Where clients reach the media sockets now; asked for at each answer, since addresses come and go. */
  readonly candidates: () => readonly Candidate[];
  /** Bounds. */
  readonly limits: SfuLimits;
  /** Milliseconds since 1970 when the core's clock read 0; sender reports carry wall-clock time. */
  readonly unixOriginMs: number;
  /** Whether members must encrypt from end to end, and until when they must have said so. */
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: Millis };
  /** Where log lines go. */
  readonly logger: Logger;
  /** Bits per second assumed of a receiver's path before anything is known about it; 1 Mbit/s by default. */
  readonly initialBitrateBps?: number;
}

/** Things that wait in the core's one timer queue. */
export type CoreTimer = Peer | Room | Member;

/** The state that the parts of the core share; `Sfu` owns it. */
export interface Core {
  readonly options: SfuOptions;
  readonly outbox: Outbox;
  readonly index: PeerIndex;
  readonly peers: Map<PeerId, Peer>;
  readonly rooms: Map<RoomId, Room>;
  readonly connections: Map<ConnectionId, ConnectionState>;
  /** Members whose connection was lost and that may come back to their session. */
  readonly away: Set<Member>;
  /** Secrets of members that were removed, who may not have heard of it, oldest first. */
  readonly removed: Set<string>;
  readonly timers: TimerQueue<CoreTimer>;
  /** Everything dropped or refused, by reason. */
  readonly drops: Counters;
  /** How much of the cameras is sent. */
  readonly load: LoadControl;
  /** Number of the next peer. */
  nextPeerId: number;
}

/**
 * Queues a message for a member; one that lives in this process gets none. To a member that is away nothing is sent:
 * when it comes back it gets the state as it is then, and of what is no state all that it has missed.
 */
export function send(core: Core, member: Member, message: ServerMessage): void {
  if (member.isLocal) return;
  if (member.replay !== undefined && isNumbered(message)) member.replay.add(message, sizeOfNumbered(message));
  if (member.isAway) return;
  core.outbox.push({ kind: "message", to: member.connection, message });
}

/** Refuses a request: the client gets the coded error, the reason is counted, nothing else changes. */
export function refuse(
  core: Core,
  to: ConnectionId,
  reason: ErrorReason,
  message: string,
  about: { room_id?: RoomId | undefined; request?: string | undefined } = {},
): void {
  core.drops.add(reason);
  if (to === LOCAL_CONNECTION) return;
  core.outbox.push({
    kind: "message",
    to,
    message: { type: "error", code: ERROR_CODES[reason], reason, message, ...about },
  });
}
