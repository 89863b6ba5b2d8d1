import type { ConnectionQualityEvent, ParticipantId, TrackQualityEvent } from "../../../src/client/mod.ts";

/** How good a connection is, as people feel it. */
export type QualityLevel = "good" | "fair" | "poor";

/** Why it is not better. */
export type QualityReason = "loss" | "delay" | "freeze" | "bandwidth" | "server_load" | "codec";

/** What the server says about one picture that it sends us. */
export type PictureQuality = Pick<TrackQualityEvent, "layer" | "layers" | "width" | "height" | "reason">;

/** Why a picture is not larger, as the server says it. */
export type PictureReason = PictureQuality["reason"];

/** Judgement of one participant's connection. */
export interface Quality {
  readonly level: QualityLevel;
  readonly reason: QualityReason | null;
}

/** One stream of packets, counted since it began. */
export interface StreamCounters {
  readonly packets: number;
  readonly lost: number;
  readonly bytes: number;
  readonly frames: number;
  /** Seconds in which the picture stood still. */
  readonly frozen: number;
  readonly width: number;
  readonly height: number;
}

/** All counters of a connection at one moment. */
export interface Sample {
  /** Milliseconds, of any clock that runs evenly. */
  readonly at: number;
  /** What comes in, by the id of its track. */
  readonly incoming: ReadonlyMap<string, StreamCounters>;
  readonly bytesSent: number;
  /** Seconds there and back; `null` before it is known. */
  readonly roundTrip: number | null;
  /** Part of our packets that were lost, 0 to 1; `null` before it is known. */
  readonly sendLoss: number | null;
  /** What holds our picture back, as the browser says it. */
  readonly limitedBy: string;
}

/** What happened on one incoming stream between two samples. */
export interface StreamRates {
  /** Part of the packets that were lost, 0 to 1. */
  readonly loss: number;
  readonly kbps: number;
  readonly fps: number;
  /** Part of the time in which the picture stood still, 0 to 1. */
  readonly frozen: number;
  readonly width: number;
  readonly height: number;
}

/** Above these parts of lost packets speech breaks a little, and badly. */
const LOSS = { fair: 0.03, poor: 0.1 } as const;

/** Above these seconds people interrupt each other, and give up. */
const ROUND_TRIP = { fair: 0.3, poor: 0.6 } as const;

/** Above these parts of the time a picture that stands still is noticed, and useless. */
const FROZEN = { fair: 0.1, poor: 0.4 } as const;

/** What came in between two samples, by the id of its track. */
export function ratesBetween(before: Sample, now: Sample): Map<string, StreamRates> {
  const seconds = (now.at - before.at) / 1_000;
  const rates = new Map<string, StreamRates>();
  if (seconds <= 0) return rates;
  for (const [track, counters] of now.incoming) {
    const old = before.incoming.get(track);
    if (old === undefined) continue;
    const packets = Math.max(0, counters.packets - old.packets);
    const lost = Math.max(0, counters.lost - old.lost);
    rates.set(track, {
      loss: packets + lost === 0 ? 0 : lost / (packets + lost),
      kbps: Math.max(0, counters.bytes - old.bytes) * 8 / 1_000 / seconds,
      fps: Math.max(0, counters.frames - old.frames) / seconds,
      frozen: Math.min(1, Math.max(0, counters.frozen - old.frozen) / seconds),
      width: counters.width,
      height: counters.height,
    });
  }
  return rates;
}

/** Judges what comes from one participant: by the worst of its streams, and by what holds its picture back on the way to us. */
export function judgeIncoming(streams: readonly StreamRates[], picture?: PictureQuality): Quality {
  const loss = Math.max(0, ...streams.map((stream) => stream.loss));
  const frozen = Math.max(0, ...streams.map((stream) => stream.frozen));
  return worst([judgePicture(picture), grade(loss, LOSS, "loss"), grade(frozen, FROZEN, "freeze")]);
}

