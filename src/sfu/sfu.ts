import type { ConnectionId, ParticipantId } from "../base/ids.ts";
import { Counters } from "../base/counters.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import type { Millis } from "../base/time.ts";
import { TimerQueue } from "../base/timer_queue.ts";
import type { ClientMessage, JoinMessage } from "../signaling/messages.ts";
import { demux } from "../transport/demux.ts";
import type { DtlsEvent } from "../transport/dtls_port.ts";
import { PATH_HELD } from "../transport/ice_lite.ts";
import { Path } from "../transport/path.ts";
import { PeerIndex } from "../transport/peer_index.ts";
import { stunLocalUfrag } from "../transport/stun_message.ts";
import { broadcastStatus } from "./broadcast.ts";
import { type Core, refuse, type SfuOptions } from "./core.ts";
import { chat, e2eeKeyRotation, e2eePublicKey, e2eeSenderKey, requestKeyframe, videoConfig } from "./handlers/relay.ts";
import type { Handler, MessageOf } from "./handlers/handler.ts";
import { mute } from "./handlers/mute.ts";
import { iceCandidate, offer } from "./handlers/negotiation.ts";
import { screenShare } from "./handlers/screen_share.ts";
import { LocalMedia } from "./local_media.ts";
import { hand, moderate, reaction } from "./handlers/social.ts";
import { subscribe } from "./handlers/subscribe.ts";
import { type Grant, Member } from "./member.ts";
import { disconnect, join, removeMember } from "./membership.ts";
import { type DatagramBatch, Outbox } from "./outbox.ts";
import type { SfuOutput } from "./outputs.ts";
import { handleLoad } from "./server_load.ts";
import { LoadControl } from "./load_control.ts";
import { DEFAULT_LAST_N } from "../signaling/limits.ts";
import { Peer } from "./peer.ts";
import { noteHeard } from "./resume.ts";
import { failPeer, handleDtls } from "./peer_lifecycle.ts";
import { speakerRefusal } from "./refusals.ts";
import { memberTimeout, roomTimeout } from "./room_timers.ts";
import { type SfuSnapshot, snapshot } from "./snapshot.ts";

/** What a member may send once it is in a room; `join` and `leave` change membership and are handled apart. */
type RoomMessageType = Exclude<ClientMessage["type"], "join">;

/** One function per message type: a type without one does not compile. */
const HANDLERS: { readonly [Type in RoomMessageType]: Handler<MessageOf<Type>> } = {
  leave: (core, member, _message, now) => removeMember(core, member, now),
  offer,
  ice_candidate: iceCandidate,
  mute_audio: mute,
  unmute_audio: mute,
  mute_video: mute,
  unmute_video: mute,
  screen_share_started: screenShare,
  screen_share_stopped: screenShare,
  video_config_changed: videoConfig,
  chat_message: chat,
  e2ee_public_key: e2eePublicKey,
  e2ee_sender_key: e2eeSenderKey,
  e2ee_key_rotation: e2eeKeyRotation,
  request_keyframe: requestKeyframe,
  hand,
  reaction,
  moderate,
  subscribe,
};

/**
 * The whole forwarding unit without the world around it: datagrams, messages and the time go in, datagrams,
 * messages and events come out.
 *
 * It reads no clock and does nothing by itself. Feed what has arrived, take everything out (`drainDatagrams`,
 * `pollOutput` until there is nothing), and call `handleTimeout` no later than `nextTimeout()` says.
 *
 * @example
 * ```ts
 * import { PacketPool, portableCiphers, Sfu, silentLogger } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const sfu = new Sfu({
 *   random: { fill: (bytes) => crypto.getRandomValues(bytes) },
 *   ciphers: portableCiphers(),
 *   pool: new PacketPool(),
 *   fingerprint: "AB:".repeat(31) + "AB",
 *   candidates: () => [],
 *   limits: { maxRoomMembers: 25, maxRooms: 10, maxChatHistory: 100 },
 *   unixOriginMs: 0,
 *   e2ee: { required: false, joinTimeoutMs: 0 },
 *   logger: silentLogger,
 * });
 *
 * const id = crypto.randomUUID();
 * const grant = { permissions: ["publish", "chat"] as const, ownsParticipant: false };
 * sfu.handleJoin(1, { type: "join", participant: id, room_id: "daily" }, grant, 0);
 * const told: string[] = [];
 * for (let output = sfu.pollOutput(); output !== undefined; output = sfu.pollOutput()) {
 *   if (output.kind === "message") told.push(output.message.type);
 * }
 * assertEquals(told[0], "ready");
 * assertEquals(sfu.snapshot(0).rooms[0]?.id, "daily");
 * ```
 */
