import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { Grant } from "../../sfu/member.ts";
import type { LoadChange, MembershipChange } from "../../sfu/outputs.ts";
import type { SfuSnapshot } from "../../sfu/snapshot.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import type { EndpointStats } from "../udp_socket.ts";

/** A connection as a host needs it: somewhere to send text and to close. */
export interface HostConnection {
  readonly id: ConnectionId;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Which engine moves the packets, and why this one. */
export interface EngineChoice {
  /** Which one it is. */
  readonly name: "native" | "portable";
  /** The reason, as a sentence for people. */
  readonly why: string;
}

/** What a host knows of itself. */
export interface HostReport extends SfuSnapshot {
  /** The media sockets' counters. */
  readonly sockets: EndpointStats;
}

/** Hears what happens in a host's rooms, in the order in which it happened. */
export interface HostListener {
  onEvent(event: RoomEvent): void;
  onMembership(change: MembershipChange): void;
  /** It has begun to send less video, or more again, because of how busy its thread is. */
  onLoad?(change: LoadChange): void;
}

/**
 * One core that carries rooms: in the main thread (`SfuHost`), where everything is answered at once, or in a worker
 * (`WorkerHost`), where answers are promises. No promise of a host is ever rejected.
 */
export interface RoomHost {
  /** `main`, or `worker 0` and so on. */
  readonly name: string;
  /** Says whether it can take a room now; a worker that has ended cannot until it has been started again. */
  readonly running: boolean;
  /** Media port of all its sockets. */
  readonly udpPort: number;
  /** Local addresses of its media sockets. */
  readonly addresses: readonly string[];
  readonly engine: EngineChoice;
  /** Datagrams sent a second, as last measured; 0 where nobody compares. */
  readonly packetsPerSecond: number;
  /** Takes a connection whose messages will follow. */
  addConnection(connection: HostConnection): void;
  /** A connection is gone; with `lost` its client may come back to its sessions. */
  removeConnection(id: ConnectionId, lost?: boolean): void;
  /** A join that was let in; once it is settled, the listener has heard of the membership it led to. */
  join(from: ConnectionId, message: JoinMessage, grant: Grant): void | Promise<void>;
  /** Any other message; answers whether the core took it, or `undefined` when an error of ours kept it from that. */
  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): Accepted | Promise<Accepted>;
  /** Takes a participant out of a room; answers whether it was there. */
  removeParticipant(room: RoomId, participant: ParticipantId): boolean | Promise<boolean>;
  /** Rooms and counters now; with `room` of that one room only. `undefined` while it is not running. */
  report(room?: RoomId): HostReport | undefined | Promise<HostReport | undefined>;
  /** Says goodbye to everybody, ends all media, closes the sockets. */
  close(): Promise<void>;
}

/** Whether a message was taken; `undefined`: an error of ours kept it from being handled. */
export type Accepted = boolean | undefined;
