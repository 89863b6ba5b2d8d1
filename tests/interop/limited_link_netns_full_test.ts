/** A viewer in Chromium behind a link of 3 Mbit/s, then 400 kbit/s, then 3 Mbit/s. Runs in a network namespace. */
import { assertGreater, assertLess } from "@std/assert";
import type { SeenCamera } from "./link_page.ts";
import { type LinkPerson, onLinkStage, PUBLISHERS, WIDTH } from "./link_stage.ts";
import type { LinkSample } from "./tun_link.ts";

const ROUTER = { queueMs: 300, delayMs: 25 };
const WIDE = { kbps: 3_000, ...ROUTER };
const NARROW = { kbps: 400, ...ROUTER };

/** For what takes 5 s and 15 s at the most: machines are busy, and encoders begin slowly. */
const DOWN_MS = 20_000;
const UP_MS = 60_000;
/** So long after the step it must be over: until then what was on its way overflows the queue. */
const SETTLE_MS = 5_000;
const WATCH_MS = 12_000;
const LOOK_EVERY_MS = 1_000;

/** Of what arrives on an idle machine. */
const SOUND_PER_SECOND = 50;

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

/** Looks at both viewers for a while. */
async function watch(good: LinkPerson, bad: LinkPerson) {
  const looks: { readonly good: SeenCamera[]; readonly bad: SeenCamera[]; readonly heard: number }[] = [];
  const end = performance.now() + WATCH_MS;
  do {
    const [seenByGood, seenByBad, heard] = await Promise.all([good.seen(), bad.seen(), bad.heard()]);
    looks.push({ good: seenByGood, bad: seenByBad, heard });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  } while (performance.now() < end);
  return looks;
}

function framesOf(seen: readonly SeenCamera[]): number {
  return seen.reduce((sum, { frames }) => sum + frames, 0);
}

function p95(samples: readonly LinkSample[]): number {
  return samples.map(({ queueMs }) => queueMs).sort((a, b) => a - b)[Math.floor(samples.length * 0.95)] ?? 0;
}

Deno.test("a viewer in Chromium gets what its link carries, and another one the best all the time", async () => {
  await onLinkStage(WIDE, async ({ link, good, bad }) => {
    await good.until("all cameras sharp", allSharp, UP_MS);
    await bad.until("all cameras sharp", allSharp, UP_MS);

    await link.down(NARROW);
    const settledAt = performance.now() + SETTLE_MS;
    const settled = (seen: readonly SeenCamera[]) => performance.now() > settledAt && allThin(seen);
    await bad.until("thin pictures for want of bandwidth", settled, DOWN_MS);
    await link.samples();
    const looks = await watch(good, bad);
    const samples = await link.samples();
    const [first, last] = [looks[0]!, looks.at(-1)!];
    const seconds = WATCH_MS / 1_000;

    assertGreater(looks.filter((look) => allThin(look.bad)).length, 0.8 * looks.length, "what fits, and no more");
    assertGreater(framesOf(last.bad) - framesOf(first.bad), 8 * seconds, "pictures go on: at least one of the three");
    assertGreater(last.heard - first.heard, 0.7 * SOUND_PER_SECOND * seconds, "sound goes on");
    assertLess(samples.filter(({ isLost }) => isLost).length, 0.1 * samples.length, "the queue does not overflow");
    assertLess(p95(samples), 0.9 * ROUTER.queueMs, "the queue does not stand full");
    const rate = samples.reduce((sum, { bytes }) => sum + bytes * 8, 0) / WATCH_MS;
    assertGreater(rate, 0.5 * NARROW.kbps, "the link is used");

    const sharp = looks.filter((look) => allSharp(look.good));
    assertGreater(sharp.length, 0.8 * looks.length, "the good viewer keeps the best");
    assertGreater(framesOf(last.good) - framesOf(first.good), 20 * seconds, "the good viewer's pictures move");

    await link.down(WIDE);
    await bad.until("all cameras sharp again", allSharp, UP_MS);
  });
});
