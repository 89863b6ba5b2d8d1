/** One thread of `workers.ts`, or a process of its own for comparison: a core with its own socket that forwards 1 → N when told to, and says what that cost. */
import { setImmediate } from "node:timers";
import { silentLogger } from "../src/base/log.ts";
import { chooseEngine } from "../src/io/native/choose_engine.ts";
import { PublishedMedia } from "../src/io/bench/bench_media.ts";
import { BenchRoom } from "../src/io/bench/bench_room.ts";
import { threadTime } from "../src/io/bench/thread_time.ts";
import { DatagramBatch } from "../src/sfu/outbox.ts";

const time = threadTime(true);

/** What a thread is told. */
export interface LoadOrder {
  readonly subscribers: number;
  readonly packets: number;
  /** Where everything is sent. */
  readonly port: number;
}

/** What it has done. */
export interface LoadResult {
  readonly engine: string;
  readonly sent: number;
  /** Of this thread: others on the same core do not count. */
  readonly cpuSeconds: number;
  /** When it began and ended, in milliseconds since 1970, so that overlapping can be judged. */
  readonly from: number;
  readonly to: number;
}

async function forward({ subscribers, packets, port }: LoadOrder): Promise<LoadResult> {
  const engine = chooseEngine("auto", silentLogger);
  const room = new BenchRoom({
    rooms: 1,
    members: subscribers + 1,
    publishers: 1,
    ciphers: engine.ciphers,
    addressOf: (index) => ({ address: `127.1.${index >> 8}.${index & 0xff}`, port: index === 0 ? 1 : port }),
    now: 0,
  });
  const media = new PublishedMedia(0, engine.ciphers);
  const batch = new DatagramBatch();
  const endpoint = engine.endpoint(["127.0.0.1"], 0, room.pool, silentLogger);
  const { stats } = endpoint;
  const warmup = Math.ceil(packets / 10);
  const inputs = Array.from({ length: warmup + packets }, () => {
    const packet = room.pool.acquire();
    media.write(packet, "video");
    return packet;
  });
  let [busy, before, from] = [0, 0, 0];
  for (const [turn, packet] of inputs.entries()) {
    if (turn === warmup) [busy, before, from] = [time.seconds(), stats.sent, Date.now()];
    room.publish(packet, 0, turn + 1);
    room.sfu.drainDatagrams(batch);
    const target = stats.sent + stats.sendFailed + batch.length;
    endpoint.send(batch);
    while (stats.sent + stats.sendFailed < target) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const result = {
    engine: engine.name,
    sent: stats.sent - before,
    cpuSeconds: time.seconds() - busy,
    from,
    to: Date.now(),
  };
  await endpoint.close();
  room.sfu.close(inputs.length);
  media.close();
  return result;
}

// A worker is a main module too, but has no arguments.
if (Deno.args[0] !== undefined) console.log(JSON.stringify(await forward(JSON.parse(Deno.args[0]))));
else {
  self.addEventListener("message", async ({ data }: MessageEvent<LoadOrder>) => self.postMessage(await forward(data)));
}
