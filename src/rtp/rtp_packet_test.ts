import { assertEquals } from "@std/assert";
import { RtpPacket } from "./rtp_packet.ts";

Deno.test("RtpPacket.parse() gives back what serialize() wrote", () => {
  const fields = {
    payloadType: 96,
    sequenceNumber: 65_535,
    timestamp: 0xffff_fff0,
    ssrc: 0xdead_beef,
    marker: true,
    csrcs: [1, 0xffff_ffff],
    payload: Uint8Array.of(1, 2, 3),
    paddingLength: 4,
  };
  for (const extensions of [[], [[1, 1]], [[3, 2], [14, 16]], [[200, 3], [1, 40]]]) {
    const elements = new Map(extensions.map(([id, length]) => [id!, new Uint8Array(length!).fill(7)]));
    const packet = new RtpPacket({ ...fields, extensions: elements });
    assertEquals(RtpPacket.parse(packet.serialize()), packet);
  }
});

Deno.test("RtpPacket.parse() refuses what is no packet", () => {
  const whole = new RtpPacket({ payloadType: 0, sequenceNumber: 0, timestamp: 0, ssrc: 0, csrcs: [1, 2] }).serialize();
  for (let length = 0; length < whole.length; length++) {
    assertEquals(RtpPacket.parse(whole.slice(0, length)), undefined);
  }
  whole[0]! &= 0x3f;
  assertEquals(RtpPacket.parse(whole), undefined);
});
