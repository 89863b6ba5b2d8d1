/**
 * What it costs to record one participant: ten seconds of sound and 640 x 360 at 800 kbit/s, as a share of a core.
 *
 * Needs ffmpeg, which makes the clip; without it nothing is measured.
 */
import { cpuUsage } from "node:process";
import { ADA, type Clip, clip, published, SECONDS, withRecorder } from "../src/io/recording/testing_recording.ts";

/** The best of them counts: what other programs take is never part of it. */
const ROUNDS = 5;

async function percentOfACore(source: Clip): Promise<number> {
  let percent = NaN;
  await withRecorder(async ({ recorder, clock }) => {
    const audio = recorder.track(ADA, { source: "microphone", codec: "opus" });
    const video = recorder.track(ADA, { source: "camera", codec: "VP8" });
    const events = published(source, audio, video, clock.time).sort((a, b) => a.at - b.at);
    const before = cpuUsage();
    // In steps as the recorder runs, not packet by packet: the clock made for tests shall not be measured.
    for (let at = clock.time; events.length > 0; at += 200) {
      while (events[0] !== undefined && events[0].at <= at) events.shift()!.do();
      await clock.advance(200);
    }
    await recorder.stop();
    const { user, system } = cpuUsage(before);
    percent = (user + system) / 1000 / (SECONDS * 1000) * 100;
  });
  return percent;
}

try {
  const source = await clip();
  const rounds: number[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await percentOfACore(source));
  const figures = rounds.map((percent) => percent.toFixed(2)).join(", ");
  console.log(`Recording one participant: ${Math.min(...rounds).toFixed(2)} % of a core (rounds: ${figures})`);
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  console.log("Recording one participant: not measured, there is no ffmpeg");
}
