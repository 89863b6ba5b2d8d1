import { assert, assertEquals } from "@std/assert";
import { NEVER } from "../base/time.ts";
import { ActiveSpeaker, SPEAKER_TICK_MS, type SpeakerChange, type SpeechEvent } from "./active_speaker.ts";

/** Levels as the extension carries them: 0 loudest. */
const LOUD = 20;
const NORMAL = 35;
const NOISE = 75;
const SILENT = 127;

/** A room in virtual time: each participant sends its level every 20 ms; `undefined` sends nothing. */
class Room {
  readonly speaker = new ActiveSpeaker();
  readonly changes: [number, string][] = [];
  readonly events: [number, SpeechEvent][] = [];
  now = 0;

  run(forMs: number, levels: Record<string, number | undefined>): void {
    const meters = Object.entries(levels).map(([id, level]) => [this.speaker.add(id), level] as const);
    for (const end = this.now + forMs; this.now < end; this.now++) {
      if (this.now % 20 === 0) {
        for (const [meter, level] of meters) if (level !== undefined) meter.level(level, this.now);
      }
      if (this.speaker.nextTimeout() <= this.now) this.note(this.speaker.handleTimeout(this.now));
      for (let event = this.speaker.pollEvent(); event !== undefined; event = this.speaker.pollEvent()) {
        this.events.push([this.now, event]);
      }
    }
  }

  note(change: SpeakerChange | undefined): void {
    if (change !== undefined) this.changes.push([this.now, change.speaker]);
  }
}

Deno.test("nextTimeout() is NEVER while nobody has spoken", () => {
  const room = new Room();
  assertEquals(room.speaker.nextTimeout(), NEVER);
  room.run(5_000, { a: SILENT, b: SILENT });
  assertEquals([room.speaker.nextTimeout(), room.changes.length, room.events.length], [NEVER, 0, 0]);
});

Deno.test("nextTimeout() is NEVER again some time after packets have stopped", () => {
  const room = new Room();
  room.run(2_000, { a: LOUD });
  room.run(9_000, {});
  assertEquals(room.speaker.nextTimeout(), NEVER);
  assertEquals(room.speaker.speaker, "a");
});

Deno.test("handleTimeout() announces the first talker at the first tick, with loudness", () => {
  const room = new Room();
  const meter = room.speaker.add("a");
  for (let now = 0; now < 500; now += 20) meter.level(27, now);
  assertEquals(room.speaker.handleTimeout(SPEAKER_TICK_MS - 1), undefined);
  assertEquals(room.speaker.handleTimeout(SPEAKER_TICK_MS), { speaker: "a", level: 100 });
});

Deno.test("handleTimeout() announces only changes", () => {
  const room = new Room();
  room.run(10_000, { a: NORMAL, b: NOISE });
  room.run(10_000, { a: NOISE, b: NOISE });
  room.run(10_000, { a: NORMAL, b: NOISE });
  assertEquals(room.changes, [[500, "a"]]);
});

Deno.test("handleTimeout() follows the conversation after two ticks", () => {
  const room = new Room();
  room.run(3_000, { a: NORMAL, b: SILENT });
  room.run(3_000, { a: NOISE, b: NORMAL });
  assertEquals(room.changes, [[500, "a"], [4_000, "b"]]);
});

Deno.test("handleTimeout() does not move for a cough, nor for one who is hardly louder", () => {
  const room = new Room();
  room.run(3_000, { a: NORMAL, b: NOISE });
  room.run(400, { a: NORMAL, b: LOUD });
  room.run(3_000, { a: NORMAL, b: NOISE });
  room.run(5_000, { a: NORMAL, b: NORMAL - 4 });
  assertEquals(room.changes, [[500, "a"]]);
});

Deno.test("handleTimeout() starts the count over when the challenger changes", () => {
  const room = new Room();
  room.run(3_010, { a: NOISE, b: SILENT, c: SILENT });
  assertEquals(room.changes, [[500, "a"]]);
  // b and c take turns of one tick: nobody leads twice in a row.
  for (let i = 0; i < 6; i++) {
    room.run(500, i % 2 === 0 ? { a: NOISE, b: LOUD, c: NOISE } : { a: NOISE, b: NOISE, c: LOUD });
  }
  assertEquals(room.changes.length, 1);
});

