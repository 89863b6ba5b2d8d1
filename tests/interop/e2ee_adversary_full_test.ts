/** What a server, a liar in its place and somebody who has left can do with an encrypted call of real browsers. */
import { assert, assertEquals } from "@std/assert";
import { createVp8Decoder } from "../../src/codecs/vp8/mod.ts";
import { silentLogger } from "../../src/base/log.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { RoomClient } from "../../src/io/peer/room_client.ts";
import { Vp8Depacketizer } from "../../src/processing/vp8_depacketizer.ts";
import type { Colour } from "../seed_pool_client/media.ts";
import { soon } from "./call_signaling.ts";
import type { E2eeParticipant } from "./e2ee_pages.ts";
import { hide, relabel, startProxy } from "./e2ee_proxy.ts";
import { ADA, BEN, CLEO, EVE, onE2eeStage, ROOM } from "./e2ee_stage.ts";
import { rgbAt } from "./media_judge.ts";
import { measure } from "./page_clock.ts";
import { machine, Stalls } from "./patience.ts";

const PICTURES = 30;
const KEYFRAMES = 2;
/** How long after a change of keys the earlier one may still do, by the time that the machine gives: what is on its way. */
const GRACE_MS = 5_000;
/** Some two seconds of sound and pictures. */
const MANY_FRAMES = 100;

/** What a decoder made of somebody's camera. */
class Attempt {
  keyframes = 0;
  pictures = 0;
  refused = 0;
  readonly colours: Colour[] = [];

  get isEnough(): boolean {
    return this.pictures >= PICTURES && this.keyframes >= KEYFRAMES;
  }
}

/** Takes everybody's camera as the server sends it on, and tries to decode it, until there was enough of these. */
async function decodeAsServer(url: string, people: readonly E2eeParticipant[]): Promise<Map<string, Attempt>> {
  const attempts = new Map(people.map(({ id }) => [id, new Attempt()]));
  const enough = Promise.withResolvers<void>();
  const network = await PeerNetwork.create({ engine: chooseEngine("portable", silentLogger), logger: silentLogger });
  const decoders = new Map(await Promise.all(people.map(async ({ id }) => [id, await createVp8Decoder()] as const)));
  const depacketizers = new Map(people.map(({ id }) => [id, new Vp8Depacketizer()]));
  const take = async (id: string, attempt: Attempt, data: Uint8Array<ArrayBuffer>, isKeyframe: boolean) => {
    if (isKeyframe) attempt.keyframes++;
    const picture = await decoders.get(id)!.decode({ data, isKeyframe, ptsMs: attempt.pictures++ * 40 })
      .catch(() => undefined);
    if (picture === undefined) attempt.refused++;
    else attempt.colours.push(rgbAt(picture, picture.width >> 1, picture.height >> 1));
    // A second whole picture, for a decoder that the first one has upset.
    if (!attempt.isEnough && (picture === undefined || attempt.pictures === PICTURES)) client.requestKeyframe(id);
    if ([...attempts.values()].every(({ isEnough }) => isEnough)) enough.resolve();
  };
  await using client = await RoomClient.join({
    url,
    room: ROOM,
    network,
    onRtp: ({ participant, source }, { sequence, timestamp, marker, payload }) => {
      const attempt = attempts.get(participant);
      if (source !== "camera" || attempt === undefined) return;
      const packet = { sequenceNumber: sequence & 0xffff, timestamp, marker, payload };
      const picture = depacketizers.get(participant)!.push(packet);
      if (picture !== undefined) void take(participant, attempt, picture.data, picture.isKeyframe);
    },
  });
  try {
    await soon(enough.promise, `${PICTURES} pictures of each`);
  } finally {
    for (const one of decoders.values()) one.close();
    await network.close();
  }
  return attempts;
}

/** How many frames of another's tracks one has dropped, for whatever reason. */
async function dropped(one: E2eeParticipant, of: E2eeParticipant): Promise<number> {
  const drops = (await one.events()).filter(({ name }) => name === "decryptfailed").map(({ event }) => event);
  let sum = 0;
  for (const drop of drops) {
    const { participant, count }: { participant: string; count: number } = JSON.parse(JSON.stringify(drop));
    if (participant === of.id) sum += count;
  }
  return sum;
}

