import { assert, assertEquals } from "@std/assert";
import type { SimClient } from "../sim/sim_client.ts";
import type { SimWorld } from "../sim/sim_world.ts";
import { LocalSender } from "../sim/local_sender.ts";
import { scenario } from "../sim/scenario.ts";

const SLOTS = 3;
const LOUD = 20;
const SILENT = 127;
/** Up to the server and down again, in milliseconds: nothing is lost or late on these paths. */
const NETWORK_MS = 20;
const BOT = { id: "00000000-0000-4000-8000-00000000b070", number: 70, displayName: "bot" };

/** So many clients with a microphone that tells silence. */
function silentRoom(world: SimWorld, count: number): SimClient[] {
  const clients: SimClient[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(world.join(`client ${i}`, { kind: "track_map", publish: ["microphone"], audioLevel: SILENT }));
    world.run(100);
  }
  world.run(1_000);
  return clients;
}

/** Whose microphones a client is sent, in the order of its lines. */
function heardBy(client: SimClient): string[] {
  return (client.last("track_map")?.tracks ?? []).filter(({ source }) => source === "microphone")
    .map(({ participant }) => participant);
}

function answers(clients: readonly SimClient[]): number {
  return clients.reduce((sum, client) => sum + client.all("answer").length, 0);
}

scenario("a room with as many microphones as lines has one for each, and one more changes that", (world) => {
  const clients = silentRoom(world, SLOTS + 1);
  for (const client of clients) assertEquals(heardBy(client).length, SLOTS);
  const before = heardBy(clients[0]!);
  clients.push(world.join("late", { kind: "track_map", publish: ["microphone"], audioLevel: SILENT }));
  world.run(1_000);
  for (const client of clients) assert(heardBy(client).length <= SLOTS, client.name);
  assertEquals(heardBy(clients[0]!).every((id) => before.includes(id)), true, "whoever is heard stays on its line");
  clients.at(-1)!.disconnect();
  world.run(500);
  for (const client of clients.slice(0, -1)) assertEquals(heardBy(client).length, SLOTS, client.name);
}, { limits: { audioSlots: SLOTS } });

scenario("the first syllable of somebody without a line is heard by everybody, without a new offer", (world) => {
  const clients = silentRoom(world, 8);
  const seed = world.join("seed", { publish: [] });
  world.run(1_000);
  const offers = answers(clients);
  const newcomer = clients[6]!;
  const others = clients.filter((client) => client !== newcomer);
  for (const other of others) assertEquals(other.tile(newcomer, "microphone").frames, 0, "silence has no line");
  assert(seed.tile(newcomer, "microphone").frames > 0, "a client of the basic protocol has a line for everybody");

  const sender = newcomer.sender("microphone");
  const first = sender.frames;
  sender.audioLevel = LOUD;
  world.run(400);
  const delays = new Set<number>();
  for (const other of others) {
    const tile = other.tile(newcomer, "microphone");
    // No frame is left out, so the first one that came tells which it was.
    assertEquals([tile.skipped, tile.lastFrame - tile.frames + 1], [0, first], other.name);
    assertEquals(heardBy(other).includes(newcomer.id), true);
    assert(heardBy(other).length <= SLOTS);
    delays.add(Math.round(tile.firstDelayMs!) - NETWORK_MS);
  }
  assertEquals([...delays], [0], "milliseconds that the server keeps the first packet");
  assertEquals(answers(clients), offers, "no offer was needed");
}, { limits: { audioSlots: SLOTS } });

scenario("as many as there are lines talk at a time, and everybody hears them without a gap", (world) => {
  const clients = silentRoom(world, 9);
  const listener = clients[8]!;
  const talk = (talkers: readonly number[]) => {
    clients.forEach((client, i) => client.sender("microphone").audioLevel = talkers.includes(i) ? LOUD : SILENT);
  };
  for (const talkers of [[0, 4, 5], [5, 6, 7], [1, 2, 3]]) {
    talk(talkers);
    world.run(200);
    const before = talkers.map((i) => listener.tile(clients[i]!, "microphone").frames);
    world.run(2_000);
    talkers.forEach((i, at) => {
      const tile = listener.tile(clients[i]!, "microphone");
      assert(tile.frames - before[at]! >= 99, `${tile.frames - before[at]!} frames of talker ${i}`);
    });
    talk([]);
    world.run(1_500);
  }
}, { limits: { audioSlots: SLOTS } });

scenario("in a large room a muted microphone takes no line from one that is open", (world) => {
  const clients = silentRoom(world, 6);
  const listener = clients[5]!;
  const [first] = heardBy(listener);
  const muted = clients.find(({ id }) => id === first)!;
  muted.mute("audio");
  world.run(500);
  assertEquals(heardBy(listener).includes(muted.id), false);
  assertEquals(heardBy(listener).length, SLOTS);
  muted.unmute("audio");
  muted.sender("microphone").audioLevel = LOUD;
  world.run(500);
  assertEquals(heardBy(listener).includes(muted.id), true);
}, { limits: { audioSlots: SLOTS } });

scenario(
  "screen sound keeps a line of its own in a large room, and what a bot says gets one at its first packet",
  (world) => {
    const clients = silentRoom(world, 6);
    world.bots.set(BOT.id, BOT.number);
    world.inside((local, now) => local.addParticipant("room", BOT, now));
    const screen = new LocalSender(world, BOT, "screen_audio");
    world.run(1_000);
    for (const client of clients) {
      assert(client.tile(BOT, "screen_audio").frames > 20, client.name);
      assertEquals(heardBy(client).includes(BOT.id), false);
    }
    const voice = new LocalSender(world, BOT, "microphone");
    world.run(500);
    for (const client of clients) {
      const tile = client.tile(BOT, "microphone");
      assertEquals([tile.lastFrame - tile.frames + 1, tile.skipped], [0, 0], client.name);
    }
    world.inside((_, now) => [screen, voice].forEach(({ track }) => track.close(now)));
  },
  { limits: { audioSlots: SLOTS } },
);
