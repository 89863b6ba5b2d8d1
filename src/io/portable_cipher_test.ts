import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { PACKET_CAPACITY, PacketPool } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import { SRTP_PARAMETERS, type SrtpProfile } from "../transport/cipher_provider.ts";
import { deriveKey, type DirectionKeys, type SessionKeys } from "../transport/srtp_key_derivation.ts";
import { writeCmBlock, writeGcmRtcpNonce, writeGcmRtpNonce } from "../transport/srtp_nonce.ts";
import {
  LIBSRTP_AES_CM,
  RFC3711_DERIVATION,
  RFC3711_KEYSTREAM,
  RFC7714_AES_128_GCM,
} from "../../tests/data/srtp_vectors.ts";
import { SrtpFailure, SrtpSession } from "../transport/srtp_session.ts";
import { createPortableCipher, derivePortableKeys, portableCiphers } from "./portable_cipher.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];

function bytesOf(digits: string): Bytes {
  return parseHex(digits)!;
}

/** A buffer with room for the tag, as pooled packets have. */
function buffer(digits: string): Bytes {
  const bytes = new Uint8Array(PACKET_CAPACITY);
  bytes.set(bytesOf(digits));
  return bytes;
}

function bothWays(keys: SessionKeys): DirectionKeys {
  return { rtp: keys, rtcp: keys };
}

function gcmVectorKeys(): DirectionKeys {
  const { key, salt } = RFC7714_AES_128_GCM;
  return bothWays({ key: bytesOf(key), salt: bytesOf(salt), authKey: new Uint8Array(0) });
}

Deno.test("derivePortableKeys() gives the keys of RFC 3711 B.3", () => {
  const { masterKey, masterSalt, key, salt, authKey } = RFC3711_DERIVATION;
  const keys = derivePortableKeys("AES_CM_128_HMAC_SHA1_80", bytesOf(masterKey), bytesOf(masterSalt));
  assertEquals(keys.rtp.key, bytesOf(key));
  assertEquals(keys.rtp.salt, bytesOf(salt));
  assertEquals(keys.rtp.authKey, bytesOf(authKey).slice(0, 20));
});

Deno.test("deriveKey() with AES of another library gives the whole authentication key of RFC 3711 B.3", async () => {
  const { masterKey, authKey, authKeyInputs, masterSalt } = RFC3711_DERIVATION;
  // Counter mode over a zero block is AES of the counter block.
  const key = await crypto.subtle.importKey("raw", bytesOf(masterKey), "AES-CTR", false, ["encrypt"]);
  const outputs = new Map<string, Uint8Array>();
  for (const input of authKeyInputs) {
    const algorithm = { name: "AES-CTR", counter: bytesOf(input), length: 64 };
    outputs.set(
      input.toLowerCase(),
      new Uint8Array(await crypto.subtle.encrypt(algorithm, key, new Uint8Array(16))),
    );
  }
  assertEquals(deriveKey(bytesOf(masterSalt), 1, 94, (block) => outputs.get(toHex(block))!), bytesOf(authKey));
});

Deno.test("create() refuses keys and salts of another length", () => {
  const ciphers = portableCiphers();
  assertEquals(ciphers.name, "portable");
  for (const profile of PROFILES) {
    const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
    ciphers.create(profile, new Uint8Array(keyLength), new Uint8Array(saltLength)).close();
    for (const [key, salt] of [[keyLength - 1, saltLength], [keyLength, saltLength + 2], [0, 0]] as const) {
      assertThrows(() => ciphers.create(profile, new Uint8Array(key), new Uint8Array(salt)), RangeError);
    }
  }
});

Deno.test("sealRtp() of AES-CM gives the keystream of RFC 3711 B.2", () => {
  const { key, salt, blocks } = RFC3711_KEYSTREAM;
  const keys = bothWays({ key: bytesOf(key), salt: bytesOf(salt), authKey: new Uint8Array(20) });
  const cipher = createPortableCipher("AES_CM_128_HMAC_SHA1_80", keys);
  const bytes = new Uint8Array(PACKET_CAPACITY);
  assertEquals(cipher.sealRtp(bytes, 12, 60, 0, 0), 70);
  assertEquals(bytes.slice(12, 60), bytesOf(blocks));
  cipher.close();
});