Deno.test("mute() silences a participant at once", () => {
  const room = new Room();
  room.run(3_000, { a: LOUD, b: NORMAL });
  room.speaker.add("a").mute();
  room.run(1_000, { b: NORMAL });
  assertEquals(room.changes.map(([, who]) => who), ["a", "b"]);
  assertEquals(room.events.map(([, event]) => `${event.kind} ${event.participant}`), [
    "speech_started a",
    "speech_started b",
    "speech_ended a",
  ]);
});

Deno.test("remove() forgets the speaker, who is announced again after coming back", () => {
  const room = new Room();
  const old = room.speaker.add("a");
  room.run(2_000, { a: LOUD });
  room.speaker.remove("a");
  assertEquals(room.speaker.speaker, undefined);
  for (let i = 0; i < 50; i++) old.level(0, room.now + i * 20);
  assertEquals([room.speaker.pollEvent()?.kind, room.speaker.pollEvent()], ["speech_ended", undefined]);
  room.run(3_000, {});
  assertEquals(room.changes.length, 1);
  assertEquals(room.speaker.nextTimeout(), NEVER);
  room.run(1_000, { a: LOUD });
  assertEquals(room.changes.map(([, who]) => who), ["a", "a"]);
  room.speaker.remove("nobody");
});

Deno.test("handleLevel() works without a meter and ignores strangers", () => {
  const speaker = new ActiveSpeaker();
  speaker.add("a");
  for (let now = 0; now < 500; now += 20) {
    speaker.handleLevel("a", LOUD, now);
    speaker.handleLevel("stranger", 0, now);
  }
  assertEquals(speaker.handleTimeout(500)?.speaker, "a");
});

Deno.test("pollEvent() tells when speech starts and ends, and once when it stays silent", () => {
  const room = new Room();
  room.run(1_000, { a: SILENT });
  room.run(2_000, { a: NORMAL });
  room.run(300, { a: SILENT }); // a pause between words
  room.run(1_000, { a: NORMAL });
  room.run(20_000, { a: SILENT });
  assertEquals(room.events.map(([, event]) => event.kind), ["speech_started", "speech_ended", "silence"]);
  const [started, ended, silence] = room.events;
  assert(started![0] > 1_100 && started![0] < 1_300, `started at ${started![0]}`);
  assert(ended![0] > 4_300 + 700 && ended![0] < 4_300 + 1_000, `ended at ${ended![0]}`);
  assert(ended![1].kind === "speech_ended" && Math.abs(ended![1].duration - 3_300) < 150);
  assert(silence![1].kind === "silence" && silence![1].duration >= 3_000 && silence![1].duration < 3_100);
});

Deno.test("pollEvent() tells the end of speech also when packets stop", () => {
  const room = new Room();
  room.run(2_000, { a: NORMAL });
  room.run(10_000, {});
  assertEquals(room.events.map(([, event]) => event.kind), ["speech_started", "speech_ended", "silence"]);
  const [, ended] = room.events;
  assert(ended![0] <= 2_000 + 800 + SPEAKER_TICK_MS, `ended at ${ended![0]}`);
  assert(ended![1].kind === "speech_ended" && ended![1].duration < 2_000);
});

Deno.test("pollEvent() takes clicks and noise for no speech", () => {
  const room = new Room();
  for (let i = 0; i < 20; i++) {
    room.run(60, { a: 0 });
    room.run(940, { a: NOISE });
  }
  assertEquals(room.events, []);
});

Deno.test("pollEvent() keeps a bounded number of events that nobody fetches", () => {
  const speaker = new ActiveSpeaker();
  const meter = speaker.add("a");
  for (let i = 0; i < 1_000; i++) {
    for (let now = 0; now < 300; now += 20) meter.level(LOUD, i * 10_000 + now);
    meter.mute();
  }
  let count = 0;
  while (speaker.pollEvent() !== undefined) count++;
  assertEquals(count, 256);
});
