/** Rooms without a browser: bots, members of other servers, rooms inside a server, and what is left when all have gone. */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { createServer, joinRoom, type PcmFrame, recordRoom, Room, type RoomCodecs, SeaMeetError } from "../../mod.ts";
import { silentLogger } from "../../mod.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { createOpusDecoder, createOpusEncoder } from "../../src/codecs/opus/mod.ts";
import { decibels, flatPicture, loudestTone, psnrAgainst, toneSource } from "./media_judge.ts";

const LEVEL = 0.2;
const RED = [220, 20, 20];
const LOCAL = { mediaAddresses: ["127.0.0.1"], udpPort: 0 };

async function firstPicture<T>(stream: ReadableStream<T>): Promise<T> {
  for await (const frame of stream) return frame;
  throw new Error("The stream has ended without a picture");
}

Deno.test("members of a server hear and see each other through the library, and a bot in its room", async () => {
  await using server = await createServer({ ws: "127.0.0.1:0", ...LOCAL, allowUnauthenticatedJoins: true });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
  const events = ada.events();
  await using ben = await joinRoom({ url, room: "daily", displayName: "Ben" });
  for await (const event of events) if (event.type === "remoteJoined") break;
  const remote = ada.remotes.get(ben.participantId)!;
  assertEquals(remote.displayName, "Ben");
  await ben.publishAudio(toneSource(700, LEVEL));
  ben.publishVideo({ read: () => flatPicture(320, 180, RED) }, { fps: 15 });
  const [tone, picture] = await Promise.all([loudestTone(remote.audio()), firstPicture(remote.video())]);
  assertAlmostEquals(tone.toneHz, 700, 4);
  assertAlmostEquals(decibels(tone.toneLevel, LEVEL), 0, 3);
  assertEquals([picture.width, picture.height], [320, 180]);
  assertGreater(psnrAgainst(picture, RED, 0), 35);

  const room = server.room("daily")!.open();
  assertEquals([...room.participants.keys()], [ada.participantId, ben.participantId]);
  const heardInside = await loudestTone(room.participant(ben.participantId).audio());
  assertAlmostEquals(heardInside.toneHz, 700, 4);
  const bot = await room.addBot({ name: "bot" });
  await bot.publishAudio(toneSource(900, LEVEL));
  const status = ada.events();
  while (!ada.remotes.has(bot.participantId)) await status.next();
  assertAlmostEquals((await loudestTone(ada.remotes.get(bot.participantId)!.audio())).toneHz, 900, 4);
  room.removeParticipant(ben.participantId);
  while (ada.remotes.has(ben.participantId)) await status.next();
  await room.close();
  while (ada.remotes.has(bot.participantId)) await status.next();
  assertEquals(server.room("daily")!.participants, [ada.participantId]);
});

Deno.test("speech, its end and custom events come out of a room; its end is the last event", async () => {
  const room = new Room(LOCAL);
  const [first, second] = [room.events(), room.events()];
  const bot = await room.addBot({ name: "speaker" });
  const track = await bot.publishAudio(toneSource(500, LEVEL));
  const types: string[] = [];
  for await (const event of first) {
    types.push(event.type);
    if (event.type === "speechStarted") track.close();
    if (event.type === "speechEnded") {
      assertGreater(event.durationMs, 50);
      break;
    }
  }
  room.emit(bot.participantId, { answer: 42 });
  bot.close();
  await room.close();
  const all = [];
  for await (const event of second) all.push(event);
  assertEquals(types.filter((type) => type.startsWith("speech")), ["speechStarted", "speechEnded"]);
  assertEquals(all.find((event) => event.type === "custom")?.payload, { answer: 42 });
  assertEquals(all.slice(-3).map(({ type }) => type), ["participantLeft", "roomEmpty", "roomEnded"]);
  const ended = all.at(-1);
  assert(ended?.type === "roomEnded" && ended.participants === 1 && ended.durationMs > 0);
  await assertRejects(() => room.addBot(), SeaMeetError, "closed");
});

