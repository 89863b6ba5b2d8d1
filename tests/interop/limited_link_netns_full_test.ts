/** A viewer in Chromium behind a link of 3 Mbit/s, then 400 kbit/s, then 3 Mbit/s. Runs in a network namespace. */
import { assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import type { SeenCamera, SentEncoding } from "./link_page.ts";
import { CAMERA, type LinkStage, onLinkStage, PUBLISHERS, WIDTH } from "./link_stage.ts";
import { machine, PATIENCE_MS, type Span, stalledShare, Stalls } from "./patience.ts";
import type { LinkSample } from "./tun_link.ts";

const ROUTER = { queueMs: 300, delayMs: 25 };
const WIDE = { kbps: 3_000, ...ROUTER };
const NARROW = { kbps: 400, ...ROUTER };

/** So long after the step it must be over: until then what was on its way overflows the queue. */
const SETTLE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** So often the good viewer must have had everything and the other one what fits. */
const LOOKS = 10;
/** Looks are judged one by one where nobody was without time for long before: congestion control takes as long to forgive. */
const CALM_MS = 10_000;
/** Of that time. */
const MAX_STALLED = 0.02;
/** Of the pictures that a camera gives: with less, its encoder had no time, and the browser sends smaller pictures or fewer. */
const MIN_ENCODED = 0.6;

/** All cameras are there as large as they are published. */
function allSharp(seen: readonly SeenCamera[]): boolean {
  const cameras = seen.filter(({ layers }) => layers > 0);
  return cameras.length === PUBLISHERS.length &&
    cameras.every(({ width, reason }) => width === WIDTH && reason === "ok");
}

/** Nothing comes that the narrow link cannot carry, and the viewer knows why. */
function allThin(seen: readonly SeenCamera[]): boolean {
  return seen.filter(({ layers }) => layers > 0).every(({ width, layer, reason }) =>
    reason === "bandwidth" && (layer < 0 || width < WIDTH)
  );
}

/** What both viewers have at one time, and what there was to be had. Counters count from the beginning. */
interface Look {
  readonly at: number;
  readonly good: readonly SeenCamera[];
  readonly bad: readonly SeenCamera[];
  readonly sound: { readonly came: number; readonly sent: number };
  /** Of each publisher, the smallest encoding first; without the one that is too large for such cameras. */
  readonly sent: readonly (readonly SentEncoding[])[];
}

async function look({ good, bad, publishers }: LinkStage): Promise<Look> {
  const [seenByGood, seenByBad, heard, spoken, sent] = await Promise.all([
    good.seen(),
    bad.seen(),
    bad.sound(),
    publishers[0]!.sound(),
    Promise.all(publishers.map((one) => one.sent())),
  ]);
  return {
    at: Date.now(),
    good: seenByGood,
    bad: seenByBad,
    sound: { came: heard.came, sent: spoken.sent },
    sent: sent.map((encodings) => encodings.filter(({ frames }) => frames > 0).toSorted((a, b) => a.width - b.width)),
  };
}

/** Looks at both viewers until there was enough to see; answers all looks, and those that were fair to the system. */
async function watch(stage: LinkStage, stalls: Stalls): Promise<{ all: Look[]; fair: Look[] }> {
  const all = [await look(stage)];
  const fair: Look[] = [];
  const end = Date.now() + PATIENCE_MS;
  while (Math.min(all.filter(isSharp).length, all.filter(isThin).length) < LOOKS && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const [before, now] = [all.at(-1)!, await look(stage)];
    all.push(now);
    const people = [...stage.publishers, stage.good, stage.bad];
    const lost = await Promise.all(people.map((one) => one.stalls()));
    if (isFair(before, now, [stalls.spans, ...lost])) fair.push(now);
  }
  return { all, fair };
}

function isSharp({ good }: Look): boolean {
  return allSharp(good);
}

function isThin({ bad }: Look): boolean {
  return allThin(bad);
}

/** Whether everybody had time before a look, and cameras were encoded in all their sizes. */
function isFair(before: Look, now: Look, stalls: readonly (readonly Span[])[]): boolean {
  const wanted = MIN_ENCODED * CAMERA.fps * (now.at - before.at) / 1_000;
  return stalls.every((one) => stalledShare(one, { from: now.at - CALM_MS, to: now.at }) < MAX_STALLED) &&
    now.sent.every((encodings, person) =>
      encodings.every(({ frames, rid }) =>
        frames - (before.sent[person]!.find((one) => one.rid === rid)?.frames ?? 0) > wanted
      )
    );
}

/** Frames encoded of one size by everybody, the smallest or the largest. */
function encoded({ sent }: Look, size: 0 | -1): number[] {
  return sent.map((encodings) => encodings.at(size)?.frames ?? 0);
}

function framesOf(seen: readonly SeenCamera[]): number {
  return seen.reduce((sum, { frames }) => sum + frames, 0);
}

function p95(samples: readonly LinkSample[]): number {
  return samples.map(({ queueMs }) => queueMs).sort((a, b) => a - b)[Math.floor(samples.length * 0.95)] ?? 0;
}

Deno.test("a viewer in Chromium gets what its link carries, and another one the best all the time", async () => {
  await onLinkStage(WIDE, async (stage) => {
    const { link, good, bad } = stage;
    using stalls = new Stalls();
    await good.until("all cameras sharp", allSharp);
    await bad.until("all cameras sharp", allSharp);

    await link.down(NARROW);
    const settledAt = performance.now() + SETTLE_MS;
    const settled = (seen: readonly SeenCamera[]) => performance.now() > settledAt && allThin(seen);
    await bad.until("thin pictures for want of bandwidth", settled);
    await link.samples();
    const { all, fair } = await watch(stage, stalls);
    const [first, last] = [all[0]!, all.at(-1)!];
    const seconds = (last.at - first.at) / 1_000;
    // What waited for the server or the link's own thread to get a core was not the link's queue.
    const samples = (await link.samples()).filter(({ at }) =>
      stalledShare(stalls.spans, { from: at - ROUTER.queueMs, to: at }) === 0
    );
    const [sharp, thin] = [all.filter(isSharp).length, all.filter(isThin).length];
    const short = `${all.length} looks, ${sharp} sharp, ${thin} thin, ${fair.length} after a calm time; ${machine()}`;
    console.log(`${short}; ${samples.length} packets in ${seconds.toFixed(0)} s`);
    const text = `${short}: ${JSON.stringify([first, last])}`;

    assertGreaterOrEqual(thin, LOOKS, `what fits, and no more; ${text}`);
    assertGreaterOrEqual(fair.filter(isThin).length, 0.8 * fair.length, `what fits all the time; ${text}`);
    const made = encoded(last, 0).map((frames, i) => frames - encoded(first, 0)[i]!);
    const shown = framesOf(last.bad) - framesOf(first.bad);
    assertGreater(shown, 0.5 * Math.min(...made), `pictures go on, at least one of the three; ${text}`);
    const [came, sent] = [last.sound.came - first.sound.came, last.sound.sent - first.sound.sent];
    assertGreater(came, 0.7 * sent, `sound goes on; ${text}`);
    assertLess(samples.filter(({ isLost }) => isLost).length, 0.1 * samples.length, "the queue does not overflow");
    assertLess(p95(samples), 0.9 * ROUTER.queueMs, "the queue does not stand full");
    const rate = samples.reduce((sum, { bytes }) => sum + bytes * 8, 0) / (last.at - first.at);
    assertGreater(rate, 0.5 * NARROW.kbps, "the link is used");

    assertGreaterOrEqual(sharp, LOOKS, `the good viewer has the best; ${text}`);
    assertGreaterOrEqual(fair.filter(isSharp).length, 0.8 * fair.length, `it has it all the time; ${text}`);
    const best = encoded(last, -1).reduce((sum, frames, i) => sum + frames - encoded(first, -1)[i]!, 0);
    const moved = framesOf(last.good) - framesOf(first.good);
    assertGreater(moved, 0.5 * best, `the good viewer's pictures move; ${text}`);

    await link.down(WIDE);
    await bad.until("all cameras sharp again", allSharp);
  });
});
