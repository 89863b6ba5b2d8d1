import type { SeaMeetErrorCode } from "../../base/errors.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { SfuLimits } from "../../sfu/core.ts";
import type { Grant } from "../../sfu/member.ts";
import type { LoadChange, MembershipChange } from "../../sfu/outputs.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import type { EngineKind } from "../native/choose_engine.ts";
import type { Accepted, EngineChoice, HostReport } from "./room_host.ts";

/** What a core is started with: values only, so that they can go to another thread. */
export interface HostSettings {
  /** Engine that is asked for. */
  readonly engine: EngineKind;
  /** Local addresses to open media sockets on; `undefined`: every usable one, followed as they come and go. */
  readonly mediaAddresses: readonly string[] | undefined;
  /** Media port of all of them; 0 picks a free one. */
  readonly udpPort: number;
  /** Addresses announced beside the local ones, first. */
  readonly publicIps: readonly string[];
  readonly limits: SfuLimits;
  /** What a receiver's path is taken to carry before anything is known of it; the engine's default when left out. */
  readonly initialBitrateBps?: number | undefined;
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: number };
}

/** What the main thread sends a worker; several at a time, as an array, in order. No media is among it. */
export type WorkerRequest =
  | { readonly kind: "start"; readonly name: string; readonly settings: HostSettings }
  | { readonly kind: "connect"; readonly id: ConnectionId }
  | { readonly kind: "disconnect"; readonly id: ConnectionId; readonly lost: boolean }
  | WorkerCall & { readonly call: number };

/** A request that is answered. */
export type WorkerCall =
  | { readonly kind: "join"; readonly from: ConnectionId; readonly message: JoinMessage; readonly grant: Grant }
  | { readonly kind: "message"; readonly from: ConnectionId; readonly message: Exclude<ClientMessage, JoinMessage> }
  | { readonly kind: "remove"; readonly room: RoomId; readonly participant: ParticipantId }
  | { readonly kind: "report"; readonly room: RoomId | undefined }
  | { readonly kind: "ping" | "close" };

/** What a worker answers to a call; which fields are there depends on the call. */
export interface WorkerAnswer {
  readonly kind: "answer";
  readonly call: number;
  /** `message`, `remove`. */
  readonly accepted?: Accepted;
  /** `report`. */
  readonly report?: HostReport;
  /** `ping`: datagrams sent so far. */
  readonly sent?: number;
  /** `ping`: the addresses of its sockets now. */
  readonly addresses?: readonly string[];
}

/** What a worker sends the main thread; several at a time, as an array, in order. */
export type WorkerReply =
  | {
    readonly kind: "started";
    readonly udpPort: number;
    readonly addresses: readonly string[];
    readonly engine: EngineChoice;
  }
  | { readonly kind: "failed"; readonly code: SeaMeetErrorCode; readonly message: string }
  | { readonly kind: "text"; readonly to: ConnectionId; readonly text: string }
  | { readonly kind: "end"; readonly to: ConnectionId; readonly code: number; readonly reason: string }
  | { readonly kind: "event"; readonly event: RoomEvent }
  | { readonly kind: "membership"; readonly change: MembershipChange }
  | { readonly kind: "load"; readonly change: LoadChange }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly module: string;
    readonly message: string;
    readonly fields: LogFields;
  }
  | WorkerAnswer;