export class Sfu {
  /** Members, ears and tracks that live in this process. */
  readonly local: LocalMedia;
  readonly #core: Core;

  /** Creates a core without rooms. */
  constructor(options: SfuOptions) {
    this.#core = {
      options,
      outbox: new Outbox(),
      index: new PeerIndex(),
      peers: new Map(),
      rooms: new Map(),
      connections: new Map(),
      away: new Set(),
      removed: new Set(),
      timers: new TimerQueue(),
      drops: new Counters(),
      load: new LoadControl(options.limits.lastN ?? DEFAULT_LAST_N),
      nextPeerId: 1,
    };
    this.local = new LocalMedia(this.#core);
  }

  /** Takes a datagram that came from `address`:`port` over local socket `socket`, and owns its packet. */
  handleDatagram(packet: PooledPacket, socket: number, address: string, port: number, now: Millis): void {
    const { index, drops } = this.#core;
    const kind = demux(packet.bytes, packet.length);
    if (kind === "stun") {
      this.#handleStun(packet, socket, address, port, now);
      return;
    }
    const path = index.byAddress(socket, address, port);
    const peer = path?.peer === undefined ? undefined : this.#core.peers.get(path.peer);
    if (path === undefined || peer === undefined) {
      drops.add(kind === "unknown" ? "not_ours" : "unknown_address");
      packet.release();
    } else if (kind === "rtp") peer.handleRtp(packet, now);
    else if (kind === "rtcp") peer.handleRtcp(packet, now);
    else this.#handleDtlsDatagram(packet, path, peer);
  }

