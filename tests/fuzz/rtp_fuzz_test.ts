/** Fuzz of everything in `src/rtp` that reads bytes from the network: it must not throw, loop or answer out of bounds. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "../../src/base/random.ts";
import { startsKeyframe } from "../../src/rtp/codec_frames.ts";
import { ExtensionIndex, readExtensionText } from "../../src/rtp/header_extension.ts";
import { parseRtcp, type RtcpPacket, writeRtcp } from "../../src/rtp/rtcp.ts";
import { patchRed, RedReader } from "../../src/rtp/red.ts";
import { RtpView } from "../../src/rtp/rtp_view.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { unwrapRtx } from "../../src/rtp/rtx.ts";
import { patchCounters } from "../../src/rtp/picture_counters.ts";
import { Vp8Descriptor } from "../../src/rtp/vp8_descriptor.ts";
import { below, checkInput, corpus, inputCount, mutate, type Rng, seed } from "./harness.ts";
import { validRtcp, validRtp } from "./rtp_inputs.ts";

const view = new RtpView();
const index = new ExtensionIndex();
const descriptor = new Vp8Descriptor();
const red = new RedReader();
const scratch = new Uint8Array(300_000);

/** What a parsed compound may hold: five numbers for each byte (NACK), and the capped transport-wide statuses. */
const MAX_VALUES_PER_BYTE = 5;
const MAX_STATUSES = 16_384;

function checkRtp(bytes: Uint8Array): void {
  if (!view.parse(bytes, bytes.length)) return;
  assertEquals(view.payloadOffset + view.payloadLength + view.paddingLength, bytes.length);
  assert(view.payloadLength >= 0 && view.payloadOffset >= 12 + 4 * view.csrcCount);
  const extensionEnd = view.extensionOffset + view.extensionLength;
  if (view.extensionLength > 0) assertEquals(extensionEnd, view.payloadOffset);
  const complete = index.parse(view);
  for (let id = 0; id < 256; id++) {
    const offset = index.offsetOf(id);
    if (offset < 0) continue;
    assert(complete && id > 0);
    assert(offset > view.extensionOffset && offset + index.lengthOf(id) <= extensionEnd);
    const text = readExtensionText(bytes, offset, index.lengthOf(id));
    assert(text === undefined || (text.length > 0 && text.length <= index.lengthOf(id)));
  }
  checkPayload(bytes, view.payloadOffset, view.payloadLength);
  checkRtx(bytes);
}

function checkPayload(bytes: Uint8Array, offset: number, length: number): void {
  for (const codec of ["VP8", "VP9", "H264", "AV1"] as const) {
    const starts = startsKeyframe(codec, bytes, offset, length);
    assert(!starts || length > 0);
    // What lies behind the payload (padding, other packets) must not matter.
    const exact = bytes.slice(offset, offset + length);
    assertEquals(startsKeyframe(codec, exact, 0, length), starts, codec);
  }
  if (descriptor.parse(bytes, offset, length)) checkVp8Patch(bytes, offset, length);
  checkRed(bytes, offset, length);
}

function checkRed(bytes: Uint8Array, offset: number, length: number): void {
  if (!red.parse(bytes, offset, length)) return;
  const { payloadType, primaryOffset } = red;
  assert(primaryOffset > offset && primaryOffset < offset + length);
  const copy = bytes.slice();
  patchRed(copy, offset, 0x7f & ~payloadType);
  assertEquals(copy.subarray(primaryOffset), bytes.subarray(primaryOffset));
  assertEquals(copy.subarray(0, offset), bytes.subarray(0, offset));
  assert(red.parse(copy, offset, length));
  assertEquals([red.payloadType, red.primaryOffset], [0x7f & ~payloadType, primaryOffset]);
}

