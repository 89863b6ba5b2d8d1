/** Rooms whose members come back, encrypt, or are elsewhere: what is done to their media, and what must never be read. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  createServer,
  gain,
  joinRoom,
  LevelMeter,
  type Processor,
  recordRoom,
  Room,
  type RoomParticipant,
  SeaMeetError,
  type SignalingConnection,
  WsSignaling,
} from "../../mod.ts";
import { silentLogger } from "../../mod.ts";
import { createOpusEncoder } from "../../src/codecs/opus/mod.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { RoomClient } from "../../src/io/peer/room_client.ts";
import { decibels, readTone, toneSource } from "./media_judge.ts";
import { until } from "./raw_client.ts";

const LEVEL = 0.2;
const LOCAL = { mediaAddresses: ["127.0.0.1"], udpPort: 0 };

/** A room behind a WebSocket server of the application's own. */
async function withRoom(
  test: (stage: {
    readonly room: Room;
    readonly url: string;
    readonly sockets: WebSocket[];
    /** What those who come from now on are added with. */
    readonly processors: Processor[];
  }) => Promise<void>,
): Promise<void> {
  await using room = new Room({ ...LOCAL, name: "daily" });
  const sockets: WebSocket[] = [];
  const processors: Processor[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.push(socket);
    const processor = processors.shift();
    room.addParticipant({ signaling: socket, ...(processor !== undefined && { processor }) }).catch(() => {});
    return response;
  });
  await test({ room, url: `ws://127.0.0.1:${server.addr.port}`, sockets, processors });
}

Deno.test("somebody who is cut off comes back, speaks on, and is processed as the application says then", () =>
  withRoom(async ({ room, url, sockets, processors }) => {
    await using listener = await joinRoom({ url, room: "daily" });
    processors.push(gain(-12), gain(-6));
    await using speaker = await joinRoom({ url, room: "daily" });
    const heard = async () => {
      for await (const remote of listener.arrivals()) return await readTone(remote.audio());
      throw new Error("Nobody came");
    };
    await speaker.publishAudio(toneSource(600, LEVEL));
    const before = await heard();
    assertAlmostEquals(before.toneHz, 600, 2);
    assertAlmostEquals(decibels(before.toneLevel, LEVEL), -12, 2.5);

    const events = speaker.events();
    const first = room.participant(speaker.participantId);
    sockets.at(-1)!.close(1012, "service_restart");
    for await (const event of events) if (event.type === "joined") break;
    await first.left;
    const after = await heard();
    assertAlmostEquals(after.toneHz, 600, 2);
    assertAlmostEquals(decibels(after.toneLevel, LEVEL), -6, 2.5);
  }));

/** A client that is nothing but what it says and hears. */
class Line implements SignalingConnection {
  readonly remoteAddress = "";
  readonly headers: Headers = new Headers();
  readonly url = "ws://test/";
  readonly bufferedBytes = 0;
  readonly resume: Promise<string>;
  onText: (text: string) => void = () => {};
  onClose: (reason: string) => void = () => {};
  #ready: (resume: string) => void = () => {};

