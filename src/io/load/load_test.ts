import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Vp8Descriptor } from "../../rtp/vp8_descriptor.ts";
import { LoadAudio, LoadVideo, readLoadMark } from "./load_media.ts";
import { LOAD_HELP, type LoadOptions, parseLoadArguments } from "./load_options.ts";
import { DelayHistogram, TrackTally } from "./load_report.ts";

const noEnvironment = () => undefined;

function options(line: string): LoadOptions {
  const command = parseLoadArguments(line.split(" "), noEnvironment);
  assert(command.kind === "load", JSON.stringify(command));
  return command.options;
}

function refusal(line: string): string {
  const command = parseLoadArguments(line.split(" ").filter((word) => word !== ""), noEnvironment);
  assert(command.kind === "error", JSON.stringify(command));
  return command.message;
}

Deno.test("parseLoadArguments() takes the address as people write it", () => {
  assertEquals(options("127.0.0.1:3001").url, "ws://127.0.0.1:3001/");
  assertEquals(options("https://meet.example.org").url, "wss://meet.example.org/");
  assertEquals(options("ws://[::1]:3001/x").url, "ws://[::1]:3001/x");
});

Deno.test("parseLoadArguments() reads every option", () => {
  const all = "ws://a --rooms 2 --publishers 1 --subscribers 3 --audio-rate 0 --video-kbps 900 --seconds 2.5 " +
    "--join-rate 9 --max-loss 0.5 --token t --engine portable --json out.json";
  assertEquals(options(all), {
    url: "ws://a/",
    rooms: 2,
    publishers: 1,
    subscribers: 3,
    audioRate: 0,
    videoKbps: 900,
    seconds: 2.5,
    joinRate: 9,
    maxLoss: 0.5,
    token: "t",
    engine: "portable",
    json: "out.json",
  });
  const fromEnvironment = parseLoadArguments(
    ["ws://a"],
    (name) => name === "SEAMEET_AUTH_TOKEN" ? "secret" : undefined,
  );
  assert(fromEnvironment.kind === "load" && fromEnvironment.options.token === "secret");
});

Deno.test("parseLoadArguments() says what is wrong", () => {
  assertMatch(refusal(""), /address is missing/);
  assertMatch(refusal("ftp://a"), /no address of a server/);
  assertMatch(refusal("ws://a ws://b"), /Unexpected argument "ws:\/\/b"/);
  assertMatch(refusal("ws://a --nonsense 3"), /Unknown option --nonsense/);
  assertMatch(refusal("ws://a --rooms 0"), /--rooms must be a whole number from 1 to 1000/);
  assertMatch(refusal("ws://a --rooms 1.5"), /--rooms must be a whole number/);
  assertMatch(refusal("ws://a --seconds 3601"), /--seconds must be a number from 1 to 3600/);
  assertMatch(refusal("ws://a --rooms 1000 --subscribers 3"), /4000 participants; at most 2000/);
  assertMatch(refusal("ws://a --publishers 0 --subscribers 0"), /nobody to join/);
  assertMatch(refusal("ws://a --engine fast"), /--engine must be one of auto, native, portable/);
  assertEquals(parseLoadArguments(["--help"], noEnvironment), { kind: "help", text: LOAD_HELP });
  assertStringIncludes(LOAD_HELP, "--video-kbps");
});

Deno.test("LoadAudio sends its rate and numbers its packets", () => {
  const audio = new LoadAudio(50, 0);
  const numbers: number[] = [];
  const stamps: number[] = [];
  for (let now = 0; now < 1_000; now += 5) {
    audio.produce(now, (payload, timestamp) => {
      const mark = readLoadMark(payload, "audio")!;
      assertEquals(mark.sentAt, now);
      numbers.push(mark.number);
      stamps.push(timestamp);
      return true;
    });
  }
  assertEquals(numbers, Array.from({ length: 50 }, (_, i) => i));
  assertEquals(stamps, numbers.map((i) => i * 960));
});

Deno.test("LoadVideo sends its rate in pictures that a VP8 receiver understands, keyframes first and when asked for", () => {
  const video = new LoadVideo(1_000, 0);
  const descriptor = new Vp8Descriptor();
  const keyframes: number[] = [];
  const pictures = new Set<number>();
  let bytes = 0;
  for (let now = 0; now < 2_000; now += 5) {
    if (now === 1_000) video.requestKeyframe();
    video.produce(now, (payload, _timestamp, _marker) => {
      assert(descriptor.parse(payload, 0, payload.length));
      assert(readLoadMark(payload, "video") !== undefined);
      if (descriptor.isKeyframe) keyframes.push(now);
      pictures.add(descriptor.pictureId);
      bytes += payload.length;
      return true;
    });
  }
  assertEquals(keyframes, [0, 1_000]);
  assertEquals(pictures.size, 50);
  // 250 kB in two seconds, and two keyframes that are four times as large.
  assert(Math.abs(bytes - 250_000 - 2 * 3 * 5_000) < 2_000, `${bytes} bytes`);
});

Deno.test("made-up media do not make up for a long pause", () => {
  const audio = new LoadAudio(50, 0);
  let sent = 0;
  audio.produce(60_000, () => ++sent > 0);
  assert(sent <= 11, `${sent} packets`);
});

Deno.test("readLoadMark() knows other packets from ours", () => {
  assertEquals(readLoadMark(new Uint8Array(80), "audio"), undefined);
  assertEquals(readLoadMark(new Uint8Array(3), "video"), undefined);
});

Deno.test("TrackTally counts each packet once, and from the first that came", () => {
  const tally = new TrackTally();
  for (const number of [10, 11, 13, 12, 13, 9, 15]) tally.add(number);
  assertEquals([tally.received, tally.expected(16)], [5, 6]);
  assertEquals(new TrackTally().expected(16), 16);
});

Deno.test("DelayHistogram.percentile() answers to a tenth of a millisecond", () => {
  const histogram = new DelayHistogram();
  assertEquals(histogram.percentile(0.5), undefined);
  for (let i = 1; i <= 100; i++) histogram.add(i);
  assertEquals([0.01, 0.5, 0.95, 1].map((share) => histogram.percentile(share)), [1, 50, 95, 100]);
  histogram.add(1e9);
  assertEquals(histogram.percentile(1), 10_000);
});
