import { assertEquals } from "@std/assert";
import { estimateIndex, MAX_RTP_INDEX } from "./srtp_index.ts";

const EDGES = [0, 1, 32767, 32768, 65534, 65535];

/** RFC 3711 appendix A as it stands, with counters as big integers; -1n is the counter before the first. */
function appendixA(highest: number, sequenceNumber: number): bigint {
  const rolloverCounter = BigInt(highest) >> 16n;
  const last = Number(BigInt(highest) & 0xffffn);
  let guess = rolloverCounter;
  if (last < 32768) {
    if (sequenceNumber - last > 32768) guess = rolloverCounter - 1n;
  } else {
    if (last - 32768 > sequenceNumber) guess = rolloverCounter + 1n;
  }
  return guess * 65536n + BigInt(sequenceNumber);
}

Deno.test("estimateIndex() starts with rollover counter 0", () => {
  for (const sequenceNumber of EDGES) assertEquals(estimateIndex(-1, sequenceNumber), sequenceNumber);
});

Deno.test("estimateIndex() agrees with appendix A of RFC 3711 at every edge", () => {
  for (const rolloverCounter of [0, 1, 2, 32767, 32768, 65535, 65536, 2 ** 31, 2 ** 32 - 2]) {
    for (const last of EDGES) {
      for (const sequenceNumber of EDGES) {
        const highest = rolloverCounter * 0x10000 + last;
        const expected = appendixA(highest, sequenceNumber);
        const index = estimateIndex(highest, sequenceNumber);
        assertEquals(BigInt(index), expected < 0n ? BigInt(sequenceNumber) : expected, `${highest} ${sequenceNumber}`);
      }
    }
  }
});

Deno.test("estimateIndex() follows a stream over three rollovers, late packets included", () => {
  let highest = -1;
  for (let index = 65530; index < 65530 + 3 * 65536; index += 97) {
    assertEquals(estimateIndex(highest, index & 0xffff), index);
    highest = index;
    for (const late of [1, 5, 1000, 30000]) {
      if (index - late >= 0) assertEquals(estimateIndex(highest, (index - late) & 0xffff), index - late);
    }
  }
});

Deno.test("estimateIndex() takes an older number than the first as a jump ahead", () => {
  assertEquals(estimateIndex(100, 65530), 65530);
  assertEquals(estimateIndex(65536 + 100, 65530), 65530);
});

Deno.test("estimateIndex() refuses what comes after the last index", () => {
  assertEquals(estimateIndex(MAX_RTP_INDEX - 1, 65535), MAX_RTP_INDEX);
  assertEquals(estimateIndex(MAX_RTP_INDEX, 0), -1);
  assertEquals(estimateIndex(MAX_RTP_INDEX, 65534), MAX_RTP_INDEX - 1);
});