  /** Takes what a DTLS endpoint says. */
  handleDtls(event: DtlsEvent, now: Millis): void {
    handleDtls(this.#core, event, now);
  }

  /** Takes a join that the gate has let pass, with what it allowed. */
  handleJoin(from: ConnectionId, message: JoinMessage, grant: Grant, now: Millis): void {
    join(this.#core, from, message, grant, now);
  }

  /**
   * Takes any other message; whoever is not a member of the room it names, or speaks for another, is refused.
   *
   * @returns whether it was handled
   */
  handleMessage(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>, now: Millis): boolean {
    const state = this.#core.connections.get(from);
    const member = state?.members.get(message.room_id);
    const refusal = speakerRefusal(state?.participant, member !== undefined, message);
    if (refusal !== undefined) {
      refuse(this.#core, from, refusal.reason, refusal.text, { room_id: message.room_id, request: message.type });
    }
    if (refusal !== undefined || member === undefined) return false;
    if (member.replay !== undefined) noteHeard(member, message);
    dispatch(this.#core, member, message, now);
    return true;
  }

  /** A connection is gone and everything it took part in ends; with `lost` its client may come back to it for a while. */
  handleDisconnect(from: ConnectionId, now: Millis, lost = false): void {
    disconnect(this.#core, from, now, lost);
  }

  /** Takes a participant out of a room and closes its connection; `false` when it is not there. */
  removeParticipant(roomId: string, participant: string, now: Millis): boolean {
    const member = this.#core.rooms.get(roomId)?.members.get(participant);
    if (member === undefined) return false;
    removeMember(this.#core, member, now, "removed");
    return true;
  }

  /** Sends everybody in a room its state again; `false` when there is no such room. */
  broadcastStatus(roomId: string, now: Millis): boolean {
    const room = this.#core.rooms.get(roomId);
    if (room !== undefined) broadcastStatus(this.#core, room, now);
    return room !== undefined;
  }

  /**
   * Takes how busy the thread was in the last second: 1 is as much as can be done without delay. While it is too much,
   * less of the cameras is sent.
   */
  handleLoad(level: number, now: Millis): void {
    handleLoad(this.#core, level, now);
  }

  /** How much is left out because of the load: 0 nothing. */
  get loadStep(): number {
    return this.#core.load.step;
  }

  /** Does everything that has become due. */
  handleTimeout(now: Millis): void {
    for (let item = this.#core.timers.takeDue(now); item !== undefined; item = this.#core.timers.takeDue(now)) {
      if (item instanceof Peer) this.#peerTimeout(item, now);
      else if (item instanceof Member) memberTimeout(this.#core, item, now);
      else roomTimeout(this.#core, item, now);
    }
  }

  /** When `handleTimeout` must be called at the latest; `NEVER` when nothing waits. */
  nextTimeout(): Millis {
    return this.#core.timers.nextTimeout();
  }

  /** Trades the finished datagrams for the empty columns of `batch`. */
  drainDatagrams(batch: DatagramBatch): void {
    this.#core.outbox.drainDatagrams(batch);
  }

  /** The oldest of everything else that came out, or `undefined`. */
  pollOutput(): SfuOutput | undefined {
    return this.#core.outbox.poll();
  }

  /** Rooms, members, tracks and counters as they are now. */
  snapshot(now: Millis): SfuSnapshot {
    return snapshot(this.#core, now);
  }

  /** Says goodbye to everybody and ends all media. Any number of times. */
  close(now: Millis): void {
    const connections = [...this.#core.connections.keys()];
    // All goodbyes first, so that nobody sees the others leave one by one.
    for (const to of connections) this.#core.outbox.push({ kind: "close", to, reason: "going_away" });
    for (const connection of connections) disconnect(this.#core, connection, now, false);
    for (const member of [...this.#core.away]) removeMember(this.#core, member, now);
    this.local.close(now);
  }

  /** Does what a message of a member that lives in this process says; `false` when there is no such member. */
  handleLocalMessage(participant: ParticipantId, message: Exclude<ClientMessage, JoinMessage>, now: Millis): boolean {
    const member = this.#core.rooms.get(message.room_id)?.members.get(participant);
    if (!member?.isLocal) return false;
    dispatch(this.#core, member, message, now);
    return true;
  }

  #peerTimeout(peer: Peer, now: Millis): void {
    peer.transport.handleTimeout(now);
    if (peer.transport.state === "failed") failPeer(this.#core, peer, now);
    else peer.handleTimeout(now);
  }

  #handleStun(packet: PooledPacket, socket: number, address: string, port: number, now: Millis): void {
    const { index, drops, options, outbox } = this.#core;
    const ufrag = stunLocalUfrag(packet.bytes, packet.length);
    const known = index.byAddress(socket, address, port);
    const transport = ufrag === undefined ? undefined : index.byUfrag(ufrag);
    if (transport === undefined) {
      drops.add(ufrag === undefined ? "stun_without_user" : "stun_unknown_user");
      packet.release();
      return;
    }
    // Another member's path goes in as it is while that one uses it, so that it is seen to be held.
    const isInUse = known !== undefined && (known.peer === transport.id || now - known.checkedAt < PATH_HELD);
    const path = isInUse ? known : new Path(socket, address, port);
    const before = transport.path;
    const reply = options.pool.acquire();
    const outcome = transport.handleStun(packet.bytes, packet.length, path, now, reply);
    packet.release();
    if (outcome === "checked" || outcome === "selected") {
      index.bind(path, transport);
      const hasMoved = outcome === "selected" && before !== undefined;
      if (hasMoved) this.#core.peers.get(transport.id)?.pathChanged(before, path, now);
    } else if (outcome !== "ignored") drops.add(`stun_${outcome}`);
    if (reply.length > 0) outbox.send(reply, path);
    else reply.release();
  }

  #handleDtlsDatagram(packet: PooledPacket, path: Path, peer: Peer): void {
    if (peer.transport.acceptsDtls(path)) {
      const bytes = packet.bytes.slice(0, packet.length);
      this.#core.outbox.push({ kind: "dtls_datagram", peer: peer.id, bytes });
    } else this.#core.drops.add("dtls_refused");
    packet.release();
  }
}

function dispatch(core: Core, member: Member, message: Exclude<ClientMessage, JoinMessage>, now: Millis): void {
  // The record has exactly the handler of this type; TypeScript cannot follow that through a union.
  const handler = HANDLERS[message.type] as Handler<typeof message>;
  handler(core, member, message, now);
}