Deno.test("AES-CM seals and opens the packets of libsrtp", () => {
  const { masterKey, masterSalt } = RFC3711_DERIVATION;
  const { plain, sealed, rtcpIndex, rtcpPlain, rtcpSealed } = LIBSRTP_AES_CM;
  const cipher = portableCiphers().create("AES_CM_128_HMAC_SHA1_80", bytesOf(masterKey), bytesOf(masterSalt));
  const media = buffer(plain);
  assertEquals(cipher.sealRtp(media, 12, 28, 0xcafebabe, 0x1234), 38);
  assertEquals(media.slice(0, 38), bytesOf(sealed));
  assertEquals(cipher.openRtp(media, 12, 38, 0xcafebabe, 0x1234), 28);
  assertEquals(media.slice(0, 28), bytesOf(plain));
  const report = buffer(rtcpPlain);
  assertEquals(cipher.sealRtcp(report, 24, 0xcafebabe, rtcpIndex), 38);
  assertEquals(report.slice(0, 38), bytesOf(rtcpSealed));
  assertEquals(cipher.openRtcp(report, 38, 0xcafebabe, rtcpIndex), 24);
  assertEquals(report.slice(0, 24), bytesOf(rtcpPlain));
  cipher.close();
});

Deno.test("AES-GCM seals and opens the RTP packet of RFC 7714 section 16.1", () => {
  const cipher = createPortableCipher("AEAD_AES_128_GCM", gcmVectorKeys());
  const bytes = buffer(RFC7714_AES_128_GCM.rtpPlain);
  assertEquals(cipher.sealRtp(bytes, 12, 50, 0x5501a0b2, 0xf17b), 66);
  assertEquals(bytes.slice(0, 66), bytesOf(RFC7714_AES_128_GCM.rtpSealed));
  assertEquals(cipher.openRtp(bytes, 12, 66, 0x5501a0b2, 0xf17b), 50);
  assertEquals(bytes.slice(0, 50), bytesOf(RFC7714_AES_128_GCM.rtpPlain));
});

Deno.test("AES-GCM seals and opens the RTCP packet of RFC 7714 section 17.1", () => {
  const cipher = createPortableCipher("AEAD_AES_128_GCM", gcmVectorKeys());
  const { rtcpPlain, rtcpSealed, rtcpIndex } = RFC7714_AES_128_GCM;
  const bytes = buffer(rtcpPlain);
  const length = bytesOf(rtcpPlain).length;
  assertEquals(cipher.sealRtcp(bytes, length, 0x4d617273, rtcpIndex), length + 20);
  assertEquals(bytes.slice(0, length + 20), bytesOf(rtcpSealed));
  assertEquals(cipher.openRtcp(bytes, length + 20, 0x4d617273, rtcpIndex), length);
  assertEquals(bytes.slice(0, length), bytesOf(rtcpPlain));
});

Deno.test("SrtpSession opens the packets of RFC 7714 and refuses the unencrypted one of section 17.3", () => {
  const keys = { masterKey: new Uint8Array(16), masterSalt: new Uint8Array(12) };
  const ciphers = { name: "vectors", create: () => createPortableCipher("AEAD_AES_128_GCM", gcmVectorKeys()) };
  const session = new SrtpSession("AEAD_AES_128_GCM", keys, keys, ciphers);
  const packet = new PacketPool().acquire();
  const load = (digits: string) => {
    packet.bytes.set(bytesOf(digits));
    packet.length = bytesOf(digits).length;
  };
  const { rtpSealed, rtpPlain, rtcpSealed, rtcpPlain, rtcpTagOnly } = RFC7714_AES_128_GCM;
  load(rtcpTagOnly);
  assertEquals(session.unprotectRtcp(packet), SrtpFailure.malformed);
  load(rtcpSealed);
  assertEquals(session.unprotectRtcp(packet), 0);
  assertEquals(packet.bytes.slice(0, packet.length), bytesOf(rtcpPlain));
  load(rtpSealed);
  assertEquals(session.unprotectRtp(packet), 0);
  assertEquals(packet.bytes.slice(0, packet.length), bytesOf(rtpPlain));
  assert(session.protectRtp(packet));
  assertEquals(packet.bytes.slice(0, packet.length), bytesOf(rtpSealed));
});

