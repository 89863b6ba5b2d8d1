import { assertEquals } from "@std/assert";
import { SentPackets } from "./sent_packets.ts";

Deno.test("a packet is found by its 16 bits, with what was noted about it", () => {
  const sent = new SentPackets();
  assertEquals(sent.find(0), -1);
  for (let i = 0; i < 0x10000; i++) sent.add(100, 0, i);
  const number = sent.add(1_200, 7, 99_000);
  assertEquals(number, 0, "the numbers have wrapped");
  const index = sent.find(0);
  assertEquals([index, sent.bytes(index), sent.probe(index), sent.sentAt(index)], [0x10000, 1_200, 7, 99_000]);
});

Deno.test("numbers never sent, or sent long ago, are nobody's", () => {
  const sent = new SentPackets();
  for (let i = 0; i < 3_000; i++) sent.add(100, 0, i);
  assertEquals(sent.find(3_000), -1);
  assertEquals(sent.find(0xffff), -1);
  assertEquals(sent.find(3_000 - 2_048), 3_000 - 2_048);
  assertEquals(sent.find(3_000 - 2_049), -1);
});

Deno.test("each packet is counted once, and one that was taken for lost may still come", () => {
  const sent = new SentPackets();
  sent.add(100, 0, 0);
  assertEquals([sent.missing(0), sent.missing(0)], ["lost", "nothing"]);
  assertEquals([sent.received(0), sent.received(0), sent.missing(0)], ["late", "nothing", "nothing"]);
  sent.add(100, 0, 1);
  assertEquals([sent.received(1), sent.missing(1)], ["received", "nothing"]);
});