/** A picture that is small since nobody needs it larger, or since its sender has no better one, says nothing of our connection. */
function judgePicture(picture: PictureQuality | undefined): Quality {
  if (picture === undefined) return GOOD;
  const { reason, layer } = picture;
  if (reason !== "bandwidth" && reason !== "server_load" && reason !== "codec") return GOOD;
  return { level: layer < 0 ? "poor" : "fair", reason };
}

/** Scores of this much, of five, are good and fair. */
const SCORE = { good: 4, fair: 3 } as const;

/** The lower of the two scores that the server gives our connection, 0 to 5. */
export function scoreOf({ down, up }: ConnectionQualityEvent): number {
  return Math.min(down.score, up.score);
}

function judgeScore(connection: ConnectionQualityEvent | null): Quality {
  if (connection === null) return GOOD;
  const { score, reason } = connection.down.score <= connection.up.score ? connection.down : connection.up;
  if (score >= SCORE.good) return GOOD;
  const known = reason === "bandwidth" || reason === "loss" || reason === "delay" ? reason : null;
  return { level: score >= SCORE.fair ? "fair" : "poor", reason: known };
}

/** Judges our own connection: what the server says of it, what it says arrives, how long it takes, and whether our picture is held back. */
export function judgeOwn(
  { sendLoss, roundTrip, limitedBy }: Sample,
  connection: ConnectionQualityEvent | null = null,
): Quality {
  return worst([
    judgeScore(connection),
    grade(sendLoss ?? 0, LOSS, "loss"),
    grade(roundTrip ?? 0, ROUND_TRIP, "delay"),
    limitedBy === "bandwidth" ? { level: "fair", reason: "bandwidth" } : GOOD,
  ]);
}

const GOOD: Quality = { level: "good", reason: null };
const ORDER: Readonly<Record<QualityLevel, number>> = { good: 0, fair: 1, poor: 2 };

function grade(value: number, limits: { fair: number; poor: number }, reason: QualityReason): Quality {
  if (value >= limits.poor) return { level: "poor", reason };
  return value >= limits.fair ? { level: "fair", reason } : GOOD;
}

function worst(all: readonly Quality[]): Quality {
  return all.reduce((worse, one) => ORDER[one.level] > ORDER[worse.level] ? one : worse, GOOD);
}

/** Reads a browser's report. Browsers leave out what they do not count; that is 0 here. */
export function readSample(report: Iterable<unknown>, at: number): Sample {
  const incoming = new Map<string, StreamCounters>();
  let [bytesSent, roundTrip, limitedBy]: [number, number | null, string] = [0, null, "none"];
  let sendLoss: number | null = null;
  for (const stats of report) {
    if (typeof stats !== "object" || stats === null) continue;
    const number = (name: string): number => {
      const value: unknown = Reflect.get(stats, name);
      return typeof value === "number" ? value : 0;
    };
    const type: unknown = Reflect.get(stats, "type");
    if (type === "inbound-rtp") {
      const frozen = number("totalFreezesDuration");
      incoming.set(String(Reflect.get(stats, "trackIdentifier")), {
        packets: number("packetsReceived"),
        lost: number("packetsLost"),
        bytes: number("bytesReceived"),
        frames: number("framesDecoded"),
        frozen,
        width: number("frameWidth"),
        height: number("frameHeight"),
      });
    } else if (type === "outbound-rtp") {
      bytesSent += number("bytesSent");
      if (Reflect.get(stats, "qualityLimitationReason") === "bandwidth") limitedBy = "bandwidth";
    } else if (type === "remote-inbound-rtp") {
      sendLoss = Math.max(sendLoss ?? 0, number("fractionLost"));
    } else if (type === "candidate-pair" && Reflect.get(stats, "nominated") === true) {
      roundTrip = number("currentRoundTripTime");
    }
  }
  return { at, incoming, bytesSent, roundTrip, sendLoss, limitedBy };
}

/** The figures of one participant's picture and sound, for the panel. */
export interface PersonFigures {
  readonly id: ParticipantId;
  readonly kbps: number;
  readonly loss: number;
  readonly fps: number;
  readonly size: string;
  /** Absent before the server has said anything about it. */
  readonly picture: PictureQuality | undefined;
}
