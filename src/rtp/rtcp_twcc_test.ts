import { assert, assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { seededRandom } from "../base/random.ts";
import { parseRtcp, type RtcpPacket, type TransportWideFeedback, writeRtcp } from "./rtcp.ts";

function feedback(packets: (number | null)[], baseSequence = 0): TransportWideFeedback {
  return { kind: "twcc", senderSsrc: 1, mediaSsrc: 2, baseSequence, referenceTime: 3, feedbackCount: 4, packets };
}

function written(packet: RtcpPacket): string | undefined {
  const bytes = new Uint8Array(65_000).fill(0xa5);
  const length = writeRtcp([packet], bytes);
  return length < 0 ? undefined : toHex(bytes.subarray(0, length));
}

/** What follows the fixed part: chunks, deltas, padding. */
function tail(packets: (number | null)[]): string {
  return written(feedback(packets))!.slice(40);
}

function parseOne(hex: string): RtcpPacket | undefined {
  const bytes = parseHex(hex)!;
  return parseRtcp(bytes, bytes.length)?.[0];
}

/** The statuses of a packet with this count and these chunks and deltas, padded with zeros to whole words. */
function parseTail(count: number, hex: string): (number | null)[] | undefined {
  const packed = hex.replaceAll(" ", "");
  const digits = packed.padEnd(8 * Math.ceil(packed.length / 8), "0");
  const words = (4 + digits.length / 8).toString(16).padStart(4, "0");
  const packet = parseOne(
    `8fcd${words} 00000001 00000002 0000 ${count.toString(16).padStart(4, "0")} 000003 04 ${digits}`,
  );
  return packet?.kind === "twcc" ? [...packet.packets] : undefined;
}

Deno.test("writeTransportWide() writes the fixed fields", () => {
  const packet = { ...feedback([0], 65535), referenceTime: 0xfffffe, feedbackCount: 255 };
  assertEquals(written(packet), "8fcd0005" + "00000001" + "00000002" + "ffff0001" + "fffffeff" + "20010000");
  assertEquals(parseOne(written(packet)!), packet);
});

Deno.test("writeTransportWide() chooses runs and vectors", () => {
  const received = (count: number) => new Array<number>(count).fill(1);
  assertEquals(tail(received(20)).slice(0, 4), "2014", "a run of small deltas");
  assertEquals(tail([1, ...new Array<null>(13).fill(null)]).slice(0, 4), "a000", "14 one-bit symbols");
  assertEquals(tail([1, 300, null]), "d800" + "01" + "012c" + "000000", "two-bit symbols");
  assertEquals(tail([-1, -2]).slice(0, 4), "4002", "a run of large deltas");
});

Deno.test("writeTransportWide() takes one byte for 0 to 255 ticks and two for all else", () => {
  for (const [delta, hex] of [[0, "2001000000"], [255, "2001ff"], [256, "40010100"], [-1, "4001ffff"]] as const) {
    assertEquals(tail([delta]), hex.padEnd(8, "0").slice(0, 8), `${delta}`);
  }
  assertEquals(tail([0x7fff, -0x8000]), "40027fff80000000");
});

Deno.test("writeTransportWide() refuses nothing, too much, and deltas beyond 16 bits", () => {
  assertEquals(written(feedback([])), undefined);
  assertEquals(written(feedback([0x8000])), undefined);
  assertEquals(written(feedback([-0x8001])), undefined);
  assertEquals(written(feedback(new Array<null>(8_193).fill(null))), undefined);
  assertEquals(
    parseOne(written(feedback(new Array<null>(8_192).fill(null)))!),
    feedback(new Array<null>(8_192).fill(null)),
  );
});

Deno.test("parseTransportWide() gives back what writeTransportWide() wrote", () => {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 500; round++) {
    const lossy = random.next();
    const large = random.next() ** 3;
    const packets = Array.from({ length: 1 + Math.floor(random.next() * 300) }, () => {
      if (random.next() < lossy) return null;
      if (random.next() >= large) return Math.floor(random.next() * 256);
      return Math.floor(random.next() * 0x10000) - 0x8000;
    });
    for (const base of [0, 1, 32767, 32768, 65534, 65535]) {
      const packet = feedback(packets, base);
      assertEquals(parseOne(written(packet)!), packet, `seed ${seed}, round ${round}`);
    }
  }
});

Deno.test("parseTransportWide() reads all chunk forms and ignores symbols beyond the count", () => {
  assertEquals(parseTail(3, "2003 01 02 03"), [1, 2, 3]);
  assertEquals(parseTail(2, "3fff 01 02"), [1, 2], "run longer than the count");
  assertEquals(parseTail(3, "bfff 01 02 03"), [1, 2, 3], "one-bit vector");
  assertEquals(parseTail(4, "d840 01 0203 04"), [1, 0x203, null, 4], "two-bit vector");
  assertEquals(parseTail(16, "8000 a000 07"), [...new Array<null>(14).fill(null), 7, null], "two chunks");
});

Deno.test("parseTransportWide() reads feedback padded the way browsers do it", () => {
  // One status, one byte of delta: one byte of padding, announced in the header.
  assertEquals(parseOne("afcd0005 00000001 00000002 0005 0001 000003 04 2001 07 01"), feedback([7], 5));
});

Deno.test("parseTransportWide() refuses what cannot be", () => {
  const malformed: Record<string, [number, string]> = {
    "no statuses": [0, "00000000"],
    "no chunks": [1, ""],
    "chunks end early": [40, "8000 8000"],
    "delta missing": [2, "4002 0001"],
    "half a delta": [2, "d800 01 01"],
    "reserved symbol in a run": [1, "60010000"],
    "reserved symbol in a vector": [1, "f0000000"],
    "a run of 0": [1, "00000000"],
    "more statuses than accepted": [8_193, "1fff 1fff"],
  };
  for (const [name, [count, hex]] of Object.entries(malformed)) assertEquals(parseTail(count, hex), undefined, name);
  assertEquals(parseOne("8fcd0003 00000001 00000002 00000001"), undefined, "cut off in the fixed part");
});

Deno.test("writeTransportWide() stays within the size of the plain forms", () => {
  const alternating = Array.from({ length: 1_400 }, (_, i) => (i % 2 === 0 ? 0 : null));
  assert(written(feedback(alternating))!.length / 2 <= 20 + 2 * 100 + 700 + 3);
});
