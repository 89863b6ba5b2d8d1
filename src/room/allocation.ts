import type { Millis } from "../base/time.ts";
import type { LayerStep, QualityReason, VideoLine } from "./video_line.ts";

/** A track's layer is raised at most this often; doubled each time it did not hold. */
export const RAISE_INTERVAL_MS: Millis = 3_000;

/** A layer that had to be given up within this time did not hold. */
const DID_NOT_HOLD_MS = 12_000;
const MAX_RAISE_INTERVAL_MS = 30_000;

/** To be raised, a layer must fit with this much to spare: rates of encoders go up and down, and it begins with a keyframe. */
const RAISE_MARGIN = 1.2;

/** The same for temporal layers, which cost no keyframe. */
const SMALL_MARGIN = 1.1;
const SMALL_INTERVAL_MS = 1_000;

/** What is sent already may be so much above the estimate as long as no queue builds up; it is a saw-tooth. */
const KEEP_TOLERANCE = 1.15;

/** A layer begins with a keyframe: the queue that it makes is no reason to take the layer back for this long. */
const BURST_MS = 1_500;

/** A queue of this length is one. */
const QUEUE_MS = 80;

/** The last layer of a picture goes on for this long although it does not fit, unless the queue is long. */
const SHORT_MS = 1_000;
/** A single encoding gets the time that its publisher needs to follow what it is told. */
const HELD_BACK_SHORT_MS = 3_000;
const LONG_QUEUE_MS = 150;

/** What the path of a receiver carries. */
export interface PathBudget {
  /** Bits per second for everything; `Infinity` where nothing limits. */
  readonly bps: number;
  /** The same, or less while a queue has to drain. */
  readonly drainBps: number;
  /** The path has been full: what does not fit is not sent. Before that, the lowest layer of everything is. */
  readonly limited: boolean;
  /** How long packets wait on the path. */
  readonly queueMs: Millis;
  /** Bits per second of what is sent whatever happens: sound. */
  readonly fixedBps: number;
}

/** What an allocation comes to. */
export interface AllocationResult {
  /** Bits per second of everything that the viewer can use. */
  readonly wantedBps: number;
  /** Bits per second of what was chosen. */
  readonly givenBps: number;
}

/**
 * Chooses a layer for each video line of one receiver.
 *
 * Everything visible gets its lowest layer, in the order of importance, then the more important ones are raised first;
 * equally important ones in turns. Lowering is immediate, raising waits and needs room to spare, so that layers do not
 * flap. Each line is left with the reason for its layer.
 */
export function allocate(lines: readonly VideoLine[], path: PathBudget, now: Millis): AllocationResult {
  const ordered = lines.filter((line) => line.prepare(now)).sort((a, b) => b.rank - a.rank);
  const isBurst = ordered.some((line) => now - line.burstAt < BURST_MS);
  let rest = (isBurst ? path.bps : path.drainBps) - path.fixedBps;
  const keep = isBurst || path.queueMs < QUEUE_MS ? KEEP_TOLERANCE : 1;
  for (const line of ordered) {
    const [lowest] = line.steps;
    if (lowest === undefined) continue;
    const isShort = path.limited && !fits(line, 0, rest, keep, now);
    if (isShort && !mayStayShort(line, path, now)) continue;
    if (!isShort) line.shortSince = undefined;
    line.chosen = 0;
    rest -= lowest.bps;
  }
  for (let first = 0; first < ordered.length;) {
    let end = first + 1;
    while (end < ordered.length && ordered[end]!.rank === ordered[first]!.rank) end++;
    rest = raiseInTurns(ordered.slice(first, end), rest, keep, now);
    first = end;
  }
  let wantedBps = path.fixedBps;
  let givenBps = path.fixedBps;
  for (const line of ordered) {
    wantedBps += line.steps.at(-1)?.bps ?? 0;
    givenBps += line.steps[line.chosen]?.bps ?? 0;
    apply(line, path, now);
  }
  return { wantedBps, givenBps };
}

