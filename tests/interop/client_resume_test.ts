/** Our own client behind a line that breaks: it goes on with its session, and nobody notices. */
import { assert, assertEquals } from "@std/assert";
import { createServer } from "../../server.ts";
import { silentLogger } from "../../src/base/log.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import type { RoomClientEvent } from "../../src/io/peer/room_client.ts";
import { WsSignaling } from "../../src/io/peer/ws_signaling.ts";
import type { ChatMessage, JoinMessage, ServerMessage } from "../../src/signaling/messages.ts";
import { madeAudio } from "./call_rtp.ts";
import { Person } from "./client_person.ts";
import { CutLine } from "./cut_line.ts";

type EventOf<K extends RoomClientEvent["kind"]> = Extract<RoomClientEvent, { kind: K }>;

/** Ada is connected as usual, Ben over a line that can be cut. */
async function inCall(
  test: (stage: {
    readonly ada: Person;
    readonly ben: Person;
    readonly line: CutLine;
    readonly server: Awaited<ReturnType<typeof createServer>>;
  }) => Promise<void>,
): Promise<void> {
  await using server = await createServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
    logger: silentLogger,
  });
  await using line = new CutLine(server.wsAddress.port);
  const network = await PeerNetwork.create({ engine: chooseEngine("auto", silentLogger), logger: silentLogger });
  const options = { room: "daily", network, publish: ["microphone"] } as const;
  {
    await using ada = await Person.join({
      ...options,
      url: `ws://127.0.0.1:${server.wsAddress.port}`,
      displayName: "Ada",
    });
    await using ben = await Person.join({ ...options, url: line.url, displayName: "Ben" });
    await ada.connected();
    await ben.connected();
    await ben.hears(ada, "microphone");
    await ada.hears(ben, "microphone");
    await test({ ada, ben, line, server });
  }
  await network.close();
  assertEquals([network.pool.inUse, network.size], [0, 0]);
}

function all<K extends RoomClientEvent["kind"]>(person: Person, kind: K): EventOf<K>[] {
  return person.events.all.filter((event): event is EventOf<K> => event.kind === kind);
}

/** Waits for the event of a kind after so many of them. */
async function next<K extends RoomClientEvent["kind"]>(person: Person, kind: K, after: number): Promise<EventOf<K>> {
  return await person.events.until(() => all(person, kind)[after], `${kind} number ${after + 1}`);
}

async function reads(person: Person, content: string): Promise<void> {
  await person.events.until(() => all(person, "chat").find(({ message }) => message.content === content), content);
}

/** Packets `from` … `to` of somebody's microphone, which somebody else hears, one after the other. */
async function speaks(speaker: Person, listener: Person, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const { payload, timestamp, marker } = madeAudio(i);
    assert(speaker.client.send("microphone", payload, timestamp, marker, 20));
  }
  const heard = await listener.got(speaker, "microphone", to);
  const { sequence: first } = heard[0]!;
  assertEquals(heard.map(({ sequence }) => sequence - first), Array.from({ length: to }, (_, i) => i));
  assertEquals(heard.map(({ payload }) => payload), Array.from({ length: to }, (_, i) => madeAudio(i).payload));
}

for (const serverNotices of [true, false]) {
  const name = serverNotices ? "and the server notices" : "and the server does not notice";
  Deno.test(`our client goes on with its session when its connection breaks, ${name}`, () =>
    inCall(async ({ ada, ben, line }) => {
      const { peer } = ben.client;
      await speaks(ada, ben, 0, 5);
      await speaks(ben, ada, 0, 5);
      ada.client.chat("before");
      await reads(ben, "before");
      const seen = all(ada, "participants").length;
      const maps = all(ada, "tracks").length;

      line.deaf = true;
      assert(ben.client.chat("into a dead line"), "he does not know yet");
      await line.swallowed.count(1, "frame that goes nowhere");
      line.hold();
      line.cut({ serverNotices });
      await next(ben, "lost", 0);
      assert(!ben.client.chat("nothing"), "now he knows");
      ada.client.chat("while he was away");
      await reads(ada, "while he was away");
      await speaks(ada, ben, 5, 10);
      await speaks(ben, ada, 5, 10);
      assertEquals(all(ada, "participants").length, seen, "nobody is told of anything");
      ben.client.setMuted("video", true);

      line.release();
      assertEquals((await next(ben, "joined", 1)).resumed, true);
      await reads(ben, "while he was away");
      await reads(ada, "into a dead line");
      await next(ada, "participants", seen);
      const statuses = all(ada, "participants").slice(seen).map(({ participants }) => participants);
      assertEquals(statuses.map((they) => they.map(({ id, video_muted }) => [id, video_muted])), [
        [[ada.client.id, false], [ben.client.id, true]],
      ], "what has changed meanwhile, and nothing else");
      assertEquals(ben.client.peer, peer, "the same media path");
      await speaks(ada, ben, 10, 15);
      await speaks(ben, ada, 10, 15);
      assertEquals(all(ada, "tracks").length, maps);
      for (const person of [ada, ben]) {
        assertEquals(all(person, "error"), []);
        const lines = all(person, "chat").map(({ message }) => message.content).sort();
        assertEquals(lines, ["before", "into a dead line", "while he was away"], "each line once");
      }
    }));
}