/** Two to four blocks of one type. */
function validRed(rng: Rng): Uint8Array {
  const lengths = Array.from({ length: 1 + below(rng, 3) }, () => below(rng, 60));
  const headers = lengths.flatMap((length) => [0x80 | 111, below(rng, 256), below(rng, 64) << 2, length]);
  const blocks = new Uint8Array(lengths.reduce((sum, length) => sum + length, 1 + below(rng, 60)));
  return Uint8Array.from([...headers, 111, ...blocks]);
}

function checkVp8Patch(bytes: Uint8Array, offset: number, length: number): void {
  const { headerLength, pictureId, tl0PicIdx, temporalLayer, keyIndex, isKeyframe } = descriptor;
  assert(headerLength > 0 && headerLength <= length);
  const copy = new Uint8Array(length + 7).fill(0x5a);
  copy.set(bytes.subarray(offset, offset + length), 3);
  const newPictureId = (pictureId + 1) & (descriptor.pictureIdIsLong ? 0x7fff : 0x7f);
  patchCounters(copy, descriptor, 3 - offset, newPictureId, 77);
  assertEquals(copy.subarray(3 + headerLength, 3 + length), bytes.subarray(offset + headerLength, offset + length));
  assert(descriptor.parse(copy, 3, length));
  assertEquals(descriptor.pictureId, pictureId < 0 ? -1 : newPictureId);
  assertEquals(descriptor.tl0PicIdx, tl0PicIdx < 0 ? -1 : 77);
  assertEquals(
    [descriptor.headerLength, descriptor.temporalLayer, descriptor.keyIndex, descriptor.isKeyframe],
    [headerLength, temporalLayer, keyIndex, isKeyframe],
  );
  assert([0, 1, 2, length + 3, length + 6].every((i) => copy[i] === 0x5a), "patched beside the payload");
}

function checkRtx(bytes: Uint8Array): void {
  const { payloadLength, timestamp, marker } = view;
  const copy = bytes.slice();
  const length = unwrapRtx(copy, view, 0xfedcba98, 96);
  assertEquals(length >= 0, payloadLength >= 2);
  if (length < 0) return;
  const again = new RtpView();
  assert(again.parse(copy, length));
  view.bytes = copy;
  assertEquals({ ...again }, { ...view });
  assertEquals([again.timestamp, again.marker, again.ssrc], [timestamp, marker, 0xfedcba98]);
}

function checkRtcp(bytes: Uint8Array): void {
  const packets = parseRtcp(bytes, bytes.length);
  if (packets === undefined) return;
  assert(packets.length > 0 && packets.length <= bytes.length / 4);
  const values = packets.reduce((sum, packet) => sum + countValues(packet), 0);
  assert(values <= MAX_VALUES_PER_BYTE * bytes.length + MAX_STATUSES, `${values} values`);
  for (const packet of packets) {
    const length = writeRtcp([packet], scratch);
    if (length < 0) {
      assert(mayNotBeWritten(packet), `cannot write ${JSON.stringify(packet)}`);
      continue;
    }
    const again = parseRtcp(scratch, length);
    assertEquals(again?.map(comparable), [comparable(packet)]);
  }
}

/** Numbers and characters in a value, however deep. */
function countValues(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== "object") return 1;
  return Object.values(value).reduce((sum: number, part: unknown) => sum + countValues(part), 0);
}

/** Text grows when bytes that are not UTF-8 are replaced, padding can leave an odd body; neither is ours to send. */
function mayNotBeWritten(packet: RtcpPacket): boolean {
  if (packet.kind === "sdes" || packet.kind === "bye") return JSON.stringify(packet).includes("\ufffd");
  return packet.kind === "other" && packet.body.length % 4 !== 0;
}

/** Leaves out what writing may change: the order of lost packets, an estimate at its upper end. */
function comparable(packet: RtcpPacket): RtcpPacket {
  if (packet.kind === "nack") {
    return { ...packet, sequenceNumbers: [...new Set(packet.sequenceNumbers)].sort((a, b) => a - b) };
  }
  if (packet.kind === "remb") return { ...packet, bitrateBps: Math.min(packet.bitrateBps, 2 ** 50) };
  return packet;
}

