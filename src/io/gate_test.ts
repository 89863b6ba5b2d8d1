import { assert, assertEquals } from "@std/assert";
import { silentLogger } from "../base/log.ts";
import { Gate, type GateOptions } from "./gate.ts";
import type { Granted } from "./hooks.ts";
import type { ServerEvent } from "./server_events.ts";
import type { SignalingConnection } from "./signaling_connection.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const JOIN = JSON.stringify({ type: "join", participant: ID, room_id: "daily", token: "secret" });
const OFFER = JSON.stringify({ type: "offer", from: ID, to: null, room_id: "daily", sdp: "v=0" });
const MUTE = JSON.stringify({ type: "mute_audio", from: ID, room_id: "daily" });

/** A gate whose connection, target and clock are all in the test's hands. */
function rig(options: Partial<GateOptions> = {}) {
  const sent: { type: string; code?: number; reason?: string }[] = [];
  const closed: { code: number; reason: string }[] = [];
  const passed: string[] = [];
  const grants: unknown[] = [];
  const events: ServerEvent[] = [];
  const counted: string[] = [];
  let now = 0;
  const connection: SignalingConnection = {
    id: 1,
    remoteAddress: "192.0.2.1",
    headers: new Headers(),
    url: "http://localhost/",
    onText() {},
    onClose() {},
    send: (text) => void sent.push(JSON.parse(text)),
    close: (code, reason) => void closed.push({ code, reason }),
    welcome() {},
    bufferedBytes: 0,
  };
  const gate = new Gate(connection, {
    authenticate: undefined,
    rateCheck: () => true,
    logger: silentLogger,
    now: () => now,
    ...options,
  }, {
    join: (_connection, message, grant) => {
      passed.push(JSON.stringify(message));
      grants.push(grant);
      gate.joined(message.participant);
    },
    message: (_connection, message) => {
      passed.push(message.type);
      return true;
    },
    count: (reason) => void counted.push(reason),
    emit: (event) => void events.push(event),
  });
  return {
    sent,
    closed,
    passed,
    grants,
    events,
    counted,
    text: (text: string) => connection.onText(text),
    advance: (ms: number) => now += ms,
    [Symbol.dispose]: () => gate.close(),
  };
}

