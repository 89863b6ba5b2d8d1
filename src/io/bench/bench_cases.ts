import type { MediaKind } from "../../room/track_source.ts";
import type { RoomPlan } from "./bench_room.ts";

/** One thing that is measured with each engine. */
export interface BenchCase extends RoomPlan {
  /** For people; unique. */
  readonly name: string;
  /** What is sent. */
  readonly media: MediaKind;
  /** Packets taken from the socket before their copies are sent: all of a turn go to each receiver. */
  readonly perTurn: number;
  /** Only the native engine knows turns of more than one packet. */
  readonly nativeOnly: boolean;
}

/** How much of everything. */
export interface BenchSize {
  readonly cases: readonly BenchCase[];
  /** How often each case runs, in turn with the other engines and the limit; the best counts. */
  readonly rounds: number;
  /** Copies per round: about half a second each. */
  readonly copies: { readonly native: number; readonly portable: number };
  /** How often the delay is looked at, and for how long each time. */
  readonly delayRounds: number;
  readonly delayMs: number;
  /** Subscribers whose memory is measured. */
  readonly memorySubscribers: number;
}

/** Subscribers between which the growth of the cost is judged. */
export const GROWTH = { from: 10, to: 1_000 } as const;

/** The name of the case with one publisher and that many subscribers. */
export function fanOutName(subscribers: number): string {
  return `video 1 → ${subscribers.toLocaleString("en")}`;
}

function fanOut(subscribers: number): BenchCase {
  return {
    name: fanOutName(subscribers),
    media: "video",
    rooms: 1,
    members: subscribers + 1,
    publishers: 1,
    perTurn: 1,
    nativeOnly: false,
  };
}

const SINGLE = [10, 100, 500, 1_000].map(fanOut);
const EIGHT: BenchCase = { ...fanOut(100), name: "video 1 → 100, 8 a turn", perTurn: 8, nativeOnly: true };
const AUDIO: BenchCase = { ...fanOut(100), name: "audio 1 → 100", media: "audio" };
const MEETING: BenchCase = { ...fanOut(19), name: "video, meeting 20 × 20", members: 20, publishers: 20 };
const AUDIO_MEETING: BenchCase = { ...MEETING, name: "audio, meeting 20 × 20", media: "audio" };
const ROOMS: BenchCase = { ...fanOut(3), name: "video, rooms 100 × 4", rooms: 100, members: 4, publishers: 4 };

/** The whole benchmark: under two minutes on a machine that keeps up. */
export const FULL: BenchSize = {
  cases: [...SINGLE, EIGHT, AUDIO, MEETING, AUDIO_MEETING, ROOMS],
  rounds: 3,
  copies: { native: 100_000, portable: 15_000 },
  delayRounds: 2,
  delayMs: 400,
  memorySubscribers: 500,
};

/** A look in some seconds: proves that everything works; the figures are rough. */
export const QUICK: BenchSize = {
  cases: [fanOut(10), fanOut(100), { ...EIGHT }, {
    ...AUDIO_MEETING,
    name: "audio, meeting 5 × 5",
    members: 5,
    publishers: 5,
  }],
  rounds: 1,
  copies: { native: 10_000, portable: 4_000 },
  delayRounds: 1,
  delayMs: 150,
  memorySubscribers: 50,
};