Deno.test("openRtp() and openRtcp() answer -1 and change nothing when one bit differs anywhere", () => {
  for (const profile of PROFILES) {
    const { keyLength, saltLength, tagLength } = SRTP_PARAMETERS[profile];
    const cipher = portableCiphers().create(profile, new Uint8Array(keyLength), new Uint8Array(saltLength));
    const media = new Uint8Array(PACKET_CAPACITY).fill(7);
    const mediaLength = cipher.sealRtp(media, 20, 60, 1, 70000);
    const report = new Uint8Array(PACKET_CAPACITY).fill(9);
    const reportLength = cipher.sealRtcp(report, 40, 1, 5);
    for (let bit = 0; bit < 8 * mediaLength; bit++) {
      const forged = media.slice();
      forged[bit >>> 3]! ^= 1 << (bit & 7);
      const before = forged.slice();
      assertEquals(cipher.openRtp(forged, 20, mediaLength, 1, 70000), -1);
      assertEquals(forged, before);
    }
    for (let bit = 0; bit < 8 * reportLength; bit++) {
      const at = bit >>> 3;
      const word = reportLength - SRTP_PARAMETERS[profile].rtcpIndexDistance;
      const inIndex = at >= word && at < word + 4;
      // With AES-GCM the caller says the index and the packet's copy is not looked at; AES-CM authenticates the copy.
      if (inIndex && tagLength === 16) continue;
      const forged = report.slice();
      forged[at]! ^= 1 << (bit & 7);
      const before = forged.slice();
      assertEquals(cipher.openRtcp(forged, reportLength, 1, 5), -1);
      assertEquals(forged, before);
    }
    assertEquals(cipher.openRtp(media.slice(), 20, mediaLength, 1, 70000 + 65536), -1);
    if (tagLength === 16) {
      // AES-CM finds SSRC and index in the packet itself, where the tag covers them; for AES-GCM they make the nonce.
      assertEquals(cipher.openRtp(media.slice(), 20, mediaLength, 2, 70000), -1);
      assertEquals(cipher.openRtcp(report.slice(), reportLength, 2, 5), -1);
      assertEquals(cipher.openRtcp(report.slice(), reportLength, 1, 6), -1);
    }
    assertEquals(cipher.openRtp(media, 20, mediaLength, 1, 70000), 60);
    assertEquals(cipher.openRtcp(report, reportLength, 1, 5), 40);
    cipher.close();
  }
});

interface Sample {
  readonly packet: Bytes;
  readonly headerLength: number;
  readonly ssrc: number;
  readonly index: number;
}

function randomSample(random: ReturnType<typeof seededRandom>, maxIndex: number): Sample {
  const headerLength = 12 + 4 * Math.floor(random.next() * 10);
  const payloadLength = random.next() < 0.1 ? 0 : Math.floor(random.next() * 1400);
  const packet = new Uint8Array(headerLength + payloadLength);
  random.fill(packet);
  return {
    packet,
    headerLength,
    ssrc: Math.floor(random.next() * 2 ** 32),
    index: Math.floor(random.next() * maxIndex),
  };
}

async function subtleGcm(keys: SessionKeys, nonce: Bytes, aad: Bytes, plain: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", keys.key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(
    await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, plain),
  );
}

async function subtleCm(keys: SessionKeys, block: Bytes, plain: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", keys.key, "AES-CTR", false, ["encrypt"]);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter: block, length: 64 }, key, plain));
}

async function subtleTag(keys: SessionKeys, covered: Bytes): Promise<Bytes> {
  const hmac = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", keys.authKey, hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, covered)).slice(0, 10);
}

