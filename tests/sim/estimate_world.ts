import { seededRandom } from "../../src/base/random.ts";
import { type Millis, NEVER } from "../../src/base/time.ts";
import { SendEstimate } from "../../src/bandwidth/send_estimate.ts";
import { TwccRecorder } from "../../src/bandwidth/twcc_recorder.ts";
import { EventQueue } from "./event_queue.ts";
import { Link, type LinkConditions } from "./link.ts";

const STEP_MS = 5;
const PACKET_BYTES = 1_200;
const PADDING_BYTES = 275;
const SAMPLE_MS = 50;

/** One moment of one flow. */
export interface Sample {
  readonly at: Millis;
  readonly estimateBps: number;
  readonly sentBps: number;
  readonly arrivedBps: number;
  /** The true wait in the bottleneck's queue. */
  readonly queueMs: Millis;
}

/** A sender that always has as much to send as its estimate allows, up to `topBps`. */
export class ElasticFlow {
  readonly estimate: SendEstimate;
  readonly samples: Sample[] = [];
  readonly #world: EstimateWorld;
  readonly #recorder = new TwccRecorder();
  readonly #topBps: number;
  readonly #up: Link;
  #debt = 0;
  #sent = 0;
  #arrived = 0;

  constructor(world: EstimateWorld, initialBps: number, topBps: number, up: Partial<LinkConditions>) {
    this.#world = world;
    this.#topBps = topBps;
    this.estimate = new SendEstimate(initialBps);
    this.estimate.want(topBps);
    this.#up = new Link(world.events, world.random, up);
    world.every(STEP_MS, () => this.#send());
    world.every(STEP_MS, () => this.#feedback());
    world.every(SAMPLE_MS, () => this.#sample());
  }

  #send(): void {
    const { now } = this.#world.events;
    for (let padding = this.estimate.paddingDue(now); padding > 0; padding -= PADDING_BYTES) this.#carry(PADDING_BYTES);
    this.#debt += (Math.min(this.estimate.budgetBps, this.#topBps) * STEP_MS) / 8_000;
    while (this.#debt >= PACKET_BYTES) {
      this.#debt -= PACKET_BYTES;
      this.#carry(PACKET_BYTES);
    }
  }

  #carry(bytes: number): void {
    const { events, link } = this.#world;
    const sequence = this.estimate.packetSent(bytes, events.now);
    this.#sent += bytes;
    let isFirst = true;
    link.carry(bytes, () => {
      if (isFirst) this.#arrived += bytes;
      isFirst = false;
      this.#recorder.record(sequence, events.now);
    });
  }

  #feedback(): void {
    const { events } = this.#world;
    if (this.#recorder.nextTimeout() === NEVER || this.#recorder.nextTimeout() > events.now) return;
    for (let part = this.#recorder.feedback(1, 2); part !== undefined; part = this.#recorder.feedback(1, 2)) {
      const feedback = part;
      this.#up.carry(80, () => this.estimate.handleFeedback(feedback, events.now));
    }
  }

  #sample(): void {
    const perSecond = 8_000 / SAMPLE_MS;
    this.samples.push({
      at: this.#world.events.now,
      estimateBps: this.estimate.bps,
      sentBps: this.#sent * perSecond,
      arrivedBps: this.#arrived * perSecond,
      queueMs: this.#world.link.queuedMs,
    });
    this.#sent = this.#arrived = 0;
  }
}

/** One bottleneck in virtual time with any number of elastic flows through it. */
export class EstimateWorld {
  readonly events = new EventQueue();
  readonly random: ReturnType<typeof seededRandom>;
  readonly link: Link;
  readonly #up: Partial<LinkConditions>;

  constructor(conditions: Partial<LinkConditions>, seed = 1) {
    this.random = seededRandom(seed);
    this.link = new Link(this.events, this.random, conditions);
    const { delayMs, loss } = this.link.conditions;
    this.#up = { delayMs, loss };
  }

  flow(options: { initialBps?: number; topBps?: number } = {}): ElasticFlow {
    return new ElasticFlow(this, options.initialBps ?? 1_000_000, options.topBps ?? 5_000_000, this.#up);
  }

  run(duration: Millis): void {
    this.events.runUntil(this.events.now + duration);
  }

  every(interval: Millis, what: () => void): void {
    this.events.after(interval, () => {
      what();
      this.every(interval, what);
    });
  }
}

/** Mean of a figure over a span. */
export function mean(samples: readonly Sample[], from: Millis, to: Millis, figure: (sample: Sample) => number): number {
  const chosen = samples.filter(({ at }) => at > from && at <= to);
  return chosen.reduce((sum, sample) => sum + figure(sample), 0) / Math.max(1, chosen.length);
}

/** The value that 95 % of a span's samples stay below. */
export function p95(samples: readonly Sample[], from: Millis, to: Millis, figure: (sample: Sample) => number): number {
  const sorted = samples.filter(({ at }) => at > from && at <= to).map(figure).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? 0;
}

/** How long the queue was longer than `limitMs`, at the longest, in one piece. */
export function longestQueue(samples: readonly Sample[], limitMs: Millis): Millis {
  let longest = 0;
  let run = 0;
  for (const { queueMs } of samples) {
    run = queueMs > limitMs ? run + SAMPLE_MS : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** How long after `from` the arriving rate stays within `share` of `wantedBps` (a second's mean at a time); `Infinity`: never. */
export function settleTime(samples: readonly Sample[], from: Millis, wantedBps: number, share: number): Millis {
  const end = samples.at(-1)?.at ?? 0;
  for (let at = from; at + 2_000 <= end; at += SAMPLE_MS) {
    if (mean(samples, at, at + 2_000, (sample) => sample.arrivedBps) >= share * wantedBps) return at - from;
  }
  return Infinity;
}
