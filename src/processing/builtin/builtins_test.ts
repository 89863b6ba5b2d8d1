import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { PcmFrame } from "../frames.ts";
import { passthrough, type Processor } from "../processor.ts";
import { processesAudio, processesVideo, ProcessorChain } from "../processor_chain.ts";
import { SpeechDetector, type SpeechEvent } from "../speech_detector.ts";
import { gain } from "./gain.ts";
import { Mixer } from "./mixer.ts";
import { recorderTap } from "./recorder_tap.ts";
import { VoiceActivity } from "./voice_activity.ts";

const RATE = 48_000;

function tone(frequency: number, amplitude: number, start = 0): PcmFrame {
  const samples = Float32Array.from(
    { length: 960 },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * (start + i)) / RATE),
  );
  return { samples, sampleRate: RATE, channels: 1 };
}

Deno.test("only passthrough itself and what has no method need no decoding", () => {
  assert(!processesAudio(passthrough) && !processesVideo(passthrough));
  assert(processesAudio(gain(3)) && !processesVideo(gain(3)));
  assert(!processesAudio(new ProcessorChain([passthrough])));
  assert(processesAudio(new ProcessorChain<unknown>([passthrough, gain(1)])));
  assert(processesAudio(new ProcessorChain([new ProcessorChain([gain(1)])])));
  assertThrows(() => Object.assign(passthrough, { processAudio: () => "drop" }));
});

Deno.test("a chain ends at the first answer that is not forward, and hands on its event", () => {
  const seen: string[] = [];
  const step = (name: string, hint: "forward" | { emit: string }): Processor<string> => ({
    processAudio: () => (seen.push(name), hint),
  });
  const chain = new ProcessorChain<string>([step("a", "forward"), step("b", { emit: "b!" }), step("c", "forward")]);
  assertEquals(chain.processAudio(tone(440, 0.5)), { emit: "b!" });
  assertEquals(seen, ["a", "b"]);
});

Deno.test("gain of -12 dB makes a quarter of it, and +40 dB stays in range", () => {
  const quiet = tone(440, 0.8);
  gain(-12).processAudio(quiet);
  assertAlmostEquals(Math.max(...quiet.samples), 0.8 * 10 ** (-12 / 20), 0.001);
  const loud = tone(440, 0.8);
  gain(40).processAudio(loud);
  assertEquals(Math.max(...loud.samples), 1);
});

Deno.test("mixer: nobody hears oneself, everybody hears all others", () => {
  const mixer = new Mixer<string>();
  const frequencies = { ada: 500, bob: 900, eve: 1_300 };
  for (const [id, frequency] of Object.entries(frequencies)) mixer.push(id, tone(frequency, 0.2));
  const mixed = mixer.mix();
  for (const [id, { samples }] of mixed) {
    for (const [other, frequency] of Object.entries(frequencies)) {
      const reference = tone(frequency, 1).samples;
      const strength = (2 * samples.reduce((sum, value, i) => sum + value * reference[i]!, 0)) / samples.length;
      assertAlmostEquals(strength, other === id ? 0 : 0.2, 0.02, `${other} in the mix for ${id}`);
    }
  }
});

Deno.test("mixer: ten loud speakers do not clip, and volume comes back after them", () => {
  const mixer = new Mixer<number>();
  mixer.add(0);
  let peak = 0;
  for (let n = 0; n < 50; n++) {
    for (let id = 1; id <= 10; id++) mixer.push(id, tone(300, 0.9, n * 960));
    peak = Math.max(peak, ...mixer.mix().get(0)!.samples);
  }
  assert(peak <= 0.9701 && peak > 0.9, `${peak}`);
  for (let id = 2; id <= 10; id++) mixer.remove(id);
  let last = 0;
  for (let n = 0; n < 50; n++) {
    mixer.push(1, tone(300, 0.5, n * 960));
    last = Math.max(...mixer.mix().get(0)!.samples);
  }
  assertAlmostEquals(last, 0.5, 0.01);
});

