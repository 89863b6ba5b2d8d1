/** Recordings judged by ffprobe and ffmpeg. The test of a full disk mounts a small file system and needs root. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { prepare, withConfig } from "../../../tools/launch.ts";
import { SeaMeetError } from "../../base/errors.ts";
import { seededRandom } from "../../base/random.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import { TestClock } from "../testing_clock.ts";
import { RoomRecorder } from "./room_recorder.ts";
import { ADA, clip, decodes, play, probe, published, run, SECONDS, vp9, withRecorder } from "./testing_recording.ts";

const source = await clip();

Deno.test("a recording has every packet, in sync by the sender reports, and is named by us", async () => {
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    recorder.participantJoined(ADA, '<img src=x> "Ada"');
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP8" });
    await play(scene, published(source, audio, video, clock.time + 100));
    recorder.note({ type: "muted", participant: ADA, source: "microphone" });
    recorder.participantLeft(ADA);
    await recorder.stop();

    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), [
      "participant-1.webm",
      "timeline.json",
    ]);
    const path = `${directory}/participant-1.webm`;
    await decodes(path);
    const { audio: sound, video: pictures, streams } = await probe(path);
    assertEquals(pictures.length, source.video.length);
    assertEquals(sound.length, source.audio.length);
    assertEquals(streams.map(({ codec_name }) => codec_name).sort(), ["opus", "vp8"]);
    const shown = streams.find(({ codec_name }) => codec_name === "vp8")!;
    assertEquals([shown.width, shown.height], [640, 360]);
    // Picture i was captured i / 30 s after the beginning, packet j of the sound j / 50 s.
    const skews = pictures.map((time, i) =>
      (time - i / 30) - (sound[Math.round(i * 50 / 30)]! - Math.round(i * 50 / 30) / 50)
    );
    const worst = Math.max(...skews.map(Math.abs)) * 1000;
    assert(worst < 40, `sound and picture ${worst.toFixed(1)} ms apart`);

    const timeline = JSON.parse(await Deno.readTextFile(`${directory}/timeline.json`));
    assertEquals(timeline.room, '../"evil"\n');
    assertEquals(timeline.events.map(({ type }: { type: string }) => type), [
      "joined",
      "file",
      "muted",
      "left",
      "stopped",
    ]);
    const file = timeline.events[1];
    assertEquals([file.file, file.participant], ["participant-1.webm", ADA]);
    // It began 100 ms after the recording; a packet was under way for 20 ms at least.
    assertAlmostEquals(file.startMs, 100, 60);
  });
});

Deno.test("a camera that goes off and on, and a microphone that is silent: one file, both tracks as long as the call", async () => {
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    let asked = 0;
    const video = recorder.track(ADA, { source: "camera", codec: "VP8", requestKeyframe: () => asked++ });
    const start = clock.time;
    const events = published(source, audio, video, start);
    // The camera is off from 2 s to 6 s, the microphone sends nothing from 5 s to 8 s; the camera comes back with a delta.
    const kept = events.filter(({ do: action, at }) => {
      const text = action.toString();
      const second = (at - start) / 1000;
      if (text.includes("video.onPacket")) return second < 2 || second >= 6.1;
      if (text.includes("audio.onPacket")) return second < 5 || second >= 8;
      return true;
    });
    await play(scene, kept);
    recorder.participantLeft(ADA);
    await recorder.stop();
    const path = `${directory}/participant-1.webm`;
    await decodes(path);
    const { audio: sound, video: pictures } = await probe(path);
    assert(asked > 0, "no keyframe was asked for");
    assertAlmostEquals(sound.at(-1)!, SECONDS - 0.02, 0.1);
    assert(sound.length >= 495, `${sound.length} packets of sound`);
    for (let i = 1; i < sound.length; i++) {
      assert(sound[i]! - sound[i - 1]! < 0.045, `hole in the sound at ${sound[i]} s`);
    }
    const holes = pictures.map((time, i) => time - (pictures[i - 1] ?? 0));
    assert(Math.max(...holes) <= 1.2, `no picture for ${Math.max(...holes)} s`);
    assertEquals([...Deno.readDirSync(directory)].length, 2);
  });
});

Deno.test("5 % of the packets lost: pictures that cannot be decoded are left out, the sound keeps its length", async () => {
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP8" });
    const random = seededRandom(1);
    const events = published(source, audio, video, clock.time)
      .filter(({ do: action }) => action.toString().includes("Report") || random.next() >= 0.05);
    await play(scene, events);
    const { lost } = recorder.stats;
    assert(lost > 20, `${lost}`);
    await recorder.stop();
    const path = `${directory}/participant-1.webm`;
    await decodes(path);
    const { audio: sound } = await probe(path);
    assert(Math.abs(sound.length - source.audio.length) <= 3, `${sound.length}`);
  });
});

Deno.test("a screen share has a file of its own, with its sound", async () => {
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    recorder.participantJoined(ADA);
    recorder.screenShareStarted(ADA);
    const audio = recorder.track(ADA, { source: "screen_audio", codec: "opus" });
    const video = recorder.track(ADA, { source: "screen", codec: "VP8" });
    await play(scene, published(source, audio, video, clock.time));
    recorder.screenShareStopped(ADA);
    await recorder.stop();
    const path = `${directory}/participant-1-screen-1.webm`;
    await decodes(path);
    const { audio: sound, video: pictures } = await probe(path);
    assertEquals([sound.length, pictures.length], [source.audio.length, source.video.length]);
  });
});

Deno.test("VP9 is recorded as it is; a camera that comes later begins another part, because there is no black to put in", async () => {
  const other = await clip("libvpx-vp9");
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP9" });
    await play(scene, published(other, audio, video, clock.time, vp9()));
    recorder.participantLeft(ADA);
    await recorder.stop();
    const path = `${directory}/participant-1.webm`;
    await decodes(path);
    const { audio: sound, video: pictures, streams } = await probe(path);
    assertEquals([sound.length, pictures.length], [other.audio.length, other.video.length]);
    const shown = streams.find(({ codec_name }) => codec_name === "vp9")!;
    assertEquals([shown.width, shown.height], [640, 360]);
  });
  await withRecorder(async (scene) => {
    const { recorder, directory, clock } = scene;
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP9" });
    // The camera is off for the first five seconds; its next keyframe is that of the sixth.
    const start = clock.time;
    const sent = published(other, audio, video, start, vp9());
    await play(
      scene,
      sent.filter(({ at, do: action }) => at > start + 5_000 || !action.toString().includes("video.onPacket")),
    );
    await recorder.stop();
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
    assertEquals(names, ["participant-1-part-2.webm", "participant-1.webm", "timeline.json"]);
    for (const name of names.slice(0, 2)) await decodes(`${directory}/${name}`);
    const { events } = JSON.parse(await Deno.readTextFile(`${directory}/timeline.json`));
    const parts = events.filter(({ type }: { type: string }) => type === "file");
    assertAlmostEquals(parts[1].startMs - parts[0].startMs, 6_000, 100);
  });
});

Deno.test("end-to-end encrypted media is refused with a typed error", async () => {
  const directory = `${await Deno.makeTempDir()}/call`;
  await assertRejects(() => RoomRecorder.start({ directory, roomId: "x", e2ee: true }), SeaMeetError, "end-to-end");
  await withRecorder(async ({ recorder }) => {
    assertThrows(() => recorder.track(ADA, { source: "camera", codec: "VP8", e2ee: true }), SeaMeetError);
    await Promise.resolve();
  });
});

Deno.test("a folder that cannot be written is refused at the start", async () => {
  const file = await Deno.makeTempFile();
  await assertRejects(
    () => RoomRecorder.start({ directory: `${file}/call`, roomId: "x" }),
    SeaMeetError,
    "Cannot record",
  );
  await Deno.remove(file);
});

/** Sends the clip again and again in real time to a recorder in another process, as a room would. */
const CHILD = new URL("./testing_record_child.ts", import.meta.url);

