import type { Millis } from "../../base/time.ts";
import { checkRenegotiation, type ParsedOffer, parseOffer, writeAnswer } from "../../sdp/negotiate.ts";
import type { IceCandidateMessage, OfferMessage } from "../../signaling/messages.ts";
import { broadcastStatus, followUp, sendStatus } from "../broadcast.ts";
import { type Core, refuse, send } from "../core.ts";
import { hasRoomFor, slotSections, updateLines, updatePublished } from "../media_lines.ts";
import type { Member } from "../member.ts";
import type { Peer } from "../peer.ts";
import { closePeer, failPeer, openPeer } from "../peer_lifecycle.ts";
import { othersOf, rewireRoom } from "../wiring.ts";
import type { Handler } from "./handler.ts";

/** Clients of the basic protocol were written against this word; `answer.room_id` is looked at by clients in several rooms. */
const SINGLE_ROOM_ANSWER = "sfu";

/** A client's offer: always answered, by an `answer` or by an `error`, because the client waits for one of them. */
export const offer: Handler<OfferMessage> = (core, member, message, now) => {
  const about = { room_id: member.room.id, request: message.type };
  const parsed = parseOffer(message.sdp);
  if ("reason" in parsed) {
    refuse(core, member.connection, "bad_sdp", parsed.message, about);
    return;
  }
  const peer = transportFor(core, member, parsed, now);
  if (peer === undefined) {
    refuse(core, member.connection, "bad_sdp", "The offer must be able to be the DTLS client: a=setup:actpass", about);
    return;
  }
  const clash = peer.offer === undefined ? undefined : checkRenegotiation(peer.offer, parsed);
  if (clash !== undefined) {
    refuse(core, member.connection, "bad_sdp", clash.message, about);
    return;
  }
  if (!hasRoomFor(peer, parsed)) {
    peer.transport.handleDtlsClosed("too_many_lines");
    failPeer(core, peer, now);
    return;
  }
  const isFirst = peer.offer === undefined;
  peer.offer = parsed;
  // Another peer connection of the same membership: the client has started over, with nobody on any line.
  if (isFirst && member.hadPeer) member.slots.readySent([...othersOf(member)].map(({ id }) => id));
  member.hadPeer = true;
  const hadRequest = member.renegotiationPending;
  member.renegotiationPending = false;
  // What was found missing since counts too, or the lines that came would seem to have been of no use.
  if (hadRequest) member.linesAskedFor += member.slots.missing();
  const own = member.slots.offerApplied(slotSections(parsed), message.tracks);
  const sourcesBefore = member.sources().join();
  updateLines(core, peer, parsed, now);
  updatePublished(peer, parsed, own, now);
  answer(core, member, peer, parsed);
  if (isFirst) member.slots.membersSent(othersOf(member));
  // Clients with a pool take skipped members in at the next snapshot only.
  if (hadRequest) sendStatus(core, member, now);
  else followUp(core, member, now);
  // A source that no message announces, such as the sound of a screen: the others need a line for it.
  if (member.sources().join() !== sourcesBefore) broadcastStatus(core, member.room, now);
  else rewireRoom(core, member.room, now);
};

/** The client's candidates are not needed: it checks towards us, and that shows where it is. */
export const iceCandidate: Handler<IceCandidateMessage> = () => {};

/** The member's media path, made or kept; `undefined` when the offer cannot work with it. */
function transportFor(core: Core, member: Member, parsed: ParsedOffer, now: Millis): Peer | undefined {
  const remote = {
    ufrag: parsed.ufrag,
    pwd: parsed.pwd,
    fingerprints: parsed.fingerprints,
    setup: parsed.setup,
  };
  if (member.peer !== undefined) {
    const outcome = member.peer.transport.setRemote(remote);
    if (outcome === "bad_setup") return undefined;
    if (outcome === "ice_restart") core.index.add(member.peer.transport);
    if (outcome !== "fingerprint_changed") return member.peer;
    // Another certificate means another peer connection: the client has started over.
    closePeer(core, member.peer, now);
  }
  const peer = openPeer(core, member, now);
  if (peer.transport.setRemote(remote) !== "bad_setup") return peer;
  closePeer(core, peer, now);
  return undefined;
}

function answer(core: Core, member: Member, peer: Peer, parsed: ParsedOffer): void {
  const { transport } = peer;
  const sdp = writeAnswer(parsed, {
    ufrag: transport.localUfrag,
    pwd: transport.localPwd,
    fingerprint: core.options.fingerprint,
    candidates: [...core.options.candidates()],
    sessionId: String(peer.rtcpSsrc),
    sending: (mid) => {
      const format = member.subscriptions.get(mid)?.format;
      if (format === undefined) return undefined;
      const { ssrc, rtxSsrc } = format;
      return rtxSsrc === undefined ? { ssrc, cname: peer.cname } : { ssrc, rtxSsrc, cname: peer.cname };
    },
  });
  const rooms = core.connections.get(member.connection)?.members.size ?? 1;
  const room_id = rooms > 1 ? member.room.id : SINGLE_ROOM_ANSWER;
  send(core, member, { type: "answer", from: member.id, to: member.id, room_id, sdp });
}