function fuzz(target: string, check: (bytes: Uint8Array) => void, valid: (rng: Rng) => Uint8Array): void {
  const count = inputCount();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => checkInput(target, bytes, check)),
    { seed: seed(), numRuns: Math.ceil(count / 4) },
  );
  const rng = seededRandom(seed());
  for (let i = 0; i < count; i++) {
    const bytes = valid(rng);
    checkInput(target, bytes, check);
    checkInput(target, mutate(bytes, rng), check);
  }
}

Deno.test("corpus/rtp inputs are harmless to every reader", () => {
  const entries = corpus("rtp");
  assert(entries.length > 0);
  for (const { name, bytes } of entries) {
    checkInput(name, bytes, checkRtp);
    checkInput(name, bytes, checkRtcp);
    checkInput(name, bytes, (payload) => checkPayload(payload, 0, payload.length));
  }
});

Deno.test("RTP readers survive random and damaged packets", () => fuzz("RTP", checkRtp, validRtp));

Deno.test("payload readers survive random and damaged payloads", () => {
  fuzz("payload", (bytes) => checkPayload(bytes, 0, bytes.length), (rng) => {
    const bytes = validRtp(rng);
    assert(view.parse(bytes, bytes.length));
    return bytes.slice(view.payloadOffset, view.payloadOffset + view.payloadLength);
  });
});

Deno.test("the RED reader survives random and damaged payloads", () => {
  fuzz("RED", (bytes) => checkRed(bytes, 0, bytes.length), validRed);
});

Deno.test("parseRtcp() survives random and damaged compounds", () => fuzz("RTCP", checkRtcp, validRtcp));

Deno.test("parseRtcp() survives well-formed headers around random bodies", () => {
  const packet = fc.tuple(
    fc.constantFrom(200, 201, 202, 203, 204, 205, 206, 207, 0, 255),
    fc.nat(31),
    fc.boolean(),
    fc.uint8Array({ maxLength: 80 }),
  ).map(([type, count, padded, body]) => {
    const words = Math.ceil(body.length / 4);
    const bytes = new Uint8Array(4 + 4 * words);
    bytes.set([0x80 | (padded ? 0x20 : 0) | count, type, 0, words]);
    bytes.set(body, 4);
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 4 }), (packets) => {
      const bytes = Uint8Array.from(packets.flatMap((part) => [...part]));
      checkInput("RTCP", bytes, checkRtcp);
    }),
    { seed: seed(), numRuns: inputCount() },
  );
});

Deno.test("RtpWriter stays within the buffer and writes only what RtpView reads, whatever it is asked", () => {
  const rng = seededRandom(seed());
  const writer = new RtpWriter();
  for (let round = 0; round < inputCount(); round++) {
    const message = `round ${round}, FUZZ_SEED=${seed()}`;
    const whole = new Uint8Array(600).fill(0xa5);
    const bytes = whole.subarray(0, 12 + below(rng, 500));
    const twoByte = rng.next() < 0.5;
    writer.start(bytes, rng.next() < 0.5, below(rng, 300), below(rng, 0x20000), below(rng, 2 ** 33), -1, twoByte);
    const added = new Map<number, [number, number]>();
    for (let left = below(rng, 8); left > 0; left--) {
      const [id, length] = [below(rng, twoByte ? 260 : 18) - 1, below(rng, twoByte ? 260 : 19) - 1];
      const offset = writer.extension(id, length);
      if (offset >= 0) added.set(id, [offset, length]);
    }
    const payload = writer.finish();
    assert(payload <= bytes.length, message);
    assert(whole.subarray(bytes.length).every((byte) => byte === 0xa5), message);
    assert(view.parse(bytes, payload) && index.parse(view), message);
    for (let id = 0; id < 256; id++) {
      assertEquals([index.offsetOf(id), index.lengthOf(id)], added.get(id) ?? [-1, -1], message);
    }
  }
});
