import { type Millis, NEVER } from "../base/time.ts";
import type { DtlsEvent } from "../transport/dtls_port.ts";
import { PeerTransport } from "../transport/peer_transport.ts";
import { broadcastStatus } from "./broadcast.ts";
import { type Core, refuse } from "./core.ts";
import type { Member } from "./member.ts";
import { Peer } from "./peer.ts";
import { rewireRoom } from "./wiring.ts";

/**
 * How long the application is not told of a media path that its client has closed: who leaves closes it too, and that
 * comes over UDP, mostly before the message which says so.
 */
const FAREWELL_MS: Millis = 500;

/** What DTLS says of a client that has closed its end. */
const CLOSED_BY_CLIENT = "dtls_close_notify";

/** Starts a media path for a member: credentials for ICE, an endpoint for DTLS. */
export function openPeer(core: Core, member: Member, now: Millis): Peer {
  const { random, ciphers } = core.options;
  if (member.farewellAt !== NEVER) tellFarewell(core, member);
  const transport = new PeerTransport({ id: core.nextPeerId++, random, ciphers, now });
  const peer = new Peer(core, member, transport);
  peer.incoming.onTrackChange = (track, at) => {
    // No message announces the sound of a screen: with the snapshot the others get a line for it.
    if (track.source === "screen_audio") broadcastStatus(core, member.room, at);
    else rewireRoom(core, member.room, at);
  };
  core.peers.set(peer.id, peer);
  core.index.add(transport);
  core.outbox.push({ kind: "dtls_open", peer: peer.id });
  member.peer = peer;
  peer.arm(now);
  return peer;
}

/** Ends a media path with everything on it; the membership stays. Any number of times. */
export function closePeer(core: Core, peer: Peer, now: Millis): void {
  if (!core.peers.delete(peer.id)) return;
  peer.canSend = false;
  core.index.remove(peer.transport);
  core.timers.cancel(peer);
  for (const line of peer.lines.values()) line.attach(undefined, now);
  for (const mid of peer.incoming.mids()) peer.incoming.removeLine(mid, now);
  peer.outgoing.close();
  peer.transport.close();
  core.outbox.push({ kind: "dtls_close", peer: peer.id });
  const { member } = peer;
  if (member.peer !== peer) return;
  member.peer = undefined;
  member.subscriptions.clear();
  member.lastTrackMap = "";
  member.renegotiationPending = false;
  member.linesAskedFor = member.linesInVain = 0;
}

/** Ends a media path that failed by itself: the client and the application hear why. */
export function failPeer(core: Core, peer: Peer, now: Millis): void {
  const { member } = peer;
  const reason = peer.transport.error ?? "unknown";
  core.drops.add(`media_${reason}`);
  closePeer(core, peer, now);
  const text = `The media connection has ended (${reason}): make a new peer connection and send its offer`;
  refuse(core, member.connection, "media_failed", text, { room_id: member.room.id });
  if (reason === CLOSED_BY_CLIENT) {
    member.farewellAt = now + FAREWELL_MS;
    core.timers.wakeBy(member, member.farewellAt);
  } else tellFailure(core, member, reason);
  rewireRoom(core, member.room, now);
}

/** Tells the application that a client has closed its media path, and is still there. */
export function tellFarewell(core: Core, member: Member): void {
  member.farewellAt = NEVER;
  tellFailure(core, member, CLOSED_BY_CLIENT);
}

function tellFailure(core: Core, member: Member, reason: string): void {
  const event = { type: "mediaFailed", roomId: member.room.id, participant: member.id, reason } as const;
  core.outbox.push({ kind: "event", event });
}

/** Takes what a DTLS endpoint says. */
export function handleDtls(core: Core, event: DtlsEvent, now: Millis): void {
  const peer = core.peers.get(event.peer);
  if (peer === undefined) return;
  if (event.kind === "dtls_send") {
    sendDtls(core, peer, event.bytes);
  } else if (event.kind === "dtls_closed") {
    peer.transport.handleDtlsClosed(event.reason);
    failPeer(core, peer, now);
  } else if (peer.transport.handleDtlsConnected(event)) {
    peer.connected(now);
    const { member } = peer;
    core.outbox.push({
      kind: "event",
      event: { type: "mediaConnected", roomId: member.room.id, participant: member.id },
    });
  } else failPeer(core, peer, now);
}

function sendDtls(core: Core, peer: Peer, bytes: Uint8Array): void {
  const { path } = peer.transport;
  const packet = core.options.pool.acquire();
  if (path === undefined || bytes.length > packet.bytes.length) {
    core.drops.add("dtls_not_sendable");
    packet.release();
    return;
  }
  packet.bytes.set(bytes);
  packet.length = bytes.length;
  core.outbox.send(packet, path);
}
