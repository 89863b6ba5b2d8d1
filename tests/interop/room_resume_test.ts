/** Members of a library's room whose sockets, which the application brought, break: they come back over others. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createServer,
  gain,
  joinRoom,
  type PcmFrame,
  type Processor,
  Room,
  type RoomParticipant,
  SeaMeetError,
  type SignalingConnection,
} from "../../mod.ts";
import type { ErrorMessage, ReadyMessage, ServerMessage } from "../../src/signaling/messages.ts";
import { Inbox, soon } from "./call_signaling.ts";
import { CutLine } from "./cut_line.ts";
import { toneSource } from "./media_judge.ts";

const LOCAL = { mediaAddresses: ["127.0.0.1"], udpPort: 0 };
const LEVEL = 0.2;
const ROOM = "daily";

/** A client that is nothing but what it says and hears, over a connection of the application's own kind. */
class Line implements SignalingConnection {
  readonly id = 0;
  readonly remoteAddress = "";
  readonly headers: Headers = new Headers();
  readonly url = "ws://test/";
  readonly bufferedBytes = 0;
  readonly heard: Inbox<ServerMessage> = new Inbox();
  /** The word it was closed with by us. */
  closed: string | undefined;
  onText: (text: string) => void = () => {};
  onClose: (reason: string, lost?: boolean) => void = () => {};

  constructor(readonly participant: string) {}

  say(message: Readonly<Record<string, unknown>>): void {
    this.onText(JSON.stringify({ room_id: ROOM, from: this.participant, ...message }));
  }

  join(fields: Readonly<Record<string, unknown>> = {}): void {
    const { participant } = this;
    this.say({ type: "join", participant, capabilities: ["track_map", "resume"], ...fields });
  }

  async ready(): Promise<ReadyMessage> {
    return await this.heard.until((all) => all.find((message) => message.type === "ready"), "ready");
  }

  async refusal(): Promise<ErrorMessage> {
    return await this.heard.until((all) => all.find((message) => message.type === "error"), "a refusal");
  }

  get statuses(): number {
    return this.heard.all.filter(({ type }) => type === "room_status").length;
  }

  get lines(): string[] {
    return this.heard.all.filter((message) => message.type === "chat_message").map(({ content }) => content);
  }

  chat(content: string): void {
    this.say({ type: "chat_message", content, timestamp: 1 });
  }

  send(text: string): void {
    this.heard.add(JSON.parse(text));
  }

  close(_code: number, reason: string): void {
    this.closed ??= reason;
    this.onClose(reason);
  }

  welcome(): void {}
}

/** Adds a client to a room; answers its line and what the application got. */
async function come(
  room: Room,
  participant: string,
  fields: Readonly<Record<string, unknown>> = {},
  processor?: Processor,
): Promise<{ line: Line; participant: RoomParticipant; ready: ReadyMessage }> {
  const line = new Line(participant);
  const added = room.addParticipant({ signaling: line, ...(processor && { processor }) });
  line.join(fields);
  return { line, participant: await added, ready: await line.ready() };
}

/** Ada, and Ben who has said something, so that his session is kept. */
async function withTwo(room: Room) {
  const ada = await come(room, crypto.randomUUID());
  const ben = await come(room, crypto.randomUUID());
  ben.line.chat("hello");
  await ada.line.heard.until(() => ada.line.lines.length > 0 ? true : undefined, "Ben's line");
  return { ada, ben };
}

Deno.test("a member whose connection is lost comes back by addParticipant: nobody notices, nothing is missed", async () => {
  await using room = new Room({ ...LOCAL, name: ROOM });
  const { ada, ben } = await withTwo(room);
  const events: string[] = [];
  room.observe(({ type }) => events.push(type));
  const statuses = ada.line.statuses;

  ben.line.onClose("the line broke", true);
  assertEquals([...room.participants.keys()], [ada.line.participant, ben.line.participant]);
  ada.line.chat("while he was away");
  await ada.line.heard.until(() => ada.line.lines.at(-1) === "while he was away" || undefined, "her own line");

  const { resume } = ben.ready;
  const again = await come(room, ben.line.participant, { resume, resume_from: 1 });
  assertEquals(again.ready.session, { keep_ms: 30_000, resumed: true, received: 1, media: false });
  await again.line.heard.until(() => again.line.lines.length > 0 ? true : undefined, "what he has missed");
  assertEquals(again.line.lines, ["while he was away"]);
  assertEquals(again.participant, ben.participant, "the same participant for the application");
  again.line.chat("back");
  await ada.line.heard.until(() => ada.line.lines.at(-1) === "back" || undefined, "Ben's line");
  assertEquals(ada.line.statuses, statuses);
  assertEquals(events, []);

  // Lost again, and not noticed: the new connection takes over.
  const third = await come(room, ben.line.participant, { resume: again.ready.resume, resume_from: 2 });
  assertEquals([third.ready.session?.resumed, again.line.closed], [true, "taken_over"]);
  assertEquals([ada.line.statuses, events.length], [statuses, 0]);
  third.line.onClose("the tab was closed");
  await ben.participant.left;
  assertEquals([...room.participants.keys()], [ada.line.participant]);
});

