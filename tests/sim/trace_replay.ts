import { SendEstimate } from "../../src/bandwidth/send_estimate.ts";
import { distance16 } from "../../src/base/sequence.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Millis } from "../../src/base/time.ts";
import { EventQueue } from "./event_queue.ts";
import { Link } from "./link.ts";
import type { Trace } from "./trace.ts";

/** An estimate at one moment of a trace. */
export interface EstimateSample {
  readonly at: Millis;
  readonly bps: number;
}

/** How one packet of a trace fared: when it left, and how long it waited on the way; `undefined` when it was lost. */
export interface Fate {
  readonly at: Millis;
  readonly bytes: number;
  readonly waitMs: Millis | undefined;
}

/** Reference times count 64 ms, deltas 250 µs. */
const REFERENCE_MS = 64;
const TICKS_PER_MS = 4;

/** What an estimate makes of a trace, sampled after each feedback. */
export function replayEstimate({ head, entries }: Trace): EstimateSample[] {
  const estimate = new SendEstimate(head.initialBps);
  const samples: EstimateSample[] = [];
  for (const entry of entries) {
    const { at } = entry;
    if (entry.kind === "sent") estimate.packetSent(entry.bytes, at);
    else if (entry.kind === "poll") estimate.paddingDue(at);
    else if (entry.kind === "want") estimate.want(entry.bps);
    else {
      estimate.handleFeedback(entry.feedback, at);
      samples.push({ at, bps: estimate.bps });
    }
  }
  return samples;
}

/** How each packet fared by the feedback about it; those that no feedback names at the end are left out. */
export function recordedFates({ entries }: Trace): Fate[] {
  const sent: { readonly at: Millis; readonly bytes: number }[] = [];
  const arrivals = new Map<number, Millis | undefined>();
  for (const entry of entries) {
    if (entry.kind === "sent") sent.push(entry);
    if (entry.kind !== "feedback") continue;
    const { baseSequence, referenceTime, packets } = entry.feedback;
    let arrivedAt = referenceTime * REFERENCE_MS;
    for (const [i, delta] of packets.entries()) {
      if (delta !== null) arrivedAt += delta / TICKS_PER_MS;
      const newest = sent.length - 1;
      const index = newest + distance16(newest & 0xffff, (baseSequence + i) & 0xffff);
      if (delta !== null) arrivals.set(index, arrivedAt);
      else if (!arrivals.has(index)) arrivals.set(index, undefined);
    }
  }
  return withoutLeast(
    [...arrivals].filter(([index]) => sent[index] !== undefined).sort(([a], [b]) => a - b).map(([index, arrivedAt]) => {
      const { at, bytes } = sent[index]!;
      return { at, bytes, waitMs: arrivedAt === undefined ? undefined : arrivedAt - at };
    }),
  );
}

/** How the same packets fare on our simulated link under the same conditions. */
export function simulatedFates({ head, entries }: Trace): Fate[] {
  const events = new EventQueue();
  const first = head.steps[0]!;
  const link = new Link(events, seededRandom(1), {
    rateBps: first.kbps * 1_000,
    queueMs: head.queueMs,
    delayMs: head.delayMs,
  });
  for (const { at, kbps } of head.steps) events.at(Math.max(0, at), () => link.conditions.rateBps = kbps * 1_000);
  const fates: { at: Millis; bytes: number; waitMs: Millis | undefined }[] = [];
  for (const entry of entries) {
    if (entry.kind !== "sent") continue;
    const fate: typeof fates[number] = { at: entry.at, bytes: entry.bytes, waitMs: undefined };
    fates.push(fate);
    events.at(entry.at, () => link.carry(entry.bytes, () => fate.waitMs = events.now - entry.at));
  }
  events.runUntil(entries.at(-1)!.at + 10_000);
  return withoutLeast(fates);
}

/** What is beyond the least there was: delay of the path and the distance of two clocks drop out. */
function withoutLeast(fates: readonly Fate[]): Fate[] {
  const least = fates.reduce((min, { waitMs }) => Math.min(min, waitMs ?? Infinity), Infinity);
  return fates.map((fate) => ({ ...fate, waitMs: fate.waitMs === undefined ? undefined : fate.waitMs - least }));
}
