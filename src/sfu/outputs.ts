import type { ConnectionId, ParticipantId, PeerId, RoomId } from "../base/ids.ts";
import type { RoomEvent } from "../room/room_events.ts";
import type { LocalTrack } from "./local_track.ts";
import type { CloseReason } from "../signaling/errors.ts";
import type { ServerMessage } from "../signaling/messages.ts";

/** A connection has become a member of a room, or is none any more. */
export interface MembershipChange {
  /** The connection. */
  readonly connection: ConnectionId;
  /** The participant. */
  readonly participant: ParticipantId;
  /** The room. */
  readonly roomId: RoomId;
  /** `false` when the membership has ended, also when another connection takes it over. */
  readonly joined: boolean;
  /** The same membership goes on over another connection; `joined` says which of the two this is. */
  readonly resumed?: boolean;
}

/** The core has begun to send less, or more again, because of how busy its thread is. */
export interface LoadChange {
  /** 0: everything is sent; each step above that leaves out more. */
  readonly step: number;
  /** The highest step there is. */
  readonly steps: number;
  /** The load that brought it about: 1 is as much as can be done without delay. */
  readonly level: number;
  /** Cameras that each receiver is sent at most; 0: all. */
  readonly lastN: number;
}

/** Everything rare that the core asks of the world around it, in order. */
export type SfuOutput =
  /** Start or end a DTLS endpoint for a peer. */
  | { readonly kind: "dtls_open" | "dtls_close"; readonly peer: PeerId }
  /** A DTLS datagram came in for a peer; the bytes are the receiver's to keep. */
  | { readonly kind: "dtls_datagram"; readonly peer: PeerId; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Send a message; the same object may go to many connections, so it is encoded once. */
  | { readonly kind: "message"; readonly to: ConnectionId; readonly message: ServerMessage }
  /** Close a connection, after what was sent to it before. */
  | { readonly kind: "close"; readonly to: ConnectionId; readonly reason: CloseReason }
  /** Receivers of a track made in this process wait for a keyframe of it. */
  | { readonly kind: "keyframe_wanted"; readonly track: LocalTrack }
  /** Whoever knows several cores keeps an account of who is in which. */
  | { readonly kind: "membership"; readonly change: MembershipChange }
  /** Tell the application how busy this core is. */
  | { readonly kind: "load"; readonly change: LoadChange }
  /** Tell the application. */
  | { readonly kind: "event"; readonly event: RoomEvent };
