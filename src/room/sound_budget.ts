import type { Subscription } from "./subscription.ts";

/** Sound of one participant, where its rate is not measured: Opus with headers, and the same with what it repeats. */
const SOUND_BPS = 60_000;
const REDUNDANT_SOUND_BPS = 100_000;

/** Redundancy may make sound take this share of a path that has been full, and comes back with so much more to spare. */
const REDUNDANT_SHARE = 0.5;
const COMES_BACK = 1.5;

/** Bits per second of all sound that a receiver gets. */
export function soundBps(lines: Iterable<Subscription>): number {
  let sum = 0;
  for (const line of lines) if (isHeard(line)) sum += line.isRedundant ? REDUNDANT_SOUND_BPS : SOUND_BPS;
  return sum;
}

/**
 * Says whether a receiver's sound comes with redundancy: where it would crowd out the picture it only makes things worse.
 *
 * @param bps What the path carries, `Infinity` where nothing limits.
 */
export function chooseRedundancy(lines: Iterable<Subscription>, bps: number): void {
  const heard = [...lines].filter(isHeard);
  const needed = heard.length * REDUNDANT_SOUND_BPS / REDUNDANT_SHARE;
  for (const line of heard) line.setRedundancy(bps >= needed * (line.isRedundant ? 1 : COMES_BACK));
}

function isHeard({ format, track }: Subscription): boolean {
  return format.kind === "audio" && track !== undefined && !track.muted;
}