Deno.test("a full room takes nobody more", async () => {
  await using room = new Room({ ...LOCAL, maxParticipants: 1 });
  const bot = await room.addBot();
  const error = await assertRejects(() => room.addBot(), SeaMeetError, "room is full");
  assert(error instanceof SeaMeetError);
  assertEquals(error.code, "room_full");
  bot.close();
  await room.addBot();
});

/** Counts the codecs that are open. */
function countedCodecs(): { codecs: RoomCodecs; open: () => number } {
  let open = 0;
  const counted = <Codec extends { close(): void }>(codec: Codec): Codec => {
    open++;
    const close = codec.close.bind(codec);
    codec.close = () => {
      open--;
      close();
    };
    return codec;
  };
  return {
    open: () => open,
    codecs: {
      opusDecoder: async (channels) => counted(await createOpusDecoder({ channels })),
      opusEncoder: async (settings) => counted(await createOpusEncoder(settings)),
    },
  };
}

Deno.test("streams cancelled halfway free what decoded for them; nothing is decoded for nobody", async () => {
  const { codecs, open } = countedCodecs();
  await using room = new Room({ ...LOCAL, codecs });
  const bot = await room.addBot();
  const track = await bot.publishAudio(toneSource(500, LEVEL));
  assertEquals(open(), 1, "the encoder");
  const participant = room.participant(bot.participantId);
  for (let i = 0; i < 5; i++) {
    const readers: ReadableStreamDefaultReader<PcmFrame>[] = [];
    for (let j = 0; j < 3; j++) readers.push(participant.audio().getReader());
    for (const reader of readers) assertEquals((await reader.read()).done, false);
    assertEquals(open(), 2, "one decoder for all readers");
    for (const reader of readers) await reader.cancel();
    assertEquals(open(), 1);
  }
  const reader = participant.audio().getReader();
  await reader.read();
  bot.close();
  for (;;) if ((await reader.read()).done) break;
  await track.closed;
  await participant.left;
  assertEquals(open(), 0);
});

Deno.test("a thousand bots with a track each come and go, and nothing of them stays", async () => {
  const codecs: RoomCodecs = {
    opusEncoder: () =>
      Promise.resolve({
        encode: () => ({ data: Uint8Array.of(0xf8, 0xff, 0xfe) }),
        setBitrate() {},
        setPacketLoss() {},
        close() {},
      }),
  };
  await using server = await createServer({ ws: "127.0.0.1:0", ...LOCAL, allowUnauthenticatedJoins: true });
  await using guest = await joinRoom({ url: `ws://127.0.0.1:${server.wsAddress.port}`, room: "busy" });
  const room = server.room("busy")!.open({ codecs });
  const sizes: number[] = [];
  const before = (await server.stats()).packetsInUse;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 100; i++) {
      const bot = await room.addBot({ name: `bot ${i}` });
      const reader = room.participant(bot.participantId).audio().getReader();
      await bot.publishAudio(toneSource(500, LEVEL));
      bot.close();
      for (;;) if ((await reader.read()).done) break;
    }
    assertEquals(room.participantCount, 1);
    sizes.push(Deno.memoryUsage().heapUsed);
  }
  const { packetsInUse, rooms } = await server.stats();
  assertEquals([packetsInUse, rooms[0]?.participants.length], [before, 1]);
  console.log(`heap after each hundred: ${sizes.map((size) => (size / 1e6).toFixed(1)).join(", ")} MB`);
  // Garbage is not collected at once: the least of the later rounds is what counts.
  assertLess(Math.min(...sizes.slice(5)), Math.min(...sizes.slice(0, 5)) + 8e6);
  assertEquals(guest.remotes.size, 0);
});

