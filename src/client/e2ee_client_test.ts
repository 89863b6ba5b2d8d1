import { assert, assertEquals } from "@std/assert";
import { ClientError } from "./client_error.ts";
import { memoryIdentityStore } from "./e2ee/identity_store.ts";
import type { ToWorker, TransformOptions, WorkerLike } from "./e2ee/worker_messages.ts";
import type { E2eeOptions } from "./e2ee/types.ts";
import type { ClientEnvironment } from "./options.ts";
import { ADA, Bench, ROOM } from "./testing_fakes.ts";
import type { ClientEvents } from "./types.ts";

/** A worker that remembers what it was told. */
class FakeWorker implements WorkerLike {
  readonly told: ToWorker[] = [];
  terminated = false;

  postMessage(message: ToWorker): void {
    this.told.push(message);
  }

  addEventListener(): void {}

  terminate(): void {
    this.terminated = true;
  }
}

function start(environment: Partial<ClientEnvironment> = {}) {
  const worker = new FakeWorker();
  const transforms: TransformOptions[] = [];
  const e2ee: E2eeOptions = {
    mode: "on",
    worker,
    identityStore: memoryIdentityStore(),
    environment: { support: "script", makeTransform: (_, options) => (transforms.push(options), options) },
  };
  return { bench: new Bench({ e2ee, environment }), worker, transforms };
}

/** The next event of a kind; cryptography takes its time. */
function next<K extends keyof ClientEvents>(bench: Bench, name: K): Promise<ClientEvents[K]> {
  return new Promise((resolve) => {
    const off = bench.client.on(name, (event) => {
      off();
      resolve(event);
    });
  });
}

/** A member that says it encrypts. */
function encryptedMember(bench: Bench): Promise<void> {
  const flags = { audio_muted: false, video_muted: false, screen_sharing: false, e2ee: true };
  const participants = [{ id: ADA, display_name: "Ada", ...flags }];
  return bench.socket.receive({ type: "room_status", room_id: ROOM, participants, e2ee_required: false });
}

/** Why a client cannot be made. */
function refusal(e2ee: E2eeOptions): string {
  try {
    new Bench({ e2ee });
  } catch (error) {
    return error instanceof ClientError ? error.reason : String(error);
  }
  return "made";
}

const TRACKS = [{ mid: "2", participant: ADA, source: "microphone" as const }];

Deno.test("with encryption on every line has a transform before it is offered, and its owner is known to the worker", async () => {
  const { bench, worker, transforms } = start();
  await bench.enter([ADA]);
  await encryptedMember(bench);
  assertEquals(transforms.length, bench.connection.transceivers.length);
  assertEquals(transforms.slice(0, 4), [
    { operation: "encrypt", kind: "audio" },
    { operation: "encrypt", kind: "video" },
    { operation: "decrypt", kind: "audio", line: 0 },
    { operation: "decrypt", kind: "video", line: 1 },
  ]);
  await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks: TRACKS });
  assertEquals(worker.told.findLast(({ type }) => type === "bind"), { type: "bind", owners: [[0, ADA]] });
  const key = await bench.socket.sends("e2ee_public_key");
  assert(key.identity_key !== undefined && key.signature !== undefined && key.reply_wanted === true);
  bench.client.leave();
  assertEquals(worker.terminated, false, "it is the caller's");
});

Deno.test("chat leaves encrypted, or in the clear when that is asked for", async () => {
  const { bench } = start();
  await bench.enter();
  assert(bench.client.sendChat("secret plan"));
  const line = await bench.socket.sends("chat_message");
  assertEquals([line.encrypted, line.content.includes("secret")], [true, false]);
  assert(bench.client.sendChat("hello all", { allowUnencrypted: true }));
  assertEquals(bench.socket.of("chat_message").at(-1)?.content, "hello all");
  const shown = next(bench, "chat");
  await bench.socket.receive(line);
  await shown;
  const { content, encrypted, locked: isLocked, own } = bench.client.messages[0]!;
  assertEquals([content, encrypted, isLocked, own], ["secret plan", true, false, true]);
  // The server shows it again under another time.
  await bench.socket.receive({ ...line, timestamp: 5 });
  const locked = next(bench, "chat");
  await bench.socket.receive({ ...line, from: ADA, content: btoa("x".repeat(40)) });
  await locked;
  assertEquals(bench.client.messages.map(({ locked }) => locked), [false, true]);
  assertEquals(bench.client.sendChat("x".repeat(16_000)), false, "too long once encrypted");
  bench.client.leave();
});

Deno.test("without encryption tracks of those who encrypt are kept back, and their chat is locked", async () => {
  const bench = new Bench();
  await bench.enter([ADA]);
  await encryptedMember(bench);
  await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks: TRACKS });
  assertEquals(bench.events("trackadded"), []);
  await bench.members(ADA);
  await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks: TRACKS });
  assertEquals(bench.events("trackadded").length, 1, "back when it does not");
  const line = {
    type: "chat_message",
    from: ADA,
    room_id: ROOM,
    content: "AAAA",
    timestamp: 1,
    encrypted: true,
  } as const;
  await bench.socket.receive(line);
  assertEquals(bench.client.messages.map(({ content, locked }) => [content, locked]), [["", true]]);
  assertEquals(bench.client.encryption, undefined);
});

Deno.test("a browser that cannot encrypt, and a missing worker, are told before anything is sent", () => {
  const none: E2eeOptions = { mode: "on", worker: new FakeWorker(), environment: { support: "none" } };
  assertEquals(refusal(none), "e2ee_unsupported");
  const missing: E2eeOptions = { mode: "on", environment: { support: "script" } };
  assertEquals(refusal(missing), "e2ee_failed");
});

Deno.test("encrypted sound is sent without redundancy, which the server could not take apart for others", async () => {
  const codecs = ["audio/opus", "audio/red"].map((mimeType) => ({ mimeType, clockRate: 48_000 }));
  const { bench } = start({ codecs: () => codecs });
  await bench.enter();
  assertEquals(bench.connection.transceivers[0]?.preferences, undefined);
});