function join(...parts: Uint8Array[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function u32(value: number): Bytes {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

async function expectedRtp(profile: SrtpProfile, keys: SessionKeys, sample: Sample): Promise<Bytes> {
  const { packet, headerLength, ssrc, index } = sample;
  const header = packet.slice(0, headerLength);
  const payload = packet.slice(headerLength);
  if (profile === "AEAD_AES_128_GCM") {
    const nonce = new Uint8Array(12);
    writeGcmRtpNonce(nonce, keys.salt, ssrc, index);
    return join(header, await subtleGcm(keys, nonce, header, payload));
  }
  const block = new Uint8Array(16);
  writeCmBlock(block, keys.salt, ssrc, index);
  const sealed = join(header, await subtleCm(keys, block, payload));
  return join(sealed, await subtleTag(keys, join(sealed, u32(Math.floor(index / 65536)))));
}

async function expectedRtcp(profile: SrtpProfile, keys: SessionKeys, sample: Sample): Promise<Bytes> {
  const { packet, ssrc, index } = sample;
  const word = u32(index + 0x80000000);
  const header = packet.slice(0, 8);
  if (profile === "AEAD_AES_128_GCM") {
    const nonce = new Uint8Array(12);
    writeGcmRtcpNonce(nonce, keys.salt, ssrc, index);
    return join(header, await subtleGcm(keys, nonce, join(header, word), packet.slice(8)), word);
  }
  const block = new Uint8Array(16);
  writeCmBlock(block, keys.salt, ssrc, index);
  const sealed = join(header, await subtleCm(keys, block, packet.slice(8)), word);
  return join(sealed, await subtleTag(keys, sealed));
}

for (const profile of PROFILES) {
  Deno.test(`seal and open agree with Web Crypto on random packets: ${profile}`, async () => {
    const seed = Math.floor(Math.random() * 0x7fffffff);
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const masterKey = new Uint8Array(SRTP_PARAMETERS[profile].keyLength);
    const masterSalt = new Uint8Array(SRTP_PARAMETERS[profile].saltLength);
    random.fill(masterKey);
    random.fill(masterSalt);
    const keys = derivePortableKeys(profile, masterKey, masterSalt);
    const cipher = portableCiphers().create(profile, masterKey, masterSalt);
    for (let i = 0; i < 150; i++) {
      const media = randomSample(random, 2 ** 48);
      const bytes = new Uint8Array(PACKET_CAPACITY);
      bytes.set(media.packet);
      const { headerLength, packet, ssrc, index } = media;
      const sealedLength = cipher.sealRtp(bytes, headerLength, packet.length, ssrc, index);
      assertEquals(bytes.slice(0, sealedLength), await expectedRtp(profile, keys.rtp, media), `seed ${seed}`);
      assertEquals(cipher.openRtp(bytes, headerLength, sealedLength, ssrc, index), packet.length);
      assertEquals(bytes.slice(0, packet.length), packet, `seed ${seed}`);

      const report = randomSample(random, 2 ** 31);
      bytes.set(report.packet);
      const sealedReport = cipher.sealRtcp(bytes, report.packet.length, report.ssrc, report.index);
      assertEquals(bytes.slice(0, sealedReport), await expectedRtcp(profile, keys.rtcp, report), `seed ${seed}`);
      assertEquals(cipher.openRtcp(bytes, sealedReport, report.ssrc, report.index), report.packet.length);
      assertEquals(bytes.slice(0, report.packet.length), report.packet, `seed ${seed}`);
    }
    cipher.close();
  });
}

Deno.test("close() wipes the session keys", () => {
  for (const profile of PROFILES) {
    const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
    const keys = derivePortableKeys(profile, new Uint8Array(keyLength), new Uint8Array(saltLength));
    createPortableCipher(profile, keys).close();
    for (const part of [keys.rtp, keys.rtcp]) {
      assert([...part.key, ...part.salt, ...part.authKey].every((byte) => byte === 0));
    }
  }
});
