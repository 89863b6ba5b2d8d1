/** The whole core under whatever may come in: it never throws, leaks no packet, and keeps nothing of those who left. */

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { NEVER } from "../../src/base/time.ts";
import { FAKE_PROFILE, fakeFingerprint, fakeHandshake } from "../sim/fake_dtls.ts";
import type { SimClient } from "../sim/sim_client.ts";
import { SimWorld } from "../sim/sim_world.ts";
import { below, inputCount, mutate, type Rng, seed } from "./harness.ts";
import { validRtcp, validRtp } from "./rtp_inputs.ts";

const MODERATION = ["mute_audio", "mute_video", "stop_screen", "lower_hand", "remove"];

/** Inputs of one world before the next begins; some of them make new clients, so it stays small. */
const INPUTS_PER_WORLD = 250;
const MAX_CLIENTS = 8;
const MAX_DATAGRAM = 1_500;
/** Longer than every timeout of the core. */
const AFTERMATH_MS = 120_000;
/** Reasons are our own words: what comes in must not make new ones. */
const MAX_REASONS = 60;
const ROOMS = ["room", "other", "", "x".repeat(65)];

type Source = ReturnType<typeof seededRandom>;

Deno.test("Sfu survives random datagrams, messages and events in random order", () => {
  const base = seed();
  for (let done = 0; done < inputCount(); done += INPUTS_PER_WORLD) {
    try {
      runWorld(seededRandom(base + done), base + done);
    } catch (cause) {
      throw new Error(`"Sfu" fails in the world at ${done} (FUZZ_SEED=${base})`, { cause });
    }
  }
});

function runWorld(rng: Source, worldSeed: number): void {
  const world = new SimWorld({
    seed: worldSeed,
    limits: { maxRoomMembers: 4, maxRooms: 3, maxChatHistory: 5 },
    e2ee: { required: rng.next() < 0.2, joinTimeoutMs: 5_000 },
  });
  world.join("alice");
  world.join("bob", { kind: "track_map", ...(rng.next() < 0.5 ? { encodings: [100_000, 300_000, 900_000] } : {}) });
  world.run(300);
  quieten(world);
  for (let i = 0; i < INPUTS_PER_WORLD; i++) step(world, rng);

  for (const client of world.clients) client.disconnect();
  world.run(AFTERMATH_MS);
  const { rooms, packetsInUse, drops } = world.sfu.snapshot(world.now);
  assertEquals(rooms.length, 0, "rooms left behind");
  assertEquals(packetsInUse, 0, "packet buffers in use");
  assertEquals(world.sfu.nextTimeout(), NEVER, "something still waits");
  assert(Object.keys(drops).length < MAX_REASONS, Object.keys(drops).join());
  world.close();
}

/** Cameras stay off: the inputs of the test are what counts, and virtual time becomes cheap. */
function quieten(world: SimWorld): void {
  for (const client of world.clients) {
    for (const sender of client.media?.encodings ?? []) sender.paused = true;
  }
}

function step(world: SimWorld, rng: Source): void {
  const client = pick(rng, world.clients);
  switch (below(rng, 12)) {
    case 0:
    case 1:
      receiveMutated(world, client, rng);
      break;
    case 2:
      world.receive("203.0.113.9", below(rng, 65_536), noise(rng));
      break;
    case 3:
    case 4:
      sendInside(client, rng);
      break;
    case 5:
    case 6:
    case 7:
      client.send(randomMessage(world, client, rng));
      break;
    case 8:
      sendDtlsEvent(world, rng);
      break;
    case 9:
      act(world, client, rng);
      break;
    default:
      world.run(rng.next() < 0.05 ? below(rng, 40_000) : below(rng, 100));
      quieten(world);
  }
}

/** Something the client once sent, damaged or not, from its own address, another client's, or nobody's. */
function receiveMutated(world: SimWorld, client: SimClient, rng: Source): void {
  if (client.sent.length === 0) return;
  const original = pick(rng, client.sent);
  const bytes = (rng.next() < 0.7 ? mutate(original, rng) : original).slice(0, MAX_DATAGRAM);
  const from = pick(rng, [client, client, pick(rng, world.clients)]);
  const port = rng.next() < 0.8 ? from.port : below(rng, 65_536);
  world.receive(from.address, port, bytes);
}

/** Packets with a right tag: what an authenticated participant may say. */
function sendInside(client: SimClient, rng: Source): void {
  const kind = rng.next() < 0.6 ? "rtp" : "rtcp";
  let bytes = kind === "rtp" ? validRtp(rng) : validRtcp(rng);
  const sender = pick(rng, [...(client.media?.senders.values() ?? [])]);
  const encodings = client.media?.encodings.flatMap(({ ssrc, encoding }) => [ssrc, encoding?.rtxSsrc]) ?? [];
  const ssrcs = [
    ...encodings,
    sender?.line.ssrc,
    sender?.line.rtxSsrc,
    client.answer?.lines.find((line) => line.ssrc)?.ssrc,
  ];
  const ssrc = pick(rng, ssrcs) ?? 0;
  // Most of them speak about streams that there are.
  if (rng.next() < 0.8 && bytes.length >= 12) {
    new DataView(bytes.buffer).setUint32(8, ssrc);
    if (kind === "rtp") bytes[1] = (bytes[1]! & 0x80) | pick(rng, [96, 97, 109, 111, 120, 124]);
  }
  if (rng.next() < 0.5) bytes = mutate(bytes, rng);
  client.transport?.sendPlain(kind, bytes.slice(0, 1_300));
}

