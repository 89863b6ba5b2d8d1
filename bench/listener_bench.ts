/**
 * What it costs to listen inside the process: one video packet to nine receivers, without and with a listener, and what
 * a listener alone costs. Read the ratios.
 */
import { chooseEngine } from "../src/io/native/choose_engine.ts";
import { PublishedMedia } from "../src/io/bench/bench_media.ts";
import { BenchRoom } from "../src/io/bench/bench_room.ts";
import { silentLogger } from "../src/base/log.ts";

const MEMBERS = 10;

for (const [name, listeners] of [["nobody", 0], ["one listener", 1], ["four listeners", 4]] as const) {
  const { ciphers } = chooseEngine("auto", silentLogger);
  const room = new BenchRoom({
    rooms: 1,
    members: MEMBERS,
    publishers: 1,
    ciphers,
    addressOf: (index) => ({ address: `127.0.1.${index}`, port: 4_000 + index }),
    now: 0,
  });
  const media = new PublishedMedia(0, ciphers);
  const [{ id: roomId, participants }] = room.sfu.snapshot(0).rooms as [
    ReturnType<typeof room.sfu.snapshot>["rooms"][number],
  ];
  let heard = 0;
  for (let i = 0; i < listeners; i++) {
    room.sfu.local.listen(roomId, participants[0]!.id, "camera", ({ view }) => heard += view.payloadLength, 0);
  }
  let now = 1;
  Deno.bench(`a video packet to ${MEMBERS - 1} receivers, heard by ${name}`, {
    group: "listening",
    baseline: listeners === 0,
  }, () => {
    const packet = room.pool.acquire();
    media.write(packet, "video");
    room.publish(packet, 0, now++);
    room.discard();
  });
}
