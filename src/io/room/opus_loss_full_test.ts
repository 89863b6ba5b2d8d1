/** The whole way of sound through 5 % loss, with libopus, in virtual time. */
import { assert } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { createOpusDecoder, createOpusEncoder } from "../../codecs/opus/mod.ts";
import { compareDelayed, join, voice } from "../../codecs/opus/testing_sound.ts";
import { AudioPlayout } from "../../processing/audio_playout.ts";
import { OutboundAudioPipeline } from "../../processing/outbound_audio.ts";
import type { OutboundPacket } from "../../processing/outbound_packet.ts";

interface Arrival {
  readonly packet: OutboundPacket;
  readonly at: number;
}

const SECONDS = 20;

async function sent(sound: Float32Array<ArrayBuffer>): Promise<Arrival[]> {
  const encoder = await createOpusEncoder({ application: "voip", bitrate: 32_000, fec: true, expectedLossPercent: 10 });
  const arrivals: Arrival[] = [];
  const random = seededRandom(2);
  const pipeline = new OutboundAudioPipeline({
    encoder,
    maxBufferMs: SECONDS * 1000,
    sink: (packet, now) => arrivals.push({ packet, at: now + 30 + random.next() * 20 }),
  });
  pipeline.push({ samples: sound, sampleRate: 48_000, channels: 1 }, 0);
  while (pipeline.nextTimeout() < Infinity) pipeline.poll(pipeline.nextTimeout());
  pipeline.close();
  return arrivals;
}

async function heard(arrivals: readonly Arrival[]) {
  const decoder = await createOpusDecoder();
  const playout = new AudioPlayout({ decoder, maxLateMs: 100, adaptive: false });
  const queue = [...arrivals].sort((a, b) => a.at - b.at);
  const frames: Float32Array[] = [];
  while (queue.length > 0 || playout.nextTimeout() < SECONDS * 1000 + 150) {
    const now = Math.min(queue[0]?.at ?? Infinity, playout.nextTimeout());
    if (queue[0] !== undefined && queue[0].at <= now) playout.push(queue.shift()!.packet, now);
    for (let next = playout.poll(now); next !== undefined; next = playout.poll(now)) frames.push(next.frame.samples);
  }
  decoder.close();
  return { sound: join(frames), stats: playout.stats, packets: playout.packets };
}

Deno.test("5 % loss: what is heard stays close to what is heard without loss, closer than without FEC", async () => {
  const arrivals = await sent(voice(SECONDS));
  const random = seededRandom(11);
  const lossy = arrivals.filter((_, i) => i < 5 || random.next() >= 0.05);
  const reference = await heard(arrivals);
  const repaired = await heard(lossy);
  const lost = arrivals.length - lossy.length;
  assert(lost >= 30, `${lost} lost`);
  assert(repaired.stats.recovered >= lost * 0.85, `${repaired.stats.recovered} of ${lost} restored`);
  const { snrDb, correlation } = compareDelayed(reference.sound, repaired.sound, 0);
  console.log(`${lost} of ${arrivals.length} lost, ${repaired.stats.recovered} restored: ${snrDb.toFixed(1)} dB`);
  assert(correlation > 0.97, `correlation ${correlation}`);

  const silenced = reference.sound.slice();
  const kept = new Set(lossy.map(({ packet }) => packet.timestamp));
  for (const { packet: { timestamp } } of arrivals) {
    if (!kept.has(timestamp)) silenced.fill(0, timestamp, timestamp + 960);
  }
  const without = compareDelayed(reference.sound, silenced, 0).snrDb;
  assert(snrDb > without + 3, `${snrDb.toFixed(1)} dB with, ${without.toFixed(1)} dB with silence in the holes`);
});
