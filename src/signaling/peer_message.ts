import type { ParticipantId } from "../base/ids.ts";
import { parseObject } from "./decode.ts";
import { FieldReader, type NameLengths, ownValue } from "./fields.ts";
import { MAX_CANDIDATE_LENGTH, MAX_MID_LENGTH, MAX_MLINE_INDEX, MAX_SDP_LENGTH } from "./limits.ts";
import type { MemberMessage } from "./messages.ts";

/** A session description that one client sends another, where the server carries no media. */
export interface PeerDescriptionMessage extends MemberMessage<"offer" | "answer"> {
  /** Who gets it. */
  to: ParticipantId;
  /** The description (RFC 8866). */
  sdp: string;
}

/** An ICE candidate that one client sends another, where the server carries no media. */
export interface PeerCandidateMessage extends MemberMessage<"ice_candidate"> {
  /** Who gets it. */
  to: ParticipantId;
  /** The candidate line without `a=`; empty when there are no more. */
  candidate: string;
  /** `a=mid` of its m-line. */
  sdp_mid: string | null;
  /** Index of its m-line. */
  sdp_mline_index: number | null;
}

/** What clients send each other through a server that carries no media. */
export type PeerMessage = PeerDescriptionMessage | PeerCandidateMessage;

/** Whether a message is for another client. */
export function isPeerMessage(message: { readonly type: string }): message is PeerMessage {
  return "to" in message && (message.type === "offer" || message.type === "answer" || message.type === "ice_candidate");
}

/**
 * Reads one text frame as a message for another client; `undefined` when it is none, or malformed.
 *
 * Nothing of the received object gets into the result but the known fields, each checked for type and length.
 *
 * @example
 * ```ts
 * import { parsePeerMessage } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * const [from, to] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
 * const text = JSON.stringify({ type: "offer", from, to, room_id: "daily", sdp: "v=0", hidden: 1 });
 * assertEquals(parsePeerMessage(text), { type: "offer", from, to, room_id: "daily", sdp: "v=0" });
 * assertEquals(parsePeerMessage('{"type":"offer"}'), undefined);
 * ```
 */
export function decodePeerMessage(text: string, lengths?: NameLengths): PeerMessage | undefined {
  const object = parseObject(text);
  const type = object === undefined ? undefined : ownValue(object, "type");
  if (object === undefined || (type !== "offer" && type !== "answer" && type !== "ice_candidate")) return undefined;
  const read = new FieldReader(object, type, lengths);
  const about = { from: read.participant("from"), to: read.participant("to"), room_id: read.room() };
  const message: PeerMessage = type === "ice_candidate"
    ? {
      type,
      ...about,
      candidate: read.text("candidate", MAX_CANDIDATE_LENGTH),
      sdp_mid: read.optionalText("sdp_mid", MAX_MID_LENGTH) ?? null,
      sdp_mline_index: read.optionalInteger("sdp_mline_index", MAX_MLINE_INDEX) ?? null,
    }
    : { type, ...about, sdp: read.text("sdp", MAX_SDP_LENGTH) };
  return read.error === undefined ? message : undefined;
}
