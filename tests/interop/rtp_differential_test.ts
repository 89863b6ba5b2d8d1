/**
 * Random RTP packets, both ways, against two implementations that share no code with ours: werift and rtp.js.
 *
 * `FUZZ_SEED` repeats a run, `FUZZ_INPUTS` sets the number of packets.
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { RtpPacket as RtpJsPacket } from "rtp.js/packets";
import { RtpHeader, RtpPacket as WeriftPacket, unwrapRtx as weriftUnwrapRtx, wrapRtx } from "werift";
import { Vp8RtpPayload, Vp9RtpPayload } from "werift";
import { toHex } from "../../src/base/bytes.ts";
import { startsKeyframe } from "../../src/rtp/codec_frames.ts";
import { ExtensionIndex } from "../../src/rtp/header_extension.ts";
import { RtpView } from "../../src/rtp/rtp_view.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { unwrapRtx } from "../../src/rtp/rtx.ts";
import { Vp8Descriptor } from "../../src/rtp/vp8_descriptor.ts";
import { below } from "../fuzz/harness.ts";
import {
  bytesOf,
  bytesOfView,
  dataView,
  type Random,
  randomBytes,
  randomU16,
  randomU32,
  rounds,
} from "./differential.ts";

/** A packet as plain data, so that three implementations can be compared. */
interface PlainPacket {
  marker: boolean;
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  csrcs: number[];
  /** Id and hexadecimal data, by ascending id. */
  extensions: [number, string][];
  payload: string;
  padding: number;
}

const view = new RtpView();
const index = new ExtensionIndex();
const writer = new RtpWriter();

function randomPlain(rng: Random, twoByte: boolean): PlainPacket {
  const extensions = new Map<number, string>();
  for (let left = below(rng, 6); left > 0; left--) {
    const id = 1 + below(rng, twoByte ? 255 : 14);
    extensions.set(id, toHex(randomBytes(rng, twoByte ? below(rng, 40) : 1 + below(rng, 16))));
  }
  return {
    marker: rng.next() < 0.5,
    payloadType: below(rng, 128),
    sequenceNumber: randomU16(rng),
    timestamp: randomU32(rng),
    ssrc: randomU32(rng),
    csrcs: Array.from({ length: rng.next() < 0.2 ? below(rng, 16) : 0 }, () => randomU32(rng)),
    extensions: [...extensions].sort(([a], [b]) => a - b),
    payload: toHex(randomBytes(rng, below(rng, 200))),
    padding: rng.next() < 0.3 ? 1 + below(rng, 255) : 0,
  };
}

function fromHex(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

/** Writes with our writer; it knows no contributing sources and no padding, so the latter is put behind. */
function writeOurs(packet: PlainPacket, twoByte: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1_664).fill(0xa5);
  writer.start(
    bytes,
    packet.marker,
    packet.payloadType,
    packet.sequenceNumber,
    packet.timestamp,
    packet.ssrc,
    twoByte,
  );
  for (const [id, hex] of packet.extensions) bytes.set(fromHex(hex), writer.extension(id, hex.length / 2));
  const payload = fromHex(packet.payload);
  let end = writer.finish();
  bytes.set(payload, end);
  end += payload.length;
  if (packet.padding > 0) {
    bytes[0] = bytes[0]! | 0x20;
    bytes.fill(0, end, end + packet.padding);
    end += packet.padding;
    bytes[end - 1] = packet.padding;
  }
  return bytes.slice(0, end);
}

function readOurs(bytes: Uint8Array): PlainPacket {
  assert(view.parse(bytes, bytes.length), `RtpView refuses ${toHex(bytes)}`);
  assert(index.parse(view), `ExtensionIndex refuses ${toHex(bytes)}`);
  const extensions: [number, string][] = [];
  for (let id = 1; id < 256; id++) {
    const offset = index.offsetOf(id);
    if (offset >= 0) extensions.push([id, toHex(bytes.subarray(offset, offset + index.lengthOf(id)))]);
  }
  const csrcs = new DataView(bytes.buffer, bytes.byteOffset + 12);
  return {
    marker: view.marker,
    payloadType: view.payloadType,
    sequenceNumber: view.sequenceNumber,
    timestamp: view.timestamp,
    ssrc: view.ssrc,
    csrcs: Array.from({ length: view.csrcCount }, (_, i) => csrcs.getUint32(4 * i)),
    extensions,
    payload: toHex(bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength)),
    padding: view.paddingLength,
  };
}

function readWerift(bytes: Uint8Array): PlainPacket {
  const { header, payload } = WeriftPacket.deSerialize(Buffer.from(bytes));
  return {
    marker: header.marker,
    payloadType: header.payloadType,
    sequenceNumber: header.sequenceNumber,
    timestamp: header.timestamp,
    ssrc: header.ssrc,
    csrcs: header.csrc,
    extensions: header.extensions.map(({ id, payload }): [number, string] => [id, toHex(payload)]).sort(([a], [b]) =>
      a - b
    ),
    payload: toHex(payload),
    padding: header.paddingSize,
  };
}

function writeWerift(packet: PlainPacket, twoByte: boolean): Uint8Array {
  const header = new RtpHeader({
    marker: packet.marker,
    payloadType: packet.payloadType,
    sequenceNumber: packet.sequenceNumber,
    timestamp: packet.timestamp,
    ssrc: packet.ssrc,
    csrc: packet.csrcs,
    extensionProfile: twoByte ? 0x1000 : 0xbede,
    extensions: packet.extensions.map(([id, hex]) => ({ id, payload: fromHex(hex) })),
    padding: packet.padding > 0,
    paddingSize: packet.padding,
  });
  return new WeriftPacket(header, fromHex(packet.payload)).serialize();
}