/** Lets promises that are settled already go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

Deno.test("Gate passes a join with the hook's grant, without the token", async () => {
  const granted: Granted = { displayName: "Ada", permissions: ["chat"], ownsParticipant: true };
  using gate = rig({ authenticate: ({ token }) => token === "secret" ? granted : { reject: "no" } });
  gate.text(JOIN);
  await settle();
  assertEquals(gate.grants, [{ displayName: "Ada", permissions: ["chat"], ownsParticipant: true }]);
  assert(!gate.passed[0]!.includes("secret"));
});

Deno.test("Gate answers a rejected join with 401 and closes with 1008", async () => {
  using gate = rig({ authenticate: () => ({ reject: "wrong token" }) });
  gate.text(JOIN);
  await settle();
  assertEquals(gate.sent.map(({ code, reason }) => [code, reason]), [[401, "unauthorized"]]);
  assertEquals(gate.closed, [{ code: 1008, reason: "unauthorized" }]);
  assertEquals(gate.events, [{ type: "authRejected", participant: ID, roomId: "daily", reason: "wrong token" }]);
  assertEquals(gate.passed, []);
});

Deno.test("Gate refuses when the hook throws, and tells the client nothing of why", async () => {
  using gate = rig({
    authenticate: () => {
      throw new Error("database password is hunter2");
    },
  });
  gate.text(JOIN);
  await settle();
  assertEquals(gate.closed.length, 1);
  assert(!JSON.stringify(gate.sent).includes("hunter2"));
});

Deno.test("Gate keeps messages in order while the hook thinks", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  using gate = rig({ authenticate: () => promise });
  gate.text(JOIN);
  gate.text(MUTE);
  await settle();
  assertEquals(gate.passed, []);
  resolve();
  await settle();
  assertEquals(gate.passed.length, 2);
  assertEquals(gate.passed[1], "mute_audio");
});

Deno.test("Gate closes a connection that sends too much while the hook thinks", async () => {
  using gate = rig({ authenticate: () => new Promise<void>(() => {}) });
  gate.text(JOIN);
  for (let i = 0; i < 300; i++) gate.text(MUTE);
  await settle();
  assertEquals(gate.closed, [{ code: 1008, reason: "abuse" }]);
});

Deno.test("Gate drops what the rate hook refuses, tells the client once a second, and emits each", async () => {
  using gate = rig({ rateCheck: ({ messageType }) => messageType === "join" });
  gate.text(JOIN);
  await settle();
  for (let i = 0; i < 3; i++) gate.text(MUTE);
  gate.advance(1_000);
  gate.text(MUTE);
  await settle();
  assertEquals(gate.passed.length, 1);
  assertEquals(gate.sent.map(({ reason }) => reason), ["rate_limited", "rate_limited"]);
  assertEquals(gate.events.filter((event) => event.type === "rateLimited").length, 4);
});

Deno.test("Gate asks the rate hook about a join by address before the authenticate hook", async () => {
  const asked: string[] = [];
  using gate = rig({
    rateCheck: ({ participant, remoteAddress, messageType }) => {
      asked.push(`rate ${participant} ${remoteAddress} ${messageType}`);
      return Promise.resolve(false);
    },
    authenticate: () => void asked.push("authenticate"),
  });
  gate.text(JOIN);
  await settle();
  assertEquals(asked, ["rate undefined 192.0.2.1 join"]);
});

Deno.test("Gate answers malformed messages with a coded error and closes a client that sends nothing else", () => {
  using gate = rig();
  gate.text("{");
  gate.text('{"type":"dance"}');
  assertEquals(gate.sent.map(({ reason }) => reason), ["bad_json", "unknown_type"]);
  assertEquals(gate.counted, ["bad_json", "unknown_type"]);
  for (let i = 0; i < 50; i++) gate.text("{");
  assertEquals(gate.closed, [{ code: 1008, reason: "abuse" }]);
});

Deno.test("Gate closes a stranger that goes on although the rate hook refuses it", () => {
  using gate = rig({ rateCheck: () => false });
  for (let i = 0; i < 100; i++) gate.text(JOIN);
  assertEquals(gate.closed, [{ code: 1008, reason: "abuse" }]);
  assertEquals([gate.sent.length, gate.events.length], [41, 41]);
});

Deno.test("Gate answers every offer and join that the rate hook drops, since the client waits for it", async () => {
  using gate = rig({ rateCheck: ({ messageType }) => messageType === "join" });
  gate.text(JOIN);
  await settle();
  for (const text of [MUTE, OFFER, MUTE, OFFER]) gate.text(text);
  assertEquals(gate.sent.map(({ reason }) => reason), ["rate_limited", "rate_limited", "rate_limited"]);
});

Deno.test("Gate survives a rate hook that throws or rejects, and answers the message", async () => {
  for (const fails of [() => Promise.reject(new Error("down")), () => failNow()]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    using gate = rig({
      authenticate: () => promise,
      rateCheck: ({ messageType }) => messageType === "join" ? true : fails(),
    });
    gate.text(JOIN);
    gate.text(OFFER);
    resolve();
    await settle();
    assertEquals(gate.sent.map(({ reason }) => reason), ["internal"]);
  }
});

Deno.test("Gate keeps out whoever the hook does not clearly let in, and cleans the name it gives", async () => {
  // What an application without types might answer.
  const odd: unknown[] = [false, null, 0, "yes", { ok: false }];
  for (const answer of odd) {
    using gate = rig({ authenticate: () => answer as undefined });
    gate.text(JOIN);
    await settle();
    assertEquals([gate.grants.length, gate.closed.length], [0, 1]);
  }
  using gate = rig({ authenticate: () => ({ displayName: `Ada\u0007${"a".repeat(200)}` }) });
  gate.text(JOIN);
  await settle();
  assertEquals(gate.grants, [
    { displayName: `Ada${"a".repeat(61)}`, permissions: ["publish", "screen", "chat"], ownsParticipant: false },
  ]);
});

function failNow(): never {
  throw new Error("down");
}
