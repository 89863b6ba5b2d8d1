import type { ParticipantId } from "../../base/ids.ts";
import type { Processor } from "../../processing/processor.ts";
import type { WsSignaling } from "../peer/ws_signaling.ts";
import { RoomMembership } from "./room_membership.ts";
import type { RoomOptions } from "./room_options.ts";

/** Which room on another seameet server a `Room` takes part in. */
export interface AddMembershipOptions {
  /** A connection to that server, `await WsSignaling.connect(url)`; the membership owns it from here on. */
  readonly signaling: WsSignaling;
  /** Who we are there (default: a random id). */
  readonly id?: string;
  /** The room's id there (default: the id of the room that this is called on). */
  readonly room?: string;
  /** The name shown to others there. */
  readonly displayName?: string;
  /** Credential for that server's own check. */
  readonly token?: string;
  /** Whether a lost connection is made again (default: yes). */
  readonly reconnect?: boolean;
  /** What is done to the media of each participant there before we read it (default: nothing). */
  readonly processor?: Processor;
}

/** What the room that asks for a membership says of itself. */
export interface OutsideHost {
  readonly roomId: string;
  readonly options: RoomOptions;
  /** Gets what the processor emits. */
  readonly onEvent: (event: unknown, participant: ParticipantId) => void;
}

/** Joins a room of another server over a connection that is open already. @throws {SeaMeetError} as `joinRoom` */
export async function joinOutside(options: AddMembershipOptions, host: OutsideHost): Promise<RoomMembership> {
  const { signaling, room = host.roomId, ...who } = options;
  const { url, socket } = signaling.detach();
  try {
    return await RoomMembership.join({ ...mediaOptionsOf(host.options), ...who, url, room }, socket, host.onEvent);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** What counts for reading and writing media; what a room's own port and members need does not. */
function mediaOptionsOf(options: RoomOptions) {
  const { name: _, maxParticipants: _1, udpPort: _2, publicIp: _3, mediaAddresses: _4, authenticate: _5, ...media } =
    options;
  return media;
}