/** Waits until one has dropped so many more frames of each of these. */
async function dropsMore(one: E2eeParticipant, others: readonly E2eeParticipant[], frames: number): Promise<void> {
  const before = await Promise.all(others.map((other) => dropped(one, other)));
  await one.until(`refuse ${frames} frames of each`, async () => {
    const now = await Promise.all(others.map((other) => dropped(one, other)));
    return now.every((count, i) => count >= before[i]! + frames);
  });
}

/** How many pictures of another have been decoded. */
async function framesOf(one: E2eeParticipant, of: E2eeParticipant): Promise<number> {
  return (await one.people()).find(({ id }) => id === of.id)?.frames ?? 0;
}

Deno.test("what the server has of an encrypted camera decodes to no picture of it; of a clear one it does", () =>
  onE2eeStage(async ({ open, signaling }) => {
    const [ada, ben, eve] = [await open(ADA), await open(BEN), await open(EVE)] as const;
    await ada.join(ROOM);
    await ben.join(ROOM);
    await ada.perceives([ben]);
    await eve.join(ROOM, { e2ee: false });

    const attempts = await decodeAsServer(signaling, [ada, ben, eve]);
    for (const one of [ada, ben]) {
      const { colours, refused, pictures } = attempts.get(one.id)!;
      console.log(`${one.persona.name}: ${pictures} frames, ${refused} refused, ${colours.length} of noise`);
      assertEquals(colours.filter((colour) => one.hasColour(colour)), [], `${one.persona.name} is seen`);
    }
    const { colours, refused } = attempts.get(eve.id)!;
    assert(colours.length >= PICTURES - 1 && refused <= 1, `${colours.length} of Eve, ${refused} refused`);
    assertEquals(colours.filter((colour) => !eve.hasColour(colour)), []);
  }));

Deno.test("frames that the server gives out as another's are refused, and shown again once it is honest", () =>
  onE2eeStage(async ({ open, signaling }) => {
    await using proxy = startProxy(signaling);
    const [ada, ben, cleo] = [await open(ADA), await open(BEN), await open(CLEO)] as const;
    await ada.join(ROOM);
    await ben.join(ROOM);
    await cleo.join(ROOM, { url: proxy.url });
    await cleo.perceives([ada, ben]);

    proxy.bend = relabel(ada.id, ben.id);
    await proxy.repeat("track_map");
    await dropsMore(cleo, [ada, ben], PICTURES);
    const before = await Promise.all([ada, ben].map((one) => framesOf(cleo, one)));
    await dropsMore(cleo, [ada, ben], MANY_FRAMES);
    assertEquals(await Promise.all([ada, ben].map((one) => framesOf(cleo, one))), before, "not one of them is decoded");

    proxy.bend = (text) => text;
    await proxy.repeat("track_map");
    await cleo.perceives([ada, ben]);
  }));

Deno.test("who has left cannot decrypt what is sent after, though it still gets every frame", () =>
  onE2eeStage(async ({ open, signaling }) => {
    await using proxy = startProxy(signaling);
    const [ada, ben, cleo] = [await open(ADA), await open(BEN), await open(CLEO)] as const;
    await ada.join(ROOM, { url: proxy.url });
    await cleo.join(ROOM, { url: proxy.url });
    await ben.join(ROOM);
    await ben.perceives([ada, cleo]);

    using stalls = new Stalls();
    // The others are told that Ben has left; the server goes on sending him everything.
    proxy.bend = hide(ben.id);
    await proxy.repeat("room_status");
    const leftAt = Date.now();
    await dropsMore(ben, [ada, cleo], 1);
    const lost = await Promise.all([ada, ben, cleo].map((one) => one.stalls()));
    const { tookMs, ownMs } = measure({ from: leftAt, to: Date.now() }, stalls.spans, ...lost);
    const text = `the one who left reads nothing more after ${tookMs} ms, ${ownMs} of them our own`;
    console.log(text);
    assert(ownMs < GRACE_MS, `${text}; ${machine()}`);
    // What may still be read after a change of keys is a matter of time, which has no event.
    await ben.until("wait until no earlier key is left", () => Date.now() - leftAt > Math.max(tookMs, GRACE_MS));
    const before = [await framesOf(ben, ada), await framesOf(ben, cleo)];
    await dropsMore(ben, [ada, cleo], MANY_FRAMES);
    assertEquals([await framesOf(ben, ada), await framesOf(ben, cleo)], before, "not one of them is decoded");
    await ada.perceives([cleo]);
  }));