function readRtpJs(bytes: Uint8Array): PlainPacket {
  const packet = new RtpJsPacket(dataView(bytes));
  return {
    marker: packet.getMarker(),
    payloadType: packet.getPayloadType(),
    sequenceNumber: packet.getSequenceNumber(),
    timestamp: packet.getTimestamp(),
    ssrc: packet.getSsrc(),
    csrcs: packet.getCsrcs(),
    extensions: [...packet.getExtensions()]
      .map(([id, data]): [number, string] => [id, toHex(bytesOfView(data))])
      .sort(([a], [b]) => a - b),
    payload: toHex(bytesOfView(packet.getPayload())),
    padding: packet.getPadding(),
  };
}

function writeRtpJs(packet: PlainPacket, twoByte: boolean): Uint8Array {
  const result = new RtpJsPacket();
  result.setMarker(packet.marker);
  result.setPayloadType(packet.payloadType);
  result.setSequenceNumber(packet.sequenceNumber);
  result.setTimestamp(packet.timestamp);
  result.setSsrc(packet.ssrc);
  result.setCsrcs(packet.csrcs);
  if (twoByte) result.enableTwoBytesExtensions();
  else result.enableOneByteExtensions();
  for (const [id, hex] of packet.extensions) result.setExtension(id, dataView(fromHex(hex)));
  result.setPayload(dataView(fromHex(packet.payload)));
  return bytesOf(result);
}

Deno.test("RtpWriter writes what werift and rtp.js read", () => {
  rounds((rng, message, round) => {
    const twoByte = round % 2 === 1;
    const packet = { ...randomPlain(rng, twoByte), csrcs: [] };
    const bytes = writeOurs(packet, twoByte);
    assertEquals(readWerift(bytes), packet, `werift, ${message}`);
    assertEquals(readRtpJs(bytes), packet, `rtp.js, ${message}`);
  });
});

Deno.test("RtpView and ExtensionIndex read what werift writes", () => {
  rounds((rng, message, round) => {
    const twoByte = round % 2 === 1;
    const packet = randomPlain(rng, twoByte);
    assertEquals(readOurs(writeWerift(packet, twoByte)), packet, message);
  });
});

Deno.test("RtpView and ExtensionIndex read what rtp.js writes", () => {
  rounds((rng, message, round) => {
    const twoByte = round % 2 === 1;
    const packet = { ...randomPlain(rng, twoByte), padding: 0 };
    assertEquals(readOurs(writeRtpJs(packet, twoByte)), packet, message);
  });
});

Deno.test("unwrapRtx() agrees with werift and rtp.js", () => {
  rounds((rng, message) => {
    const original = { ...randomPlain(rng, false), padding: 0 };
    const wrapped = wrapRtx(WeriftPacket.deSerialize(Buffer.from(writeWerift(original, false))), 97, 5, 6).serialize();
    const theirs = weriftUnwrapRtx(WeriftPacket.deSerialize(wrapped), original.payloadType, original.ssrc);
    const rtpJs = new RtpJsPacket(dataView(Uint8Array.from(wrapped)));
    rtpJs.rtxDecode(original.payloadType, original.ssrc);

    const bytes = Uint8Array.from(wrapped);
    assert(view.parse(bytes, bytes.length));
    const length = unwrapRtx(bytes, view, original.ssrc, original.payloadType);
    const ours = readOurs(bytes.slice(0, length));
    assertEquals(ours, original, message);
    assertEquals(ours, readRtpJs(bytesOf(rtpJs)), `rtp.js, ${message}`);
    assertEquals([ours.sequenceNumber, ours.payload], [theirs.header.sequenceNumber, toHex(theirs.payload)]);
  });
});

Deno.test("Vp8Descriptor agrees with werift", () => {
  const descriptor = new Vp8Descriptor();
  rounds((rng, message) => {
    const bytes = randomBytes(rng, 12);
    // werift looks for the layer byte only after L or K, RFC 7741 after T or K: keep to where both agree.
    if ((bytes[1]! & 0x20) !== 0) bytes[1] = bytes[1]! | 0x10;
    if ((bytes[1]! & 0x70) === 0x40) bytes[1] = bytes[1]! | 0x20;
    const theirs = Vp8RtpPayload.deSerialize(Buffer.from(bytes));
    assert(descriptor.parse(bytes, 0, bytes.length));
    assertEquals(descriptor.pictureId, theirs.pictureId ?? -1, message);
    assertEquals(descriptor.startOfPartition, theirs.isPartitionHead, message);
    assertEquals(descriptor.isKeyframe, theirs.isKeyframe, message);
    assertEquals(bytes.length - descriptor.headerLength, theirs.payload.length, message);
  });
});

Deno.test("startsKeyframe() agrees with werift about VP9", () => {
  rounds((rng, message) => {
    const bytes = randomBytes(rng, 40);
    // Without scalability structure: werift throws when a random one is longer than the packet.
    bytes[0] = bytes[0]! & ~0x02;
    const theirs = Vp9RtpPayload.deSerialize(Buffer.from(bytes));
    assertEquals(startsKeyframe("VP9", bytes, 0, bytes.length), theirs.isKeyframe, message);
  });
});