  constructor(readonly id: number) {
    this.resume = new Promise((resolve) => this.#ready = resolve);
  }

  send(text: string): void {
    const message = JSON.parse(text);
    if (message.type === "ready") this.#ready(message.resume);
  }

  close(_code: number, reason: string): void {
    this.onClose(reason);
  }

  welcome(): void {}
}

Deno.test("who takes up a place that is still held gets the processor of the new connection, or keeps the old one", async () => {
  await using room = new Room({ ...LOCAL, name: "daily" });
  const participant = crypto.randomUUID();
  let resume: string | undefined;
  const come = async (id: number, processor?: Processor): Promise<RoomParticipant> => {
    const signaling = new Line(id);
    const added = room.addParticipant({ id: participant, signaling, ...(processor && { processor }) });
    const join = { type: "join", participant, room_id: "daily", ...(resume !== undefined && { resume }) };
    signaling.onText(JSON.stringify(join));
    resume = await signaling.resume;
    return await added;
  };
  const [quiet, quieter] = [gain(-6), gain(-12)];
  const handle = await come(1, quiet);
  assertEquals(handle.processor, quiet);
  assertEquals(await come(2, quieter), handle);
  assertEquals(handle.processor, quieter);
  await come(3);
  assertEquals([handle.processor, room.participantCount], [quieter, 1]);
});

Deno.test("media that becomes encrypted from end to end is neither decoded nor recorded any more, and says so", () =>
  withRoom(async ({ room, url }) => {
    const directory = await Deno.makeTempDir();
    const network = await PeerNetwork.create({ engine: chooseEngine("auto", silentLogger), logger: silentLogger });
    const client = await RoomClient.join({ url, room: "daily", network, publish: ["microphone"] });
    const encoder = await createOpusEncoder();
    const samples = new Float32Array(960).fill(0.1);
    let timestamp = 0;
    const timer = setInterval(() => {
      const { data } = encoder.encode({ samples, sampleRate: 48_000, channels: 1 });
      client.send("microphone", data, timestamp += 960, false, 20);
    }, 20);
    try {
      await using recording = await recordRoom(room, { directory: `${directory}/call` });
      const participant = room.participant(client.id);
      const reader = participant.audio().getReader();
      assert(!(await reader.read()).done, "in the clear it is heard");
      while (recording.stats.tracks === 0) await reader.read();

      client.relay({ type: "e2ee_public_key", from: client.id, room_id: "daily", public_key: "AAAA" });
      const error = await assertRejects(
        async () => {
          while (!(await reader.read()).done);
        },
        SeaMeetError,
        "end to end",
      );
      assert(error instanceof SeaMeetError && error.code === "codec");
      await assertRejects(() => participant.audio().getReader().read(), SeaMeetError, "end to end");
      await assertRejects(() => participant.video().getReader().read(), SeaMeetError, "end to end");
      await assertRejects(() => recordRoom(room, { directory: `${directory}/other` }), SeaMeetError, "end-to-end");
      const timeline = () => Deno.readTextFile(`${directory}/call/timeline.json`);
      await until("it is recorded no more", () => recording.stats.tracks === 0);
      await recording.stop();
      assert((await timeline()).includes("notRecorded"));
    } finally {
      clearInterval(timer);
      encoder.close();
      await client.leave();
      await network.close();
      await Deno.remove(directory, { recursive: true });
    }
  }));

Deno.test("a room takes part in a room of another server: hears, speaks, comes back, ends with ours", async () => {
  const connections: SignalingConnection[] = [];
  await using server = await createServer({
    ws: "127.0.0.1:0",
    ...LOCAL,
    allowUnauthenticatedJoins: true,
    onConnection: (connection, next) => {
      connections.push(connection);
      next();
    },
  });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  await using ben = await joinRoom({ url, room: "theirs", displayName: "Ben" });
  await ben.publishAudio(toneSource(700, LEVEL));

  const room = new Room({ ...LOCAL, name: "ours" });
  const id = crypto.randomUUID();
  const meter = new LevelMeter();
  let emitted = false;
  const ears = room.events();
  const processor: Processor = {
    processAudio(frame) {
      meter.processAudio(frame);
      if (emitted) return "forward";
      emitted = true;
      return { emit: "heard" };
    },
  };
  const signaling = await WsSignaling.connect(url);
  const handle = await room.addParticipant({ id, signaling, room: "theirs", displayName: "Ada", processor });
  assertEquals(handle.participantId, id);
  assertEquals([server.room("theirs")!.participants, room.participantCount], [[ben.participantId, id], 0]);
  const remoteOf = async () => {
    for await (const remote of handle.arrivals()) return remote;
    throw new Error("Nobody came");
  };
  const remote = await remoteOf();
  assertEquals(remote.displayName, "Ben");
  assertAlmostEquals((await readTone(remote.audio())).toneHz, 700, 2);
  assertAlmostEquals(meter.dbov, 20 * Math.log10(LEVEL), 4);
  const { value } = await ears.next();
  assert(value?.type === "custom" && value.payload === "heard" && value.participant === ben.participantId);

  await handle.publishAudio(toneSource(900, LEVEL));
  const ada = async () => {
    for await (const other of ben.arrivals()) return await readTone(other.audio());
    throw new Error("Nobody came");
  };
  assertAlmostEquals((await ada()).toneHz, 900, 2);

  const events = handle.events();
  connections.at(-1)!.close(1012, "service_restart");
  for await (const event of events) if (event.type === "joined") break;
  assertEquals(connections.length, 3);
  assertAlmostEquals((await ada()).toneHz, 900, 2);

  const gone = ben.events();
  await room.close();
  await handle.left;
  while (ben.remotes.size > 0) await gone.next();
  await assertRejects(
    async () => {
      await room.addParticipant({ signaling: await WsSignaling.connect(url), room: "theirs" });
    },
    SeaMeetError,
    "closed",
  );
});

Deno.test("what stands in the way of taking part elsewhere is a typed error, and no socket stays open", async () => {
  await using server = await createServer({
    ws: "127.0.0.1:0",
    ...LOCAL,
    authenticate: () => ({ reject: "not you" }),
  });
  await using room = new Room({ ...LOCAL, name: "ours" });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  const signaling = await WsSignaling.connect(url);
  const error = await assertRejects(() => room.addParticipant({ signaling }), SeaMeetError, "not you");
  assert(error instanceof SeaMeetError && error.code === "signaling");
  await assertRejects(() => room.addParticipant({ signaling }), SeaMeetError, "closed");
  await using other = await WsSignaling.connect(url);
  await assertRejects(() => room.addParticipant({ signaling: other, id: "me" }), SeaMeetError, "UUID");
});

Deno.test("of somebody who is processed and leaves, the application hears that, and nothing about tracks and paths", () =>
  withRoom(async ({ room, url, processors }) => {
    processors.push(gain(-6));
    const speaker = await joinRoom({ url, room: "daily" });
    await using listener = await joinRoom({ url, room: "daily" });
    await speaker.publishAudio(toneSource(600, LEVEL));
    await speaker.publishAudio(toneSource(900, LEVEL), { source: "screen_audio" });
    for await (const remote of listener.arrivals()) {
      await readTone(remote.audio());
      break;
    }
    const events = room.events();
    await speaker.close();
    const heard: string[] = [];
    for await (const { type } of events) {
      if (/^(media|track|participant)/.test(type)) heard.push(type);
      if (type === "participantLeft") break;
    }
    assertEquals(heard, ["participantLeft"]);
  }));