/** What ffprobe says of a file's streams. */
async function probe(path: string): Promise<{ codec_name: string; duration_ms: number; nb_read_packets: number }[]> {
  const args = ["-v", "error", "-count_packets", "-show_streams", "-show_packets", "-of", "json", path];
  const { success, stdout, stderr } = await new Deno.Command("ffprobe", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { streams, packets } = JSON.parse(new TextDecoder().decode(stdout));
  return streams.map((stream: { index: number; codec_name: string; nb_read_packets: string }) => {
    const times = packets.filter((packet: { stream_index: number }) => packet.stream_index === stream.index)
      .map((packet: { pts_time: string }) => Number(packet.pts_time) * 1000);
    const { codec_name, nb_read_packets } = stream;
    return {
      codec_name,
      nb_read_packets: Number(nb_read_packets),
      duration_ms: Math.max(...times) - Math.min(...times),
    };
  });
}

Deno.test("a room is recorded as its members get it: ffprobe finds sound and picture of the right length", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using room = new Room(LOCAL);
    const bot = await room.addBot({ name: "speaker" });
    const recording = await recordRoom(room, { directory: `${directory}/call` });
    await bot.publishAudio(toneSource(500, LEVEL));
    bot.publishVideo({ read: () => flatPicture(320, 180, RED) }, { fps: 15 });
    // As long as there is sound to be read.
    let heardMs = 0;
    for await (const frame of room.participant(bot.participantId).audio()) {
      heardMs += (frame.samples.length * 1000) / frame.sampleRate;
      if (heardMs > 3_000) break;
    }
    assertEquals(recording.stats.lost, 0);
    bot.close();
    await recording.stop();
    const streams = await probe(`${directory}/call/participant-1.webm`);
    assertEquals(streams.map(({ codec_name }) => codec_name).sort(), ["opus", "vp8"]);
    for (const { codec_name, duration_ms, nb_read_packets } of streams) {
      assertGreater(duration_ms, 2_600, codec_name);
      assertGreater(nb_read_packets, codec_name === "opus" ? 125 : 10);
    }
    // On a machine that is late with its sound both last longer, and as long as each other.
    assertAlmostEquals(streams[0]!.duration_ms, streams[1]!.duration_ms, 500);
    const timeline = await Deno.readTextFile(`${directory}/call/timeline.json`);
    for (const word of ["joined", "speaker", "left", "stopped"]) assert(timeline.includes(word), word);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a peer whose offers the application carries itself: our own client engine sends to the room", async () => {
  await using room = new Room(LOCAL);
  const peer = await room.addPeer({ name: "by hand" });
  const network = await PeerNetwork.create({ engine: chooseEngine("auto", silentLogger), logger: silentLogger });
  const client = network.createPeer();
  try {
    const line = client.addLine({ kind: "audio", direction: "sendonly" });
    const connected = new Promise<void>((resolve, reject) => {
      client.onState = (state) =>
        state === "connected" ? resolve() : state === "failed" && reject(new Error(client.error));
    });
    client.acceptAnswer(await peer.acceptOffer(client.createOffer()));
    await connected;
    const error = await assertRejects(() => peer.acceptOffer("nonsense"), SeaMeetError);
    assert(error instanceof SeaMeetError && error.code === "peer_connection");
    const heard = room.participant(peer.participantId).audio().getReader();
    const encoder = await createOpusEncoder();
    const source = toneSource(500, LEVEL);
    const samples = new Float32Array(960);
    let timestamp = 0;
    const timer = setInterval(() => {
      source.read(samples);
      const { data } = encoder.encode({ samples, sampleRate: 48_000, channels: 1 });
      client.sendRtp(line.mid, data, timestamp += 960, false);
    }, 20);
    let level = 0;
    while (level < LEVEL / 2) {
      const { value } = await heard.read();
      level = Math.sqrt(value!.samples.reduce((sum, sample) => sum + sample ** 2, 0) / value!.samples.length);
    }
    clearInterval(timer);
    encoder.close();
    await heard.cancel();
  } finally {
    client.close();
    await network.close();
  }
});
