import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "../base/random.ts";
import { NEVER } from "../base/time.ts";
import { AudioPlayout, type PlayedFrame } from "./audio_playout.ts";
import type { InboundPacket } from "./depacketizer.ts";
import { audioPacket, FakeDecoder } from "./testing_audio.ts";

interface Arrival {
  readonly packet: InboundPacket;
  readonly at: number;
}

interface Played extends PlayedFrame {
  readonly at: number;
}

/** Lets virtual time pass: packets at their arrival, frames when they are due. */
function play(playout: AudioPlayout, arrivals: readonly Arrival[], until: number): Played[] {
  const queue = [...arrivals].sort((a, b) => a.at - b.at);
  const played: Played[] = [];
  for (;;) {
    const at = Math.min(queue[0]?.at ?? Infinity, playout.nextTimeout());
    if (at > until) return played;
    while (queue[0] !== undefined && queue[0].at <= at) {
      const { packet } = queue.shift()!;
      playout.push(packet, at);
    }
    for (let next = playout.poll(at); next !== undefined; next = playout.poll(at)) played.push({ ...next, at });
  }
}

const steady = (count: number, fec = false) =>
  Array.from({ length: count }, (_, i) => ({ packet: audioPacket(i, fec), at: i * 20 }));

Deno.test("a perfect network: every packet is decoded, one frame each 20 ms, little delay", () => {
  const decoder = new FakeDecoder();
  const playout = new AudioPlayout({ decoder });
  const played = play(playout, steady(500), 9_990);
  assertEquals(decoder.calls.slice(0, 3), ["0", "1", "2"]);
  assertEquals(playout.stats.decoded, 500);
  assertEquals(playout.stats.concealed, 0);
  played.forEach((frame, i) => {
    assertAlmostEquals(frame.at, 10 + i * 20, 1e-6);
    assertAlmostEquals(frame.ptsMs, i * 20, 1e-6);
    assertEquals(frame.timestamp, i * 960);
  });
});

Deno.test("5 % loss with FEC: lost packets are restored from the next one, in time", () => {
  const random = seededRandom(5);
  const decoder = new FakeDecoder();
  const playout = new AudioPlayout({ decoder, adaptive: false, maxLateMs: 60 });
  const arrivals = steady(3_000, true).filter((_, i) => i === 0 || i === 2_999 || random.next() >= 0.05);
  const lost = 3_000 - arrivals.length;
  const played = play(playout, arrivals, 60_040);
  const { decoded, recovered, concealed, silence } = playout.stats;
  assertEquals(decoded, arrivals.length);
  assertEquals(recovered + concealed, lost);
  assert(recovered >= lost * 0.9, `${recovered} of ${lost} restored`);
  assertEquals(silence, 0);
  assertEquals(playout.packets.lost, lost);
  assert(played.every((frame, i) => frame.timestamp === i * 960 && Math.abs(frame.at - (60 + i * 20)) < 1e-6));
});

Deno.test("without FEC in the next packet a lost one is made up; a long hole becomes silence", () => {
  const decoder = new FakeDecoder();
  const playout = new AudioPlayout({ decoder, maxConcealed: 3 });
  play(playout, steady(30).filter(({ packet }) => packet.sequenceNumber < 5 || packet.sequenceNumber > 12), 590);
  assertEquals(playout.stats.concealed, 3);
  assertEquals(playout.stats.silence, 5);
  assertEquals(playout.stats.decoded, 22);
});

Deno.test("jitter of up to 60 ms: after the first seconds nearly everything is decoded in order", () => {
  const random = seededRandom(9);
  const playout = new AudioPlayout({ decoder: new FakeDecoder() });
  const arrivals = steady(3_000).map(({ packet, at }) => ({ packet, at: at + random.next() * 60 }));
  const played = play(playout, arrivals, 60_100);
  const tail = played.filter((frame) => frame.at > 5_000);
  const decoded = tail.filter((frame) => frame.origin === "decoded").length;
  assert(decoded / tail.length > 0.97, `${decoded} of ${tail.length}`);
  assert(playout.targetDelayMs <= 70, `${playout.targetDelayMs} ms`);
  for (let i = 1; i < tail.length; i++) assert(tail[i]!.ptsMs > tail[i - 1]!.ptsMs);
});