Deno.test("mixer: frames of another rate, of two channels or missing are no problem", () => {
  const mixer = new Mixer<string>({ channels: 2 });
  mixer.add("listener");
  mixer.push("stereo", { samples: new Float32Array(1_920).fill(0.1), sampleRate: RATE, channels: 2 });
  mixer.push("slow", { samples: new Float32Array(640).fill(0.2), sampleRate: 16_000, channels: 1 });
  const { samples, channels } = mixer.mix().get("listener")!;
  assertEquals([samples.length, channels], [1_920, 2]);
  assertAlmostEquals(samples[1_000]!, 0.3, 0.01);
  assertEquals(mixer.mix().get("stereo")!.samples.length, 1_920);
});

Deno.test("recorder tap: copies that the next processor cannot change", () => {
  const heard: PcmFrame[] = [];
  const chain = new ProcessorChain([recorderTap({ onAudio: (frame) => heard.push(frame) }), gain(-100)]);
  chain.processAudio(tone(440, 0.5));
  assert(Math.max(...heard[0]!.samples) > 0.4);
  assert(!processesVideo(recorderTap({ onAudio: () => {} })));
});

function levels(detector: SpeechDetector, list: readonly (readonly [dbov: number, ms: number])[]): SpeechEvent[] {
  const events: SpeechEvent[] = [];
  let now = 1_000;
  for (const [dbov, ms] of list) {
    for (let i = 0; i < ms; i += 20, now += 20) {
      if (dbov > -127) detector.level(dbov, now);
      events.push(...detector.poll(now));
    }
  }
  return events;
}

Deno.test("speech: pauses between words belong to it, a click is none, its length is from first to last sound", () => {
  const click = levels(new SpeechDetector(), [[-70, 500], [-10, 40], [-70, 500]]);
  assertEquals(click, []);
  const words = levels(new SpeechDetector(), [[-30, 1_000], [-70, 400], [-30, 1_000], [-70, 1_000]]);
  assertEquals(words, [{ type: "speechStarted" }, { type: "speechEnded", durationMs: 2_380 }]);
});

Deno.test("speech: between both thresholds it stays as it was", () => {
  assertEquals(levels(new SpeechDetector(), [[-50, 2_000]]), []);
  assertEquals(levels(new SpeechDetector(), [[-30, 200], [-50, 2_000]]), [{ type: "speechStarted" }]);
});

Deno.test("speech: a sender that falls silent altogether ends it, and silence is told once", () => {
  const detector = new SpeechDetector({ silenceAfterMs: 5_000 });
  const events = levels(detector, [[-30, 1_000], [-127, 20_000]]);
  assertEquals(events, [
    { type: "speechStarted" },
    { type: "speechEnded", durationMs: 980 },
    { type: "silence", durationMs: 5_000 },
  ]);
});

Deno.test("speech: nextTimeout() names the moment at which time alone changes something", () => {
  const detector = new SpeechDetector({ hangoverMs: 600, silenceAfterMs: 5_000 });
  for (let now = 0; now <= 100; now += 20) detector.audioLevel(0x80 | 30, now);
  assertEquals(detector.poll(100), [{ type: "speechStarted" }]);
  assertEquals(detector.nextTimeout(), 700);
  assertEquals(detector.poll(700), [{ type: "speechEnded", durationMs: 100 }]);
  assertEquals(detector.nextTimeout(), 5_100);
  assertEquals(detector.poll(5_100), [{ type: "silence", durationMs: 5_000 }]);
  assertEquals(detector.nextTimeout(), Infinity);
});

Deno.test("voice activity learns a loud background and still hears speech above it", () => {
  let noise = 1;
  const random = () => (noise = (noise * 16_807) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const frame = (loud: number): PcmFrame => {
    const sound = tone(300, loud);
    for (let i = 0; i < 960; i++) sound.samples[i]! += random() * 0.02;
    return sound;
  };
  const voice = new VoiceActivity({ dropSilence: true });
  const hints: string[] = [];
  const feed = (count: number, loud: number) => {
    hints.length = 0;
    for (let i = 0; i < count; i++) hints.push(String(voice.processAudio(frame(loud))));
  };
  feed(1_000, 0);
  assertAlmostEquals(voice.noiseFloorDbov, -44.8, 2);
  assert(!voice.speaking);
  feed(20, 0.2);
  assert(voice.speaking);
  assertEquals(hints.at(-1), "forward");
  feed(60, 0);
  assert(!voice.speaking);
  assertEquals(hints.at(-1), "drop");
});