Deno.test("killed without warning: file and timeline hold everything up to the last seconds", async () => {
  const directory = await Deno.makeTempDir();
  const clipPath = `${directory}/clip.json`;
  const encode = (data: Uint8Array) => data.toBase64();
  await Deno.writeTextFile(
    clipPath,
    JSON.stringify({
      audio: source.audio.map(encode),
      video: source.video.map(({ data, key }) => ({ data: encode(data), key })),
    }),
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: withConfig(["run", "-A", "--no-check", CHILD.href, `${directory}/call`, clipPath], await prepare()),
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  // Its clock runs faster than the wall; it says how many seconds of media have gone in.
  let text = "";
  while (!text.includes("second 9\n")) {
    const { value, done } = await reader.read();
    assert(!done, "the child ended early");
    text += value;
  }
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  const path = `${directory}/call/participant-1.webm`;
  const { audio, video } = await probe(path);
  assert(audio.at(-1)! > 6, `sound until ${audio.at(-1)} s of 9 s`);
  assert(video.at(-1)! > 6, `pictures until ${video.at(-1)} s of 9 s`);
  const { stdout } = await run("ffmpeg", ["-v", "error", "-i", path, "-map", "0:v", "-f", "framecrc", "-"]);
  assert(stdout.trim().split("\n").filter((line) => !line.startsWith("#")).length > 180);
  const timeline = JSON.parse(await Deno.readTextFile(`${directory}/call/timeline.json`));
  assertEquals(timeline.events[0].type, "joined");
  await Deno.remove(directory, { recursive: true });
});

/** A small file system; only root may mount one. */
async function withTinyDisk(scenario: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  await run("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", path]);
  try {
    await scenario(path);
  } finally {
    await run("umount", [path]);
    await Deno.remove(path);
  }
}

Deno.test("disk full: the recording stops with an event, the packets of the call go on, the timeline is valid", async () => {
  await withTinyDisk(async (path) => {
    const clock = new TestClock();
    const failures: SeaMeetError[] = [];
    const recorder = await RoomRecorder.start({
      directory: `${path}/call`,
      roomId: "full",
      clock,
      onFailed: (error) => failures.push(error),
    });
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP8" });
    await play({ clock }, published(source, audio, video, clock.time));
    await clock.advance(1_000);
    assertEquals(failures.length, 1);
    assertEquals(failures[0]!.code, "io");
    assert(!recorder.recording);
    const packet: InboundPacket = { sequenceNumber: 1, timestamp: 1, marker: true, payload: Uint8Array.of(1) };
    video.onPacket(packet);
    audio.close();
    await recorder.stop();
    JSON.parse(await Deno.readTextFile(`${path}/call/timeline.json`));
    const { video: pictures } = await probe(`${path}/call/participant-1.webm`);
    assert(pictures.length > 30, `${pictures.length} pictures`);
  });
});
