import { assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { seededRandom } from "../base/random.ts";
import { RFC7714_AES_128_GCM } from "../../tests/data/srtp_vectors.ts";
import { CounterBlocks } from "./srtp_counter_blocks.ts";
import { writeCmBlock, writeGcmRtcpNonce, writeGcmRtpNonce } from "./srtp_nonce.ts";

const GCM_SALT = parseHex(RFC7714_AES_128_GCM.salt)!;

Deno.test("writeGcmRtpNonce() gives the nonce of RFC 7714 section 16", () => {
  const nonce = new Uint8Array(12).fill(0xff);
  writeGcmRtpNonce(nonce, GCM_SALT, 0x5501a0b2, 0xf17b);
  assertEquals(toHex(nonce), RFC7714_AES_128_GCM.rtpNonce);
});

Deno.test("writeGcmRtpNonce() spreads rollover counter and sequence number over six bytes", () => {
  const nonce = new Uint8Array(12).fill(0xff);
  writeGcmRtpNonce(nonce, new Uint8Array(12), 0xfedcba98, 0xa1b2c3d4e5f6);
  assertEquals(toHex(nonce), "0000fedcba98a1b2c3d4e5f6");
});

Deno.test("writeGcmRtcpNonce() gives the nonce of RFC 7714 section 17", () => {
  const nonce = new Uint8Array(12).fill(0xff);
  writeGcmRtcpNonce(nonce, GCM_SALT, 0x4d617273, RFC7714_AES_128_GCM.rtcpIndex);
  assertEquals(toHex(nonce), RFC7714_AES_128_GCM.rtcpNonce);
});

Deno.test("writeCmBlock() computes the formula of RFC 3711 section 4.1.1", () => {
  const random = seededRandom(3711);
  const salt = new Uint8Array(14);
  const block = new Uint8Array(16);
  for (const index of [0, 1, 65535, 65536, 2 ** 31, 2 ** 32 + 5, 2 ** 48 - 1]) {
    random.fill(salt);
    const ssrc = Math.floor(random.next() * 2 ** 32);
    writeCmBlock(block, salt, ssrc, index);
    const expected = (BigInt(`0x${toHex(salt)}`) << 16n) ^ (BigInt(ssrc) << 64n) ^ (BigInt(index) << 16n);
    assertEquals(toHex(block), expected.toString(16).padStart(32, "0"));
  }
});

Deno.test("fill() counts the blocks in the last two bytes, and covers every byte of the payload", () => {
  const counters = new CounterBlocks();
  const salt = Uint8Array.from({ length: 14 }, (_, i) => 0xa0 + i);
  const block = new Uint8Array(16);
  writeCmBlock(block, salt, 7, 65537);
  for (const length of [1, 15, 16, 17, 1100, 1664]) {
    const blocks = counters.fill(salt, 7, 65537, length);
    assertEquals(blocks.length, 16 * Math.ceil(length / 16));
    for (let i = 0; i < blocks.length / 16; i++) {
      block[14] = i >>> 8;
      block[15] = i;
      assertEquals(toHex(blocks.subarray(16 * i, 16 * i + 16)), toHex(block));
    }
  }
});
