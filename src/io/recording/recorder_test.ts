import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { ntpFromUnix } from "../../base/time.ts";
import { PublisherClock } from "../../room/publisher_clock.ts";
import { TestClock } from "../testing_clock.ts";
import { CaptureTimeline } from "./capture_timeline.ts";
import { recordingFolderName } from "./recording_folder.ts";
import { RoomRecorder } from "./room_recorder.ts";
import { TimelineFile } from "./timeline_file.ts";

const ADA = "11111111-1111-4111-8111-111111111111";

Deno.test("a timeline is valid JSON after each event, whatever is in it", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/timeline.json`;
  const timeline = await TimelineFile.create(path, { room: 'a"]}b' });
  const read = async () => JSON.parse(await Deno.readTextFile(path));
  assertEquals(await read(), { room: 'a"]}b', events: [] });
  const events = [{ type: "joined", name: "\u2028\n]}" }, { type: "left", n: 2 }, { type: "x".repeat(10_000) }];
  for (const [i, event] of events.entries()) {
    await timeline.add(event);
    assertEquals((await read()).events, events.slice(0, i + 1));
  }
  await Promise.all([timeline.add({ n: 1 }), timeline.add({ n: 2 })]);
  await timeline.close();
  assertEquals((await read()).events.length, 5);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("sound and picture captured together get the same time, whatever delay their packets had", () => {
  const clock = new PublisherClock();
  const [audio, video] = [new CaptureTimeline(clock, 48_000), new CaptureTimeline(clock, 90_000)];
  audio.arrived(1_000, 5_000 + 20);
  video.arrived(77_000, 5_000 + 400);
  const ntp = (at: number) => ntpFromUnix(1_700_000_000_000 + at);
  // Reports of 1 s later, each under way for 20 ms: the way of a report cannot be told from the clock's difference.
  for (const [timeline, rtpTimestamp] of [[audio, 49_000], [video, 167_000]] as const) {
    clock.sample(ntp(6_000), 6_020);
    timeline.reported({ ntp: ntp(6_000), rtpTimestamp }, 6_020);
  }
  assertAlmostEquals(audio.timeOf(1_000), video.timeOf(77_000), 0.1);
  assertAlmostEquals(audio.timeOf(1_000), 5_020, 1);
});

Deno.test("hostile packets and reports throw nothing and end nothing", async () => {
  const directory = await Deno.makeTempDir();
  const clock = new TestClock();
  const recorder = await RoomRecorder.start({ directory: `${directory}/call`, roomId: "r", clock });
  const random = seededRandom(4);
  const number = (below: number) => Math.floor(random.next() * below);
  const tracks = [
    recorder.track(ADA, { source: "microphone", codec: "opus" }),
    recorder.track(ADA, { source: "camera", codec: "VP8" }),
    recorder.track(ADA, { source: "screen", codec: "VP9" }),
  ];
  for (let i = 0; i < 3_000; i++) {
    const track = tracks[i % 3]!;
    const payload = new Uint8Array(number(60));
    random.fill(payload);
    track.onPacket({
      sequenceNumber: number(10) === 0 ? number(65_536) : i & 0xffff,
      timestamp: number(5) === 0 ? number(2 ** 32) : i * 960,
      marker: number(2) === 0,
      payload,
    });
    if (i % 50 === 0) {
      const ntp = { seconds: number(2 ** 32), fraction: number(2 ** 32) };
      track.onSenderReport({ ntp, rtpTimestamp: number(2 ** 32) });
    }
    if (i % 20 === 0) await clock.advance(100);
  }
  assert(recorder.recording);
  await recorder.stop();
  await recorder.stop();
  assertEquals(clock.armed, 0);
  JSON.parse(await Deno.readTextFile(`${directory}/call/timeline.json`));
  let bytes = 0;
  for (const { name } of Deno.readDirSync(`${directory}/call`)) {
    bytes += (await Deno.stat(`${directory}/call/${name}`)).size;
  }
  assert(bytes < 5_000_000, `${bytes} bytes for 15 s`);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a second recording in the same folder is refused instead of overwriting the first", async () => {
  const directory = await Deno.makeTempDir();
  const clock = new TestClock();
  const options = { directory: `${directory}/call`, roomId: "r", clock };
  const first = await RoomRecorder.start(options);
  let refused = "";
  await RoomRecorder.start(options).catch((error: Error) => refused = error.message);
  assert(refused.includes("Cannot record"), refused);
  await first.stop();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("folders of recordings are named by time and number only", () => {
  assertEquals(recordingFolderName(Date.UTC(2026, 10, 22, 18, 35, 5, 999), 3), "2026-11-22T18-35-05-999Z-3");
});
