import type { Millis } from "../../src/base/time.ts";
import { SimWorld } from "./sim_world.ts";
import type { SimClient } from "./sim_client.ts";

/** Bits per second of a camera's three encodings. */
export const CAMERA: readonly number[] = [150_000, 500_000, 1_500_000];

const SAMPLE_MS = 10;
const SETTLED_MS = 10_000;

/** What a viewer behind a limited link goes through. */
export interface LimitedFigures {
  /** Waits in the queue in front of the link, sample by sample. */
  readonly queueMs: readonly Millis[];
  /** The longest time between two packets of sound. */
  readonly soundGapMs: Millis;
  /** The longest time between two pictures. */
  readonly freezeMs: Millis;
}

/** The longest time without an entry between two moments. */
export function longestPause(at: readonly Millis[], from: Millis, to: Millis): Millis {
  let longest = 0;
  let last = from;
  for (const moment of [...at.filter((one) => one >= from && one <= to), to]) {
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return longest;
}

/** The value that a share of the samples stays below. */
export function quantile(samples: readonly number[], share: number): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length * share)] ?? 0;
}

/** A camera in three encodings and somebody who watches it over a link. */
export function viewerOf(world: SimWorld, rateBps: number, queueMs: Millis): { alice: SimClient; bob: SimClient } {
  const alice = world.join("alice", { kind: "track_map", encodings: CAMERA });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  Object.assign(bob.down.conditions, { rateBps, queueMs });
  return { alice, bob };
}

/** Half a minute behind a steady link, with a keyframe of every encoding every two seconds, as joining others cause. */
export function keyframesOver(rateBps: number): LimitedFigures {
  const world = new SimWorld();
  const { alice, bob } = viewerOf(world, rateBps, 300);
  world.run(SETTLED_MS);
  const queueMs: Millis[] = [];
  for (let at = 0; at < 30_000; at += SAMPLE_MS) {
    if (at % 2_000 === 0) {
      for (const encoding of alice.media!.encodings) if (encoding.isVideo) encoding.requestKeyframe();
    }
    world.run(SAMPLE_MS);
    queueMs.push(bob.down.queuedMs);
  }
  return figures(world, alice, bob, queueMs, SETTLED_MS);
}

/** A link of 3 Mbit/s that falls to 400 kbit/s, and the five seconds after; `phaseMs` moves the fall. */
export function dropOf(queueOfLinkMs: Millis, phaseMs: Millis): LimitedFigures {
  const world = new SimWorld();
  const { alice, bob } = viewerOf(world, 3_000_000, queueOfLinkMs);
  world.run(20_000 + phaseMs);
  bob.down.conditions.rateBps = 400_000;
  const from = world.now;
  const queueMs: Millis[] = [];
  for (let at = 0; at < 5_000; at += SAMPLE_MS) {
    world.run(SAMPLE_MS);
    queueMs.push(bob.down.queuedMs);
  }
  return figures(world, alice, bob, queueMs, from);
}

function figures(
  world: SimWorld,
  alice: SimClient,
  bob: SimClient,
  queueMs: readonly Millis[],
  from: Millis,
): LimitedFigures {
  const soundGapMs = longestPause(bob.tile(alice, "microphone").shownAt, from, world.now);
  const freezeMs = longestPause(bob.tile(alice).shownAt, from, world.now);
  world.checkClients();
  world.close();
  return { queueMs, soundGapMs, freezeMs };
}