function randomMessage(world: SimWorld, client: SimClient, rng: Source): Record<string, unknown> {
  const from = rng.next() < 0.9 ? client.id : pick(rng, world.clients).id;
  const other = rng.next() < 0.9 ? pick(rng, world.clients).id : "00000000-0000-4000-8000-0000000000ff";
  const about = rng.next() < 0.85 ? { from } : { from, room_id: pick(rng, ROOMS) };
  const number = pick(rng, [0, 1, -1, 7, 0xffff_ffff]);
  const text = pick(rng, ["", "AAAA", "BBBB", "x".repeat(5_000)]);
  return pick(rng, [
    () => ({ ...about, type: "join", participant: from, capabilities: rng.next() < 0.5 ? ["track_map"] : [] }),
    () => ({ ...about, type: "leave", participant: from }),
    () => ({ ...about, type: "offer", to: null, sdp: randomOffer(client, rng), tracks: randomTracks(rng) }),
    () => ({ ...about, type: "ice_candidate", to: from, candidate: text, sdp_mid: "0", sdp_mline_index: 0 }),
    () => ({ ...about, type: pick(rng, ["mute_audio", "unmute_audio", "mute_video", "unmute_video"]) }),
    () => ({ ...about, type: pick(rng, ["screen_share_started", "screen_share_stopped"]), track_id: number }),
    () => ({ ...about, type: "video_config_changed", width: number, height: 1, fps: 1 }),
    () => ({ ...about, type: "chat_message", content: text, timestamp: 1, key_id: number }),
    () => ({ ...about, type: "e2ee_public_key", public_key: text }),
    () => ({ ...about, type: "e2ee_sender_key", to: other, encrypted_key: text, key_id: 1 }),
    () => ({ ...about, type: "e2ee_key_rotation", key_id: 1 }),
    () => ({ ...about, type: "request_keyframe", target: other }),
    () => ({ ...about, type: "subscribe", tracks: randomWishes(other, rng) }),
    () => ({ ...about, type: "hand", raised: rng.next() < 0.5 }),
    () => ({ ...about, type: "reaction", emoji: pick(rng, ["👍", text]) }),
    () => ({ ...about, type: "moderate", target: other, action: pick(rng, MODERATION) }),
  ])();
}

function randomWishes(other: string, rng: Source): unknown[] {
  const number = () => pick(rng, [0, 1, 180, 720, 16_384, 16_385, -1, 1.5, null]);
  return Array.from({ length: pick(rng, [0, 1, 3, 300]) }, () => ({
    participant: other,
    source: pick(rng, ["camera", "screen", "microphone", "nose"]),
    visible: pick(rng, [true, false, null, 1]),
    width: number(),
    height: number(),
    priority: pick(rng, [0, 10, 11, null]),
  }));
}

/** An offer of this client, its lines cut, doubled, turned round or damaged. */
function randomOffer(client: SimClient, rng: Source): string {
  const sdp = client.lastOffer;
  const lines = sdp.split("\r\n");
  switch (below(rng, 6)) {
    case 0:
      return sdp;
    case 1:
      lines.splice(below(rng, lines.length), 1 + below(rng, 40));
      return lines.join("\r\n");
    case 2:
      return sdp.replaceAll("a=sendrecv", pick(rng, ["a=inactive", "a=recvonly", "a=sendonly"]));
    case 3:
      return sdp.replaceAll(/a=ssrc.*\r\n/g, "");
    case 4:
      return sdp.replaceAll(/ice-ufrag:\S+/g, `ice-ufrag:u${below(rng, 10_000)}`);
    default:
      return new TextDecoder().decode(mutate(new TextEncoder().encode(sdp), rng));
  }
}

function randomTracks(rng: Source): { mid: string; source: string }[] {
  const sources = ["microphone", "camera", "screen", "screen_audio"];
  return Array.from({ length: below(rng, 4) }, () => ({ mid: String(below(rng, 20)), source: pick(rng, sources) }));
}

function sendDtlsEvent(world: SimWorld, rng: Source): void {
  const peer = below(rng, 2 * world.clients.length + 2);
  switch (below(rng, 3)) {
    case 0:
      world.handleDtls({ kind: "dtls_closed", peer, reason: "fuzz" });
      break;
    case 1:
      world.handleDtls({ kind: "dtls_send", peer, bytes: new Uint8Array(below(rng, 3_000)) });
      break;
    default: {
      const { certificate, clientKeys, serverKeys } = fakeHandshake(rng);
      world.handleDtls({
        kind: "dtls_connected",
        peer,
        profile: FAKE_PROFILE,
        localKeys: serverKeys,
        remoteKeys: clientKeys,
        remoteCertificate: certificate,
        remoteFingerprints: [{ algorithm: "sha-256", value: fakeFingerprint(certificate) }],
      });
    }
  }
}

/** What well-behaved clients do, at odd moments. */
function act(world: SimWorld, client: SimClient, rng: Source): void {
  switch (below(rng, 8)) {
    case 0:
      if (world.clients.length < MAX_CLIENTS) world.join("late", { kind: pick(rng, ["pool", "track_map"]) });
      break;
    case 1:
      if (world.clients.length < MAX_CLIENTS) world.join("again", { as: client, room: pick(rng, ROOMS) });
      break;
    case 2:
      client.disconnect();
      break;
    case 3:
      client.shareScreen();
      break;
    case 4:
      client.stopScreen();
      break;
    case 5:
      client.restartMedia();
      break;
    case 6:
      client.restartIce();
      break;
    default:
      client.moveTo(40_000 + below(rng, 3));
  }
}

function noise(rng: Source): Uint8Array {
  const bytes = new Uint8Array(below(rng, 200));
  rng.fill(bytes);
  if (bytes.length > 0) bytes[0] = pick(rng, [0, 1, 22, 64, 128, 144, 255]);
  return bytes;
}

function pick<T>(rng: Rng, from: readonly T[]): T {
  return from[below(rng, from.length)]!;
}
