import type { Millis } from "../base/time.ts";

/** Packets that left within this time count as one: senders put them on the line as one burst. */
const GROUP_MS = 5;

/** A burst that arrives compressed belongs together although it left slowly, up to this length. */
const MAX_BURST_MS = 100;

/** Points of the regression: about half a second of video. */
const WINDOW = 20;

/** Share of the old value in the smoothed delay. */
const SMOOTHING = 0.9;

/** The slope is tiny; this brings it to the scale of the threshold, as in the reference algorithm. */
const GAIN = 4;

/** More differences than this do not make the slope more certain. */
const MAX_DIFFERENCES = 60;

/** Limits and speeds of the threshold: it rises with jitter and falls when the path is quiet (GCC section 5.4). */
const THRESHOLD_START = 12.5;
const THRESHOLD_MIN = 6;
const THRESHOLD_MAX = 600;
const SPEED_UP = 0.0087;
const SPEED_DOWN = 0.039;
const MAX_ADAPT_OFFSET = 15;
const MAX_ADAPT_INTERVAL_MS = 100;

/** Overuse must last so long, so that one late packet is none. */
const OVERUSE_MS = 10;

/** After a silence of this length old points say nothing about the queue any more. */
const MAX_PAUSE_MS = 2_000;

/** What the trend of the delay says about the path. */
export type Usage = "normal" | "overuse" | "underuse";

/**
 * Tells from the arrival times of packets whether a queue on the path grows.
 *
 * The trendline filter and the adaptive threshold of draft-ietf-rmcat-gcc-02 (sections 5.2 to 5.4): differences between
 * groups of packets are summed up and smoothed; the slope of that line, against a threshold that follows the jitter,
 * says whether more is sent than gets through.
 */
export class DelayTrend {
  usage: Usage = "normal";
  readonly #times = new Float64Array(WINDOW);
  readonly #delays = new Float64Array(WINDOW);
  #points = 0;
  #differences = 0;
  #accumulated = 0;
  #smoothed = 0;
  #firstArrival = NaN;
  // The group that is being filled and the one before it.
  #firstSent = NaN;
  #lastSent = 0;
  #firstGroupArrival = 0;
  #lastArrival = 0;
  #previousSent = NaN;
  #previousArrival = 0;
  #threshold = THRESHOLD_START;
  #thresholdAt: Millis | undefined;
  #overuseMs = -1;
  #overuseCount = 0;
  #previousTrend = 0;

  /** Takes a packet's two moments, by the clocks of sender and receiver, in the order of sending. */
  add(sentAt: Millis, arrivedAt: Millis): void {
    if (Number.isNaN(this.#firstSent)) return this.#startGroup(sentAt, arrivedAt);
    if (sentAt < this.#lastSent) return;
    if (sentAt - this.#lastSent > MAX_PAUSE_MS) {
      this.reset();
      return this.#startGroup(sentAt, arrivedAt);
    }
    if (this.#belongsToGroup(sentAt, arrivedAt)) {
      this.#lastSent = sentAt;
      this.#lastArrival = Math.max(this.#lastArrival, arrivedAt);
      return;
    }
    if (!Number.isNaN(this.#previousSent)) {
      const sentDelta = this.#lastSent - this.#previousSent;
      const arrivalDelta = this.#lastArrival - this.#previousArrival;
      // Groups that overtook each other say nothing.
      if (arrivalDelta >= 0) this.#update(sentDelta, arrivalDelta, this.#lastArrival);
    }
    this.#previousSent = this.#lastSent;
    this.#previousArrival = this.#lastArrival;
    this.#startGroup(sentAt, arrivedAt);
  }

  /** Forgets the path: it is another one now, or was not used for long. */
  reset(): void {
    this.usage = "normal";
    this.#points = this.#differences = 0;
    this.#accumulated = this.#smoothed = 0;
    this.#firstSent = this.#previousSent = this.#firstArrival = NaN;
    this.#overuseMs = -1;
    this.#overuseCount = 0;
    this.#previousTrend = 0;
  }

  #startGroup(sentAt: Millis, arrivedAt: Millis): void {
    this.#firstSent = this.#lastSent = sentAt;
    this.#firstGroupArrival = this.#lastArrival = arrivedAt;
  }

  #belongsToGroup(sentAt: Millis, arrivedAt: Millis): boolean {
    if (sentAt - this.#firstSent <= GROUP_MS) return true;
    const arrivalDelta = arrivedAt - this.#lastArrival;
    const change = arrivalDelta - (sentAt - this.#lastSent);
    return change < 0 && arrivalDelta <= GROUP_MS && arrivedAt - this.#firstGroupArrival < MAX_BURST_MS;
  }

  #update(sentDelta: Millis, arrivalDelta: Millis, arrivedAt: Millis): void {
    if (Number.isNaN(this.#firstArrival)) this.#firstArrival = arrivedAt;
    this.#differences = Math.min(this.#differences + 1, MAX_DIFFERENCES);
    this.#accumulated += arrivalDelta - sentDelta;
    this.#smoothed = SMOOTHING * this.#smoothed + (1 - SMOOTHING) * this.#accumulated;
    const slot = this.#points++ % WINDOW;
    this.#times[slot] = arrivedAt - this.#firstArrival;
    this.#delays[slot] = this.#smoothed;
    const trend = this.#points < WINDOW ? this.#previousTrend : this.#slope();
    this.#detect(trend, sentDelta, arrivedAt);
  }

  /** Least squares through the points of the window. */
  #slope(): number {
    let meanTime = 0;
    let meanDelay = 0;
    for (let i = 0; i < WINDOW; i++) {
      meanTime += this.#times[i]!;
      meanDelay += this.#delays[i]!;
    }
    meanTime /= WINDOW;
    meanDelay /= WINDOW;
    let covariance = 0;
    let variance = 0;
    for (let i = 0; i < WINDOW; i++) {
      const time = this.#times[i]! - meanTime;
      covariance += time * (this.#delays[i]! - meanDelay);
      variance += time * time;
    }
    return variance === 0 ? this.#previousTrend : covariance / variance;
  }

  #detect(trend: number, sentDelta: Millis, now: Millis): void {
    const scaled = this.#differences * trend * GAIN;
    if (scaled > this.#threshold) {
      this.#overuseMs = this.#overuseMs < 0 ? sentDelta / 2 : this.#overuseMs + sentDelta;
      this.#overuseCount++;
      if (this.#overuseMs > OVERUSE_MS && this.#overuseCount > 1 && trend >= this.#previousTrend) {
        this.#overuseMs = 0;
        this.#overuseCount = 0;
        this.usage = "overuse";
      }
    } else {
      this.#overuseMs = -1;
      this.#overuseCount = 0;
      this.usage = scaled < -this.#threshold ? "underuse" : "normal";
    }
    this.#previousTrend = trend;
    this.#adapt(Math.abs(scaled), now);
  }

  #adapt(scaled: number, now: Millis): void {
    const elapsed = Math.min(now - (this.#thresholdAt ?? now), MAX_ADAPT_INTERVAL_MS);
    this.#thresholdAt = now;
    // A sudden change of the path must not raise the threshold, or it would go unseen.
    if (scaled > this.#threshold + MAX_ADAPT_OFFSET) return;
    const speed = scaled < this.#threshold ? SPEED_DOWN : SPEED_UP;
    this.#threshold += speed * (scaled - this.#threshold) * elapsed;
    this.#threshold = Math.max(THRESHOLD_MIN, Math.min(THRESHOLD_MAX, this.#threshold));
  }
}
