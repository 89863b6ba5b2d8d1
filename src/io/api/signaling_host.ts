import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import type { Grant } from "../../sfu/member.ts";
import type { Sfu } from "../../sfu/sfu.ts";
import type { SfuSnapshot } from "../../sfu/snapshot.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import type { HostConnection, HostListener } from "../workers/room_host.ts";

/** What runs the rooms behind a `SignalingState`: with media (`SfuHost`) or without (`RelayHost`). */
export interface SignalingHost {
  addConnection(connection: HostConnection): void;
  removeConnection(id: ConnectionId): void;
  join(from: ConnectionId, message: JoinMessage, grant: Grant): void;
  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): boolean | undefined;
  removeParticipant(room: RoomId, participant: ParticipantId): boolean;
  inside<T>(action: (sfu: Sfu, now: Millis) => T): T | undefined;
  observe(observer: HostListener): () => void;
  report(room?: RoomId): SfuSnapshot;
  flush(): void;
  close(): Promise<void>;
}