Deno.test("nobody comes back in somebody's place without the secret, nor after a goodbye or a removal", async () => {
  await using room = new Room({ ...LOCAL, name: ROOM });
  const { ada, ben } = await withTwo(room);
  const id = ben.line.participant;
  ben.line.onClose("the line broke", true);
  for (const fields of [{}, { resume: "x".repeat(32), resume_from: 1 }, { resume: ada.ready.resume, resume_from: 1 }]) {
    const thief = new Line(id);
    const added = assertRejects(
      () => room.addParticipant({ signaling: thief }),
      SeaMeetError,
      "ended before it joined",
    );
    thief.join(fields);
    assertEquals((await thief.refusal()).reason, "participant_in_use");
    thief.onClose("gone");
    await added;
  }
  room.removeParticipant(id);
  await ben.participant.left;
  const back = new Line(id);
  const added = assertRejects(() => room.addParticipant({ signaling: back }), SeaMeetError, "removed");
  back.join({ resume: ben.ready.resume, resume_from: 1 });
  await added;
  assertEquals([back.closed, room.participantCount], ["removed", 1]);
});

Deno.test("who comes back has a place in a full room, and strangers are told that it is full", async () => {
  await using room = new Room({ ...LOCAL, name: ROOM, maxParticipants: 2 });
  const { ben } = await withTwo(room);
  ben.line.onClose("the line broke", true);
  const stranger = new Line(crypto.randomUUID());
  const refused = assertRejects(() => room.addParticipant({ signaling: stranger }), SeaMeetError, "room is full");
  stranger.join();
  const error = await refused;
  assert(error instanceof SeaMeetError && error.code === "room_full");
  assertEquals([(await stranger.refusal()).reason, stranger.closed], ["room_full", "room_full"]);
  const again = await come(room, ben.line.participant, { resume: ben.ready.resume, resume_from: 1 }, gain(-6));
  assertEquals([again.ready.session?.resumed, room.participantCount], [true, 2]);
});

Deno.test("a processor of the new connection takes the old one's place, and none leaves it", async () => {
  await using room = new Room({ ...LOCAL, name: ROOM });
  const { ben } = await withTwo(room);
  const quieter = gain(-6);
  ben.line.onClose("the line broke", true);
  const again = await come(room, ben.line.participant, { resume: ben.ready.resume, resume_from: 1 }, quieter);
  assertEquals(ben.participant.processor, quieter);
  again.line.chat("here");
  again.line.onClose("the line broke", true);
  await come(room, ben.line.participant, { resume: again.ready.resume, resume_from: 2 });
  assertEquals(ben.participant.processor, quieter);
});

Deno.test("a room of a server takes those who are away with it when it is closed, and nobody else", async () => {
  await using server = await createServer({ ws: "127.0.0.1:0", ...LOCAL, allowUnauthenticatedJoins: true });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  await using cleo = await joinRoom({ url, room: ROOM });
  const room = server.room(ROOM)!.open();
  const { ben } = await withTwo(room);
  ben.line.onClose("the line broke", true);
  await room.close();
  assertEquals(server.room(ROOM)?.participants, [cleo.participantId]);
});

/** Reads a stream to its end and keeps how loud each frame with sound in it is. */
function listen(stream: ReadableStream<PcmFrame>): Inbox<number> {
  const loud: Inbox<number> = new Inbox();
  void (async () => {
    for await (const { samples } of stream) {
      const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      if (level > LEVEL / 2) loud.add(level);
    }
  })();
  return loud;
}

Deno.test("a WebSocket of the application's own breaks: the streams that are open, sound and tracks go on", async () => {
  await using room = new Room({ ...LOCAL, name: ROOM, maxParticipants: 2 });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    room.addParticipant({ signaling: socket, processor: gain(0) }).catch(() => {});
    return response;
  });
  const { port } = server.addr;
  await using line = new CutLine(port);
  await using listener = await joinRoom({ url: `ws://127.0.0.1:${port}`, room: ROOM });
  await using speaker = await joinRoom({ url: line.url, room: ROOM });
  const events = speaker.events();
  const next = async (type: string) => {
    for (;;) {
      const { value } = await soon(events.next(), type);
      if (value?.type === type) return value;
    }
  };
  const arrived = listener.events();
  while (listener.remotes.size === 0) await soon(arrived.next(), "the speaker");
  await speaker.publishAudio(toneSource(600, LEVEL));
  const inside = room.participant(speaker.participantId);
  const heard = [inside.audio(), listener.remotes.get(speaker.participantId)!.audio()].map(listen);
  const goOn = () => Promise.all(heard.map((loud) => loud.count(loud.all.length + 5, "frame of sound")));
  await goOn();
  const told: string[] = [];
  room.observe(({ type }) => told.push(type));
  for (const serverNotices of [true, false]) {
    line.hold();
    line.cut({ serverNotices });
    await next("lost");
    await goOn();
    line.release();
    assertEquals(await next("joined"), { type: "joined", resumed: true });
    await goOn();
  }
  assertEquals(told.filter((type) => type.startsWith("participant") || type.startsWith("track")), []);
  assertEquals(room.participant(speaker.participantId), inside);
});
