import type { ConnectionId, ParticipantId, RoomId } from "../base/ids.ts";
import { ReplayLog } from "../base/replay_log.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { Participant } from "../room/participant.ts";
import type { Wish } from "../room/video_line.ts";
import type { RoomState } from "../room/room_state.ts";
import type { TrackSource } from "../room/track_source.ts";
import {
  MAX_REPLAYED_BYTES,
  MAX_REPLAYED_MESSAGES,
  REACTION_BURST,
  REACTIONS_PER_SECOND,
} from "../signaling/limits.ts";
import type { ChatMessage, Permission } from "../signaling/messages.ts";
import type { NumberedMessage } from "../signaling/numbered.ts";
import type { Core } from "./core.ts";
import { FreeSlots } from "./free_slots.ts";
import type { LocalListener } from "./local_listener.ts";
import type { Peer } from "./peer.ts";
import { PoolModel } from "./pool_model.ts";
import { PublishedLayers } from "./published_layers.ts";
import type { SlotAssigner } from "./slots.ts";

/** A room of the core, with everything the core knows of its members. */
export type Room = RoomState<Member, ChatMessage>;

/** What the gate lets a participant do, and as whom. */
export interface Grant {
  /** Replaces the name the client asked for. */
  readonly displayName?: string | undefined;
  /** What it may do. */
  readonly permissions: readonly Permission[];
  /** The application vouches that the participant id belongs to whoever joins, so it may replace a connection that uses it. */
  readonly ownsParticipant: boolean;
}

/** The connection of members that live in this process; real ones are numbered from 1. */
export const LOCAL_CONNECTION: ConnectionId = 0;

/** A participant together with its connection, its media path and what it may do. */
export class Member extends Participant {
  /** While it is away the one that was lost. */
  connection: ConnectionId;
  readonly room: Room;
  grant: Grant;
  /** The secret that a later join with the same id must show. */
  resume: string;
  /** What it must not miss, for clients that can come back to their session. */
  readonly replay: ReplayLog<NumberedMessage> | undefined;
  /** The secret before, good until the client shows that it has heard of this one. */
  formerResume: string | undefined;
  /** It has said something that it says only after a `ready`, and so has the secret. */
  hasAnswered = false;
  /** Counted messages of its own that were taken. */
  taken = 0;
  /** Since when it has no connection; `NEVER` while it has one. */
  awaySince: Millis = NEVER;
  /** Told whose track is on which line, so nothing has to be guessed. */
  readonly usesTrackMap: boolean;
  readonly slots: SlotAssigner;
  /** How many more reactions it may send. */
  readonly reactions: TokenBucket;
  /** What it can use of the others' tracks, by participant and source. */
  wishes: ReadonlyMap<string, Wish> = new Map();
  /** What it was told about the use of its own tracks. */
  readonly layers: PublishedLayers;
  /** There from the first offer until the media path ends. */
  peer: Peer | undefined;
  /** It has had a media path, which may have ended since. */
  hadPeer = false;
  /** A `request_renegotiation` waits for its offer. */
  renegotiationPending = false;
  /** How many pairs of lines were missing when the last such request was answered; 0 when it was looked at whether it helped. */
  linesAskedFor = 0;
  /** How many stayed missing after a request for them. */
  linesInVain = 0;
  /** The last `track_map` sent, so that the same is not sent twice. */
  lastTrackMap = "";
  /** Who in this process hears or sees what it sends. */
  readonly listeners: Set<LocalListener> = new Set();
  /** Sources that `trackPublished` was said for. */
  readonly announced: Set<TrackSource> = new Set();
  /** When the end-to-end key must have come. */
  e2eeDeadline: Millis = NEVER;
  /** When the application is told that the client has closed its media path, unless it has left by then. */
  farewellAt: Millis = NEVER;
  /** Kept by the core's timer queue. */
  wakeAt: Millis = NEVER;

  constructor(core: Core, options: {
    id: ParticipantId;
    displayName: string | undefined;
    connection: ConnectionId;
    room: Room;
    grant: Grant;
    resume: string;
    usesTrackMap: boolean;
    /** It can come back to its session after a lost connection. */
    resumes?: boolean;
  }, now: Millis) {
    super(options.id, options.displayName, now);
    this.connection = options.connection;
    this.room = options.room;
    this.grant = options.grant;
    this.resume = options.resume;
    this.usesTrackMap = options.usesTrackMap;
    this.replay = options.resumes === true ? new ReplayLog(MAX_REPLAYED_MESSAGES, MAX_REPLAYED_BYTES) : undefined;
    this.reactions = new TokenBucket(REACTION_BURST, REACTIONS_PER_SECOND, now);
    this.layers = new PublishedLayers(core, this);
    this.slots = options.usesTrackMap ? new FreeSlots() : new PoolModel();
  }

  /** It lives in this process: no connection, no media path, everything by calls. */
  get isLocal(): boolean {
    return this.connection === LOCAL_CONNECTION;
  }

  /** Its connection was lost, and it may come back. */
  get isAway(): boolean {
    return this.awaySince !== NEVER;
  }

  /** Says whether the gate allowed this. */
  may(permission: Permission): boolean {
    return this.grant.permissions.includes(permission);
  }
}

/** A connection as the core sees it: who it is and where it is a member. */
export interface ConnectionState {
  readonly id: ConnectionId;
  /** Fixed by the first successful join. */
  participant: ParticipantId | undefined;
  readonly members: Map<RoomId, Member>;
}
