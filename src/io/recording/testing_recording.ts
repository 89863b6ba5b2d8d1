/** What the tests of recordings share: clips made by ffmpeg, a publisher in virtual time, ffprobe. */
import { assertEquals } from "@std/assert";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import type { SeaMeetError } from "../../base/errors.ts";
import { ntpFromUnix } from "../../base/time.ts";
import { seededRandom } from "../../base/random.ts";
import type { OutboundPacket } from "../../processing/outbound_packet.ts";
import { Vp8Packetizer } from "../../processing/vp8_packetizer.ts";
import { TestClock } from "../testing_clock.ts";
import { type RecordedTrack, RoomRecorder } from "./room_recorder.ts";

export const ADA = "11111111-1111-4111-8111-111111111111";
export const SECONDS = 10;
export const UNIX = 1_700_000_000_000;

export interface Clip {
  readonly audio: Uint8Array<ArrayBuffer>[];
  readonly video: { data: Uint8Array<ArrayBuffer>; key: boolean }[];
}

/** Ten seconds of a test picture and a tone, encoded by ffmpeg: 300 pictures, 500 Opus packets. */
export async function clip(codec = "libvpx"): Promise<Clip> {
  const path = await Deno.makeTempFile({ suffix: ".webm" });
  try {
    await run("ffmpeg", [
      ...["-v", "error", "-y", "-f", "lavfi", "-i", `testsrc2=s=640x360:r=30:d=${SECONDS}`],
      ...["-f", "lavfi", "-i", `sine=440:d=${SECONDS}`, "-c:v", codec, "-b:v", "800k", "-g", "60", "-deadline"],
      ...["realtime", "-cpu-used", "8", "-auto-alt-ref", "0", "-lag-in-frames", "0", "-c:a", "libopus", path],
    ]);
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await Deno.readFile(path)) });
    const packets = async (track: Awaited<ReturnType<Input["getPrimaryVideoTrack"]>>) =>
      await Array.fromAsync(new EncodedPacketSink(track!).packets());
    const video = (await packets(await input.getPrimaryVideoTrack())).map(({ data, type }) => ({
      data: data.slice(),
      key: type === "key",
    }));
    const sink = new EncodedPacketSink((await input.getPrimaryAudioTrack())!);
    const audio = (await Array.fromAsync(sink.packets())).map(({ data }) => data.slice());
    return { audio, video };
  } finally {
    await Deno.remove(path);
  }
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(command: string, args: string[]): Promise<Output> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, stdout: "piped", stderr: "piped" }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  assertEquals(code, 0, `${command} ${args.join(" ")}\n${err}`);
  return { stdout: out, stderr: err };
}

export interface Probed {
  readonly audio: number[];
  readonly video: number[];
  readonly streams: { codec_name: string; width?: number; height?: number; sample_rate?: string }[];
}

/** The times of all packets in a file, in seconds, and what ffprobe says of the streams. */
export async function probe(path: string): Promise<Probed> {
  const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", "-show_packets", "-show_streams", path]);
  const { packets, streams } = JSON.parse(stdout) as {
    packets: { codec_type: string; pts_time: string }[];
    streams: Probed["streams"];
  };
  const times = (kind: string) => packets.filter((p) => p.codec_type === kind).map((p) => Number(p.pts_time));
  return { audio: times("audio"), video: times("video"), streams };
}

/** Decodes a whole file; ffmpeg is silent when nothing is wrong with it. */
export async function decodes(path: string): Promise<void> {
  const { stderr } = await run("ffmpeg", [
    ...["-v", "warning", "-i", path, "-fps_mode", "passthrough", "-enc_time_base", "0.001", "-f", "null", "-"],
  ]);
  assertEquals(stderr, "", path);
}

export interface Scene {
  readonly clock: TestClock;
  readonly recorder: RoomRecorder;
  readonly directory: string;
  readonly failures: SeaMeetError[];
}