Deno.test("a burst of delay does not stay in the conversation: playing catches up by whole frames", () => {
  const playout = new AudioPlayout({ decoder: new FakeDecoder() });
  const arrivals = steady(2_000).map(({ packet, at }) => ({ packet, at: at > 4_000 && at < 4_300 ? 4_300 : at }));
  const played = play(playout, arrivals, 39_990);
  const last = played.at(-1)!;
  const delayMs = last.at - (last.timestamp / 48);
  assert(delayMs <= 60, `${delayMs} ms behind at the end`);
  assert(playout.stats.skipped > 0);
});

for (const [name, factor] of [["slower", 1.0003], ["faster", 0.9997]] as const) {
  Deno.test(`a sender whose clock is 300 ppm ${name}: ten minutes stay close to it`, () => {
    const playout = new AudioPlayout({ decoder: new FakeDecoder() });
    const arrivals = Array.from({ length: 30_000 }, (_, i) => ({ packet: audioPacket(i), at: i * 20 * factor }));
    const played = play(playout, arrivals, 30_000 * 20 * factor - 100);
    const last = played.at(-1)!;
    const delayMs = last.at - (last.timestamp / 48) * factor;
    assert(delayMs >= 0 && delayMs < 60, `${delayMs} ms`);
    const { decoded, skipped, concealed } = playout.stats;
    assert(decoded + skipped > 29_900, `${decoded} + ${skipped}`);
    assert(concealed < 30, `${concealed}`);
  });
}

Deno.test("discontinuous transmission is silence, not loss", () => {
  const decoder = new FakeDecoder();
  const playout = new AudioPlayout({ decoder });
  const dtx = (number: number, timestamp: number) => ({
    sequenceNumber: number,
    timestamp,
    marker: false,
    payload: Uint8Array.of(31 << 3),
  });
  const speech = steady(10);
  const after = Array.from({ length: 10 }, (_, i) => ({
    packet: { ...audioPacket(12 + i), timestamp: (60 + i) * 960 },
    at: (60 + i) * 20,
  }));
  const pause = [{ packet: dtx(10, 10 * 960), at: 200 }, { packet: dtx(11, 30 * 960), at: 600 }];
  play(playout, [...speech, ...pause, ...after], 1_390);
  assertEquals(playout.packets.lost, 0);
  assertEquals(playout.stats.concealed, 0);
  assertEquals(playout.stats.decoded, 22);
  assertEquals(playout.stats.silence, 48);
  assertEquals(decoder.calls.at(-1), "21");
});

Deno.test("a damaged packet is made up and the next one is decoded", () => {
  const decoder = new FakeDecoder();
  const playout = new AudioPlayout({ decoder });
  const arrivals = steady(5);
  arrivals[2]!.packet.payload[3] = 0xff;
  play(playout, arrivals, 95);
  assertEquals(decoder.calls, ["0", "1", "2!", "?", "3", "4"]);
  assertEquals(playout.stats.damaged, 1);
});

Deno.test("a track that goes quiet stops ticking and begins afresh with its next packet", () => {
  const playout = new AudioPlayout({ decoder: new FakeDecoder() });
  play(playout, steady(10), 60_000);
  assertEquals(playout.nextTimeout(), NEVER);
  const before = playout.stats.decoded;
  const later = Array.from({ length: 10 }, (_, i) => ({ packet: audioPacket(10 + i), at: 100_000 + i * 20 }));
  const played = play(playout, later, 100_195);
  assertEquals(playout.stats.decoded, before + 10);
  assertAlmostEquals(played[0]!.at, 100_010, 1e-6);
});

Deno.test("what is no Opus is left out", () => {
  const playout = new AudioPlayout({ decoder: new FakeDecoder() });
  playout.push({ sequenceNumber: 1, timestamp: 0, marker: false, payload: new Uint8Array(0) }, 0);
  assertEquals(playout.nextTimeout(), NEVER);
});