/** Raises lines of equal rank by one step each, round after round, as long as anything fits; returns what is left. */
function raiseInTurns(lines: readonly VideoLine[], budget: number, keep: number, now: Millis): number {
  let rest = budget;
  for (let raised = true; raised;) {
    raised = false;
    for (const line of lines) {
      const next = line.chosen + 1;
      if (line.chosen < 0 || next >= line.steps.length) continue;
      const more = line.steps[next]!.bps - line.steps[line.chosen]!.bps;
      if (!fits(line, next, rest, keep, now)) continue;
      line.chosen = next;
      rest -= more;
      raised = true;
    }
  }
  return rest;
}

/** A picture is not taken away for a short moment of less. */
function mayStayShort(line: VideoLine, path: PathBudget, now: Millis): boolean {
  if (line.present < 0 || path.queueMs > LONG_QUEUE_MS) return false;
  line.shortSince ??= now;
  return now - line.shortSince < (line.isHeldBack ? HELD_BACK_SHORT_MS : SHORT_MS);
}

function fits(line: VideoLine, step: number, rest: number, keep: number, now: Millis): boolean {
  const more = line.steps[step]!.bps - (line.chosen < 0 ? 0 : line.steps[line.chosen]!.bps);
  if (step <= line.present) return more <= rest + (keep - 1) * line.steps[step]!.bps;
  const { encoding, bps } = line.steps[step]!;
  if (line.present < 0) {
    // A single encoding follows what its publisher is told; there is no lower one to wait for.
    const margin = line.isHeldBack ? 1 : RAISE_MARGIN;
    return now >= line.resumeAt && more <= rest - (margin - 1) * bps;
  }
  const isSmall = encoding === line.steps[Math.max(0, line.present)]!.encoding;
  if (now < (isSmall ? line.changedAt + SMALL_INTERVAL_MS : line.raiseAt)) return false;
  return more <= rest - ((isSmall ? SMALL_MARGIN : RAISE_MARGIN) - 1) * bps;
}

function apply(line: VideoLine, path: PathBudget, now: Millis): void {
  const { chosen, present, steps } = line;
  const step: LayerStep | undefined = steps[chosen];
  if (chosen !== present) line.changes++;
  if (chosen < present) {
    const held = now - line.raisedAt;
    // Counted once per raise: a drop of several layers is one failure.
    const failed = held < DID_NOT_HOLD_MS;
    line.raiseInterval = failed ? Math.min(2 * line.raiseInterval, MAX_RAISE_INTERVAL_MS) : line.raiseInterval;
    line.raisedAt = -Infinity;
    line.raiseAt = now + line.raiseInterval;
    line.changedAt = now;
    if (chosen < 0) pause(line, now);
  } else if (chosen > present) {
    if (present >= 0 && steps[present]!.encoding !== step!.encoding) {
      line.raisedAt = now;
    }
    if (present < 0) line.resumedAt = now;
    if (steps[present]?.encoding !== step!.encoding) line.burstAt = now;
    line.raiseAt = Math.max(line.raiseAt, now + RAISE_INTERVAL_MS);
    line.changedAt = now;
  }
  if (line.raisedAt > 0 && now - line.raisedAt > DID_NOT_HOLD_MS) line.raiseInterval = RAISE_INTERVAL_MS;
  const { subscription } = line;
  if (step?.encoding !== subscription.target || (step !== undefined && step.temporal !== line.temporal)) {
    subscription.select(step?.encoding, step?.temporal ?? 0, now);
  }
  line.temporal = step?.temporal ?? -1;
  line.reason = reasonOf(line, path);
}

/** A picture that comes back and does not hold comes back less and less often: each time costs a keyframe. */
function pause(line: VideoLine, now: Millis): void {
  const failed = now - line.resumedAt < DID_NOT_HOLD_MS;
  line.resumeInterval = failed ? Math.min(2 * line.resumeInterval, MAX_RAISE_INTERVAL_MS) : SMALL_INTERVAL_MS;
  line.resumeAt = now + line.resumeInterval;
}

function reasonOf(line: VideoLine, path: PathBudget): QualityReason {
  const { steps, chosen } = line;
  if (steps.length === 0) return line.reason;
  if (chosen < steps.length - 1) return path.limited || chosen < 0 ? "bandwidth" : "starting";
  return line.ceiling;
}