Deno.test("a share that began while we were away, and a track, are there once our client is back", () =>
  inCall(async ({ ada, ben, line }) => {
    line.hold();
    line.cut({ serverNotices: true });
    await next(ben, "lost", 0);
    ben.client.startScreenShare();
    ben.client.publish("camera");
    line.release();
    assertEquals((await next(ben, "joined", 1)).resumed, true);
    await ada.hears(ben, "screen");
    await ada.hears(ben, "camera");
    await speaks(ben, ada, 0, 5);
    assertEquals(all(ben, "error"), []);
  }));

Deno.test("our client comes back again and again, each time with the next secret", () =>
  inCall(async ({ ada, ben, line }) => {
    const seen = all(ada, "participants").length;
    for (let i = 0; i < 3; i++) {
      line.cut({ serverNotices: i !== 1 });
      assertEquals((await next(ben, "joined", i + 1)).resumed, true);
      ada.client.chat(`line ${i}`);
      await reads(ben, `line ${i}`);
    }
    await speaks(ada, ben, 0, 5);
    assertEquals(all(ada, "participants").length, seen);
  }));

Deno.test("our client that was removed while it was away stays away", () =>
  inCall(async ({ ada, ben, line, server }) => {
    line.hold();
    line.cut({ serverNotices: true });
    await next(ben, "lost", 0);
    assert(await server.room("daily")!.removeParticipant(ben.client.id));
    line.release();
    const { code, reason } = await next(ben, "closed", 0);
    assertEquals([code, reason], [1008, "removed"]);
    assertEquals([...server.room("daily")!.participants], [ada.client.id]);
  }));

Deno.test("WsSignaling goes on with its session when its owner sends the same join again", () =>
  inCall(async ({ ada, line, server }) => {
    const participant = crypto.randomUUID();
    const join: JoinMessage = {
      type: "join",
      participant,
      room_id: "daily",
      capabilities: ["track_map", "resume"],
    };
    const say = (content: string): ChatMessage => (
      { type: "chat_message", from: participant, room_id: "daily", content, timestamp: 1, encrypted: false }
    );
    await using signaling = await WsSignaling.connect(line.url, {
      recvTimeoutMs: 10_000,
      baseBackoffMs: 1,
      onReconnect: (again) => {
        again.send(join);
        again.send(say("at once"));
      },
    });
    const messages = signaling.messages();
    const has = ({ participants }: EventOf<"participants">, who: string) => participants.some(({ id }) => id === who);
    const until = async <T extends ServerMessage>(is: (message: ServerMessage) => message is T): Promise<T> => {
      for (;;) {
        const { value } = await messages.next();
        assert(value !== undefined, "the connection has ended");
        if (is(value)) return value;
      }
    };
    const isReady = (message: ServerMessage) => message.type === "ready";
    const isLine = (content: string) => (message: ServerMessage): message is ChatMessage =>
      message.type === "chat_message" && message.content === content;
    signaling.send(join);
    assertEquals((await until(isReady)).session?.resumed, false);
    signaling.send(say("before"));
    await until(isLine("before"));
    await reads(ada, "before");
    const gone = () => all(ada, "participants").slice(seen).filter((status) => !has(status, participant));
    const seen = all(ada, "participants").findIndex((status) => has(status, participant));

    line.deaf = true;
    signaling.send(say("into a dead line"));
    await line.swallowed.count(1, "frame that goes nowhere");
    line.hold();
    line.cut({ serverNotices: true });
    ada.client.chat("meanwhile");
    await reads(ada, "meanwhile");
    line.release();
    assertEquals((await until(isReady)).session, { keep_ms: 30_000, resumed: true, received: 1, media: false });
    await until(isLine("meanwhile"));
    await until(isLine("into a dead line"));
    await until(isLine("at once"));
    await reads(ada, "at once");
    assertEquals(gone(), [], "nobody sees it go");
    const lines = all(ada, "chat").map(({ message }) => message.content);
    assertEquals(lines, ["before", "meanwhile", "into a dead line", "at once"]);

    await server.room("daily")!.removeParticipant(participant);
    while (!(await messages.next()).done);
    assertEquals(signaling.closed, { code: 1008, reason: "removed" });
  }));
