import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { InboundPacket } from "./depacketizer.ts";
import { MAX_PAYLOAD_BYTES } from "./outbound_packet.ts";
import { Vp8Depacketizer } from "./vp8_depacketizer.ts";
import { Vp8Packetizer } from "./vp8_packetizer.ts";
import { VideoAssembler } from "./video_assembler.ts";

/** The beginning of a picture as an encoder makes it (RFC 6386 section 9.1), the rest filled with a pattern. */
function picture(key: boolean, length: number, seed: number): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
  data[0] = key ? 0x10 : 0x11;
  if (key) data.set([0x9d, 0x01, 0x2a, 640 & 0xff, 640 >> 8, 360 & 0xff, 360 >> 8], 3);
  return data;
}

const source = [0, 1, 2, 3, 4, 5].map((n) => ({ data: picture(n === 0 || n === 4, 3000 + n, n), timestamp: n * 3000 }));

function packets(): InboundPacket[] {
  const packetizer = new Vp8Packetizer({ sequenceNumber: 65_533, pictureId: 0x7ffe });
  return source.flatMap(({ data, timestamp }) => packetizer.packetize({ data }, timestamp));
}

function assemble(list: readonly InboundPacket[]): { timestamps: number[]; depacketizer: Vp8Depacketizer } {
  const depacketizer = new Vp8Depacketizer();
  const timestamps = list.map((packet) => depacketizer.push(packet)?.timestamp).filter((value) => value !== undefined);
  return { timestamps, depacketizer };
}

Deno.test("pictures come out byte for byte as they went in, with the size from the keyframe", () => {
  const depacketizer = new Vp8Depacketizer();
  const list = packets();
  assert(list.every((packet) => packet.payload.length <= MAX_PAYLOAD_BYTES));
  assertEquals(list.filter((packet) => packet.marker).length, source.length);
  const out = list.map((packet) => depacketizer.push(packet)).filter((found) => found !== undefined);
  assertEquals(out.map((found) => found.data), source.map(({ data }) => data));
  assertEquals(out.map((found) => found.isKeyframe), [true, false, false, false, true, false]);
  assert(out.every((found) => found.width === 640 && found.height === 360));
});

Deno.test("any picture of any size survives, also one byte more than fits into a packet", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 10, maxLength: 5000 }), (rest) => {
    const data = picture(true, rest.length + 10, 1);
    data.set(rest, 10);
    const depacketizer = new Vp8Depacketizer();
    const out = new Vp8Packetizer().packetize({ data }, 1).map((packet) => depacketizer.push(packet));
    assertEquals(out.at(-1)?.data, data);
  }));
});

Deno.test("a lost packet costs its picture and those after it until a keyframe", () => {
  for (const lost of [3, 4, 5]) {
    const { timestamps } = assemble(packets().filter((_, i) => i !== lost));
    assertEquals(timestamps, [0, 12_000, 15_000], `packet ${lost}`);
  }
});

Deno.test("a lost picture is noticed by the picture ids and a keyframe wanted at once", () => {
  const list = packets().filter((packet) => packet.timestamp !== 3000);
  const { timestamps, depacketizer } = assemble(list.filter((packet) => packet.timestamp <= 6000));
  assertEquals(timestamps, [0]);
  assert(depacketizer.keyframeWanted);
});

Deno.test("missing packets between two consecutive pictures (padding) cost nothing", () => {
  const shifted = packets().map((packet) =>
    packet.timestamp >= 6000 ? { ...packet, sequenceNumber: (packet.sequenceNumber + 5) & 0xffff } : packet
  );
  assertEquals(assemble(shifted).timestamps, [0, 3000, 6000, 9000, 12_000, 15_000]);
});

Deno.test("before the first keyframe nothing comes out, and empty or foreign payloads do no harm", () => {
  const { timestamps, depacketizer } = assemble(packets().filter((packet) => packet.timestamp > 0));
  assertEquals(timestamps, [12_000, 15_000]);
  assert(!depacketizer.keyframeWanted);
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (payloads) => {
    const hostile = new Vp8Depacketizer();
    payloads.forEach((payload, i) => hostile.push({ sequenceNumber: i, timestamp: 0, marker: i % 3 === 0, payload }));
  }));
});

Deno.test("the assembler waits for a packet that is sent again, and gives up in the end", () => {
  const list = packets();
  const repaired = new VideoAssembler({ maxLateMs: 200 });
  list.forEach((packet, i) => i !== 4 && repaired.push(packet, 10 * i));
  assertEquals([repaired.poll(200)?.timestamp, repaired.poll(200)], [0, undefined]);
  repaired.push(list[4]!, 200);
  assertEquals([1, 2, 3, 4, 5].map(() => repaired.poll(200)?.timestamp), [3000, 6000, 9000, 12_000, 15_000]);

  const broken = new VideoAssembler({ maxLateMs: 200 });
  list.forEach((packet, i) => i !== 4 && packet.timestamp < 12_000 && broken.push(packet, 0));
  assertEquals(broken.poll(0)?.timestamp, 0);
  assertEquals(broken.poll(199), undefined);
  assertEquals(broken.nextTimeout(), 200);
  assertEquals(broken.poll(200), undefined);
  assert(broken.keyframeWanted);
});