export async function withRecorder(scenario: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const clock = new TestClock();
  clock.time = 50_000;
  const failures: SeaMeetError[] = [];
  const recorder = await RoomRecorder.start({
    directory: `${directory}/call`,
    roomId: '../"evil"\n',
    clock,
    onFailed: (error) => failures.push(error),
  });
  try {
    await scenario({ clock, recorder, directory: `${directory}/call`, failures });
  } finally {
    await recorder.stop();
    await Deno.remove(directory, { recursive: true });
  }
}

export function vp8(): (picture: Clip["video"][number], timestamp: number) => OutboundPacket[] {
  const packetizer = new Vp8Packetizer({ sequenceNumber: 65_000 });
  return (picture, timestamp) => packetizer.packetize(picture, timestamp);
}

/** VP9 in packets of 1,000 bytes: picture id of 15 bits, not flexible, no layers (RFC 9628 section 4.2). */
export function vp9(): (picture: Clip["video"][number], timestamp: number) => OutboundPacket[] {
  let [sequenceNumber, pictureId] = [65_000, 0x7ff0];
  return ({ data, key }, timestamp) => {
    const packets: OutboundPacket[] = [];
    for (let at = 0; at < data.length; at += 1_000) {
      const isLast = at + 1_000 >= data.length;
      const flags = 0x80 | (key ? 0 : 0x40) | (at === 0 ? 0x08 : 0) | (isLast ? 0x04 : 0);
      const payload = Uint8Array.of(flags, 0x80 | (pictureId >> 8), pictureId & 0xff, ...data.subarray(at, at + 1_000));
      packets.push({ sequenceNumber, timestamp, marker: isLast, payload });
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
    }
    pictureId = (pictureId + 1) & 0x7fff;
    return packets;
  };
}

export interface Event {
  readonly at: number;
  readonly do: () => void;
}

/** What a publisher sends: sound with 20 ms of delay, pictures with 120 ms, its wall clock an hour ahead of ours. */
export function published(
  source: Clip,
  audio: RecordedTrack,
  video: RecordedTrack,
  startAt: number,
  packetize: (picture: Clip["video"][number], timestamp: number) => OutboundPacket[] = vp8(),
): Event[] {
  const events: Event[] = [];
  const random = seededRandom(3);
  const [audioBase, videoBase] = [0xffff_f000, 0x1000_0000];
  source.audio.forEach((payload, i) => {
    const packet = {
      sequenceNumber: (65_500 + i) & 0xffff,
      timestamp: (audioBase + i * 960) >>> 0,
      marker: false,
      payload,
    };
    events.push({ at: startAt + i * 20 + 20 + random.next() * 15, do: () => audio.onPacket(packet) });
  });
  source.video.forEach((picture, i) => {
    const packets = packetize(picture, (videoBase + i * 3_000) >>> 0);
    packets.forEach((packet) =>
      events.push({ at: startAt + i * (1000 / 30) + 120 + random.next() * 30, do: () => video.onPacket(packet) })
    );
  });
  const wall = (at: number) => ntpFromUnix(UNIX + 3_600_000 + at);
  for (let at = 1_100; at < SECONDS * 1000; at += 1_000) {
    const report = { ntp: wall(startAt + at), rtpTimestamp: (videoBase + at * 90) >>> 0 };
    events.push({ at: startAt + at + 30 + random.next() * 20, do: () => video.onSenderReport(report) });
  }
  for (const at of [2_300, 7_000]) {
    const report = { ntp: wall(startAt + at), rtpTimestamp: (audioBase + at * 48) >>> 0 };
    events.push({ at: startAt + at + 25 + random.next() * 20, do: () => audio.onSenderReport(report) });
  }
  return events;
}

export async function play(scene: Pick<Scene, "clock">, events: readonly Event[]): Promise<void> {
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    if (event.at > scene.clock.time) await scene.clock.advance(event.at - scene.clock.time);
    event.do();
  }
}
