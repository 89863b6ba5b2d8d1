import type { Millis } from "../../src/base/time.ts";
import { SimWorld } from "./sim_world.ts";
import type { Fate } from "./trace_replay.ts";
import type { Trace, TraceHead } from "./trace.ts";

/** What a link saw, in even steps. */
export type LinkCourse = TraceHead["link"];

/** What a step down and up again came to. */
export interface StepFigures {
  /** Of the low rate, from five seconds after the step on. */
  readonly use: number;
  /** The wait that 95 % of all moments stay below, in the same span. */
  readonly queueP95Ms: Millis;
  /** After which time the queue stayed short for a second. */
  readonly quietMs: Millis;
  /** After which time as much arrived as before the step down. */
  readonly backMs: Millis;
}

/** Until then a step down is not judged. */
const SETTLE_MS = 5_000;
const SHORT_MS = 100;
/** What counts as all that arrived before. */
const BACK_SHARE = 0.85;
const STEP_LENGTH_MS = 20_000;

/** The value that a share of the values stays below. */
export function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** The waits of those that arrived within a span. */
export function waitsOf(fates: readonly Fate[], from: Millis, to: Millis): Millis[] {
  return fates.flatMap(({ at, waitMs }) => at >= from && at < to && waitMs !== undefined ? [waitMs] : []);
}

/** Figures of a link that went down at `downAt` to `lowBps` and up again at `upAt`. */
export function stepFigures(course: LinkCourse, downAt: Millis, upAt: Millis, lowBps: number): StepFigures {
  const { everyMs, bps, queueMs } = course;
  const index = (at: Millis) => Math.max(0, Math.round(at / everyMs));
  const rate = (from: Millis, to: Millis) => average(bps.slice(index(from), index(to)));
  const before = rate(downAt - SETTLE_MS, downAt);
  let quietMs = 0;
  while (Math.max(...queueMs.slice(index(downAt + quietMs), index(downAt + quietMs + 1_000))) > SHORT_MS) {
    quietMs += everyMs;
  }
  let backMs = 0;
  while (backMs < STEP_LENGTH_MS && rate(upAt + backMs, upAt + backMs + 2_000) < BACK_SHARE * before) backMs += everyMs;
  return {
    use: rate(downAt + SETTLE_MS, upAt) / lowBps,
    queueP95Ms: quantile(queueMs.slice(index(downAt + SETTLE_MS), index(upAt)), 0.95),
    quietMs,
    backMs,
  };
}

/** The same cameras and the same link in the simulated world; the first sound only, as in the trace. */
export function simulatedCourse({ head }: Trace, seed: number): LinkCourse {
  const world = new SimWorld({ seed, initialBitrateBps: head.initialBps });
  const cameras: ReturnType<SimWorld["join"]>[] = [];
  for (const encodings of head.camerasBps) {
    const publish = cameras.length === 0 ? ["microphone" as const, "camera" as const] : ["camera" as const];
    cameras.push(world.join(`camera ${cameras.length}`, { kind: "track_map", encodings, fps: head.fps, publish }));
    // When cameras take their pictures is chance, and so is whether those collide in the queue.
    world.run(500 + world.random.next() * 1_000 / head.fps);
  }
  // Publishers look at nobody, and somebody with a good link has everything.
  for (const camera of cameras) hideAll(camera, cameras);
  world.join("good", { kind: "track_map", publish: [] });
  const { queueMs, delayMs } = head;
  const viewer = world.join("viewer", { kind: "track_map", publish: [], link: { queueMs, delayMs } });
  viewer.up.conditions.rateBps = Infinity;
  const course = { everyMs: head.link.everyMs, bps: new Array<number>(), queueMs: new Array<number>() };
  const start = world.now;
  for (const [i, { at, kbps }] of head.steps.entries()) {
    viewer.down.conditions.rateBps = kbps * 1_000;
    const end = head.steps[i + 1]?.at ?? at + STEP_LENGTH_MS;
    while (world.now - start < end) {
      const before = viewer.down.carriedBytes;
      world.run(course.everyMs);
      course.bps.push((viewer.down.carriedBytes - before) * 8_000 / course.everyMs);
      course.queueMs.push(viewer.down.queuedMs);
    }
  }
  world.checkClients();
  world.close();
  return course;
}

function hideAll(viewer: ReturnType<SimWorld["join"]>, cameras: readonly ReturnType<SimWorld["join"]>[]): void {
  const tracks = cameras.filter((camera) => camera !== viewer).map(({ id }) => ({
    participant: id,
    source: "camera",
    visible: false,
  }));
  if (tracks.length > 0) viewer.send({ type: "subscribe", from: viewer.id, tracks });
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
