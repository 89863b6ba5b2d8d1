import { assertEquals } from "@std/assert";
import type { ChatMessage, JoinMessage, ReadyMessage, SessionState } from "../../signaling/messages.ts";
import { KeptSessions } from "./kept_sessions.ts";

const ADA = "00000000-0000-4000-8000-00000000000a";
const BEN = "00000000-0000-4000-8000-00000000000b";
const JOIN: JoinMessage = {
  type: "join",
  participant: ADA,
  room_id: "daily",
  capabilities: ["track_map", "resume"],
};

function chat(content: string, from = ADA): ChatMessage {
  return { type: "chat_message", from, room_id: "daily", content, timestamp: 1, encrypted: false };
}

function ready(resume: string, session?: Partial<SessionState>): ReadyMessage {
  const whole = { keep_ms: 30_000, resumed: false, received: 0, media: false, ...session };
  return { type: "ready", room_id: "daily", initiator: false, peers: [], resume, permissions: [], session: whole };
}

/** In the room, with two lines heard and two said. */
function inRoom(): KeptSessions {
  const sessions = new KeptSessions();
  assertEquals(sessions.outgoing(JOIN), JOIN);
  sessions.incoming(ready("first"));
  for (const content of ["a", "b"]) sessions.incoming(chat(content, BEN));
  for (const content of ["one", "two"]) assertEquals(sessions.outgoing(chat(content)), chat(content));
  return sessions;
}

Deno.test("KeptSessions: the same join goes on with the session, and what was not heard is said again", () => {
  const sessions = inRoom();
  assertEquals(sessions.outgoing(JOIN), { ...JOIN, resume: "first", resume_from: 2 });
  assertEquals(sessions.outgoing(chat("three")), undefined, "it waits: the server will say what it has");
  assertEquals(sessions.incoming(ready("second", { resumed: true, received: 1 })), [chat("two"), chat("three")]);
  sessions.incoming(chat("c", BEN));
  assertEquals(sessions.outgoing(chat("four")), chat("four"));
  assertEquals(sessions.outgoing(JOIN), { ...JOIN, resume: "second", resume_from: 3 });
});

Deno.test("KeptSessions: a session that begins anew is told what was said after the join, and nothing from before", () => {
  const sessions = inRoom();
  sessions.outgoing(JOIN);
  sessions.outgoing(chat("three"));
  assertEquals(sessions.incoming(ready("second")), [chat("three")]);
  sessions.outgoing(JOIN);
  assertEquals(sessions.incoming(ready("third", { resumed: true, received: 0 })), [chat("three")]);
});

Deno.test("KeptSessions: another participant, another room, after a leave, or without the capability nothing is filled in", () => {
  const basic: JoinMessage = { ...JOIN, capabilities: ["track_map"] };
  for (const other of [{ ...JOIN, participant: BEN }, { ...JOIN, room_id: "other" }, basic]) {
    assertEquals(inRoom().outgoing(other), other);
  }
  const left = inRoom();
  left.outgoing({ type: "leave", participant: ADA, room_id: "daily" });
  assertEquals(left.outgoing(JOIN), JOIN);
  const own = { ...JOIN, resume: "mine", resume_from: 7 };
  assertEquals(inRoom().outgoing(own), own, "what the application says itself stands");
});
