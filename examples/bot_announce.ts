/**
 * A bot in thirty lines: it plays a tone or a WAV file, shows a picture and listens. The bar in its picture is as long as
 * the others are loud.
 *
 * deno task build:codecs && deno run --unstable-net -A examples/bot_announce.ts ws://127.0.0.1:3001 lobby [file.wav]
 */
import { type AudioSource, joinRoom, LevelMeter, type RawVideoFrame, type RoomMembership, wavSource } from "../mod.ts";

/** Announces until the membership is closed. */
export async function announce(bot: RoomMembership, sound: AudioSource): Promise<void> {
  const meter = new LevelMeter();
  const ear = () => new WritableStream({ write: (frame) => void meter.processAudio(frame) });
  await bot.publishAudio(sound);
  bot.publishVideo({ read: () => picture(meter) }, { fps: 10 });
  for await (const remote of bot.arrivals()) void remote.audio().pipeTo(ear()).catch(console.error);
}

/** A tone without end. */
export function tone(hz: number): AudioSource {
  let at = 0;
  const read = (into: Float32Array) => {
    for (let i = 0; i < into.length; i++) into[i] = 0.3 * Math.sin((2 * Math.PI * hz * at++) / 48_000);
    return into.length;
  };
  return { sampleRate: 48_000, channels: 1, read };
}

/** Blue, with a yellow bar in the lower quarter. */
function picture(meter: LevelMeter): RawVideoFrame {
  const data = new Uint8Array(320 * 240 * 3);
  const isBar = (i: number) => i >= 320 * 180 && i % 320 < 320 * meter.peak;
  for (let i = 0; i < 320 * 240; i++) data.set(isBar(i) ? [230, 230, 0] : [0, 0, 230], 3 * i);
  meter.resetPeak();
  return { data, width: 320, height: 240, format: "RGB24", ptsMs: 0 };
}

if (import.meta.main) {
  const [url = "ws://127.0.0.1:3001", room = "lobby", file] = Deno.args;
  const sound = file === undefined ? tone(440) : wavSource(await Deno.readFile(file), { loop: true });
  await announce(await joinRoom({ url, room, displayName: "Announcer" }), sound);
}
