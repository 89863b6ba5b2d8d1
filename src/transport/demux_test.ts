import { assertEquals } from "@std/assert";
import { type DatagramKind, demux } from "./demux.ts";

function kind(first: number, second = 0, length = 100): DatagramKind {
  const bytes = new Uint8Array(200);
  bytes[0] = first;
  bytes[1] = second;
  return demux(bytes, length);
}

Deno.test("demux() follows the ranges of RFC 7983 for every first byte", () => {
  for (let first = 0; first < 256; first++) {
    let expected: DatagramKind = "unknown";
    if (first <= 3) expected = "stun";
    else if (first >= 20 && first <= 63) expected = "dtls";
    else if (first >= 128 && first <= 191) expected = "rtp";
    assertEquals(kind(first), expected, `first byte ${first}`);
  }
});

Deno.test("demux() tells RTCP from RTP by the packet type, marker bit or not", () => {
  for (let second = 0; second < 256; second++) {
    const type = second & 0x7f;
    assertEquals(kind(128, second), type >= 64 && type <= 95 ? "rtcp" : "rtp", `second byte ${second}`);
  }
  for (const type of [200, 201, 202, 203, 204, 205, 206, 207]) assertEquals(kind(129, type), "rtcp");
});

Deno.test("demux() does not look into datagrams that are too short", () => {
  assertEquals(demux(new Uint8Array(0), 0), "unknown");
  assertEquals(kind(0, 1, 19), "unknown");
  assertEquals(kind(0, 1, 20), "stun");
  assertEquals(kind(22, 254, 12), "unknown");
  assertEquals(kind(22, 254, 13), "dtls");
  assertEquals(kind(128, 96, 11), "unknown");
  assertEquals(kind(128, 96, 12), "rtp");
  assertEquals(kind(128, 200, 7), "unknown");
  assertEquals(kind(128, 200, 8), "rtcp");
});
