/** What the differential tests share: random values, edges more often than chance would have them, and conversions. */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import * as werift from "werift";
import { toHex } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";
import { parseRtcp, type RtcpPacket, writeRtcp } from "../../src/rtp/rtcp.ts";
import { below, inputCount, seed } from "../fuzz/harness.ts";

/** The generator all differential tests use. */
export type Random = ReturnType<typeof seededRandom>;

const U16_EDGES = [0, 1, 127, 128, 255, 256, 32767, 32768, 65534, 65535] as const;
const U32_EDGES = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff] as const;

/** Runs `check` for as many random inputs as the run asks for; `message` says how to repeat one. */
export function rounds(check: (rng: Random, message: string, round: number) => void): void {
  const rng = seededRandom(seed());
  for (let round = 0; round < inputCount(); round++) check(rng, `round ${round}, FUZZ_SEED=${seed()}`, round);
}

/** A 16-bit number; every third one at an edge. */
export function randomU16(rng: Random): number {
  return below(rng, 3) === 0 ? U16_EDGES[below(rng, U16_EDGES.length)]! : below(rng, 0x10000);
}

/** A 32-bit number; every third one at an edge. */
export function randomU32(rng: Random): number {
  return below(rng, 3) === 0 ? U32_EDGES[below(rng, U32_EDGES.length)]! : below(rng, 0x100000000);
}

/** Random bytes. */
export function randomBytes(rng: Random, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  rng.fill(bytes);
  return bytes;
}

/** None to `most` things. */
export function list<T>(rng: Random, most: number, make: () => T): T[] {
  return Array.from({ length: below(rng, most + 1) }, make);
}

/** The bytes as rtp.js takes them. */
export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of what rtp.js gives. */
export function bytesOfView(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The bytes of an rtp.js packet. */
export function bytesOf(packet: { getView(): DataView }): Uint8Array {
  return bytesOfView(packet.getView());
}

/** Writes RTCP packets with our writer. */
export function write(...packets: RtcpPacket[]): Buffer {
  const bytes = Buffer.alloc(20_000, 0xa5);
  const length = writeRtcp(packets, bytes);
  assert(length > 0, `writeRtcp refuses ${JSON.stringify(packets)}`);
  return bytes.subarray(0, length);
}

/** Reads one RTCP packet with our parser. */
export function readOne(bytes: Uint8Array): RtcpPacket {
  const packets = parseRtcp(bytes, bytes.length);
  assert(packets?.length === 1, `parseRtcp refuses ${toHex(bytes)}`);
  return packets[0]!;
}

/** Reads one RTCP packet with werift. */
export function weriftOne(bytes: Buffer): werift.RtcpPacket {
  const packets = werift.RtcpPacketConverter.deSerialize(bytes);
  assertEquals(packets.length, 1, toHex(bytes));
  return packets[0]!;
}
