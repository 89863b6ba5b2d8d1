import { assert, assertEquals, assertThrows } from "@std/assert";
import { LIBSRTP_AES_CM, RFC3711_DERIVATION, RFC7714_AES_128_GCM } from "../../../tests/data/srtp_vectors.ts";
import { parseHex, writeU16, writeU32 } from "../../base/bytes.ts";
import { InvariantError } from "../../base/errors.ts";
import { PACKET_CAPACITY, PacketPool } from "../../base/packet_pool.ts";
import { seededRandom } from "../../base/random.ts";
import { type PacketCipher, SRTP_PARAMETERS, type SrtpProfile } from "../../transport/cipher_provider.ts";
import { SrtpFailure, SrtpSession } from "../../transport/srtp_session.ts";
import { portableCiphers } from "../portable_cipher.ts";
import { createNativeCipher, nativeCiphers } from "./libcrypto_cipher.ts";
import type { NativeLibraries } from "./library.ts";
import { nativeLibraries } from "./testing_native.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Random = ReturnType<typeof seededRandom>;

const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];
const MAX_PAYLOAD = 1_500;

function newRandom(): { random: Random; seed: number } {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  console.log(`seed ${seed}`);
  return { random: seededRandom(seed), seed };
}

function randomBytes(random: Random, length: number): Bytes {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

function load(digits: string): Bytes {
  const bytes = new Uint8Array(PACKET_CAPACITY);
  bytes.set(parseHex(digits)!);
  return bytes;
}

/** The same keys at both providers. */
function pair(libraries: NativeLibraries, profile: SrtpProfile, random: Random): [PacketCipher, PacketCipher] {
  const key = randomBytes(random, SRTP_PARAMETERS[profile].keyLength);
  const salt = randomBytes(random, SRTP_PARAMETERS[profile].saltLength);
  return [nativeCiphers(libraries).create(profile, key, salt), portableCiphers().create(profile, key, salt)];
}

/** Damages one bit of what the tag of the profile covers. */
function damage(random: Random, bytes: Bytes, length: number, indexAt: number): void {
  let at = below(random, length);
  // AES-GCM is told the index of RTCP and does not look at the copy in the packet.
  while (indexAt >= 0 && at >= indexAt && at < indexAt + 4) at = below(random, length);
  bytes[at]! ^= 1 << below(random, 8);
}

for (const libraries of nativeLibraries()) {
  for (const profile of PROFILES) {
    const { tagLength } = SRTP_PARAMETERS[profile];

    Deno.test(`sealRtp() and openRtp() do the same as portable for every payload length: ${profile}`, () => {
      const { random, seed } = newRandom();
      const [native, portable] = pair(libraries, profile, random);
      for (let payload = 0; payload <= MAX_PAYLOAD; payload++) {
        const header = 12 + 4 * below(random, 1 + ((PACKET_CAPACITY - MAX_PAYLOAD - tagLength - 12) >> 2));
        const plain = randomBytes(random, PACKET_CAPACITY);
        const ssrc = below(random, 2 ** 32);
        const index = below(random, 2 ** 48);
        const [ours, theirs] = [plain.slice(), plain.slice()];
        const hint = `seed ${seed}, ${payload} bytes behind ${header}`;
        const length = header + payload;
        assertEquals(native.sealRtp(ours, header, length, ssrc, index), length + tagLength, hint);
        portable.sealRtp(theirs, header, length, ssrc, index);
        assertEquals(ours, theirs, hint);
        const damaged = ours.slice();
        damage(random, damaged, length + tagLength, -1);
        const before = damaged.slice();
        assertEquals(native.openRtp(damaged, header, length + tagLength, ssrc, index), -1, hint);
        assertEquals(damaged, before, hint);
        assertEquals(portable.openRtp(ours, header, length + tagLength, ssrc, index), length, hint);
        assertEquals(native.openRtp(theirs, header, length + tagLength, ssrc, index), length, hint);
        assertEquals(theirs.subarray(0, length), plain.subarray(0, length), hint);
        assertEquals(ours.subarray(0, length), plain.subarray(0, length), hint);
      }
      native.close();
      portable.close();
    });

    Deno.test(`sealRtcp() and openRtcp() do the same as portable for every length: ${profile}`, () => {
      const { random, seed } = newRandom();
      const [native, portable] = pair(libraries, profile, random);
      const { rtcpIndexDistance } = SRTP_PARAMETERS[profile];
      for (let length = 8; length <= 8 + MAX_PAYLOAD; length++) {
        const plain = randomBytes(random, PACKET_CAPACITY);
        const ssrc = below(random, 2 ** 32);
        const index = below(random, 2 ** 31);
        const [ours, theirs] = [plain.slice(), plain.slice()];
        const hint = `seed ${seed}, ${length} bytes`;
        const sealed = length + tagLength + 4;
        assertEquals(native.sealRtcp(ours, length, ssrc, index), sealed, hint);
        portable.sealRtcp(theirs, length, ssrc, index);
        assertEquals(ours, theirs, hint);
        const damaged = ours.slice();
        damage(random, damaged, sealed, tagLength === 16 ? sealed - rtcpIndexDistance : -1);
        const before = damaged.slice();
        assertEquals(native.openRtcp(damaged, sealed, ssrc, index), -1, hint);
        assertEquals(damaged, before, hint);
        assertEquals(portable.openRtcp(ours, sealed, ssrc, index), length, hint);
        assertEquals(native.openRtcp(theirs, sealed, ssrc, index), length, hint);
        assertEquals(theirs.subarray(0, length), plain.subarray(0, length), hint);
        assertEquals(ours.subarray(0, length), plain.subarray(0, length), hint);
      }
      native.close();
      portable.close();
    });

    Deno.test(`a closed cipher is refused and may be closed again: ${profile}`, () => {
      const [native, portable] = pair(libraries, profile, seededRandom(1));
      portable.close();
      native.close();
      native.close();
      const bytes = new Uint8Array(PACKET_CAPACITY);
      for (const length of [12, 100]) {
        assertThrows(() => native.sealRtp(bytes, 12, length, 1, 1), InvariantError, "closed");
        assertThrows(() => native.openRtp(bytes, 12, length + tagLength, 1, 1), InvariantError, "closed");
        assertThrows(() => native.sealRtcp(bytes, length, 1, 1), InvariantError, "closed");
        assertThrows(() => native.openRtcp(bytes, length + tagLength + 4, 1, 1), InvariantError, "closed");
      }
    });

    Deno.test(`lengths that do not fit never reach libcrypto: ${profile}`, () => {
      const [native, portable] = pair(libraries, profile, seededRandom(1));
      portable.close();
      const bytes = new Uint8Array(100);
      for (
        const [header, length] of [[12, 101 - tagLength], [-1, 50], [51, 50], [12, 1e9], [0.5, 50], [12, NaN]] as const
      ) {
        assertThrows(() => native.sealRtp(bytes, header, length, 1, 1), InvariantError);
        assertThrows(() => native.openRtp(bytes, header, length + tagLength, 1, 1), InvariantError);
      }
      for (const length of [7, 97 - tagLength, -1, NaN]) {
        assertThrows(() => native.sealRtcp(bytes, length, 1, 1), InvariantError);
        assertThrows(() => native.openRtcp(bytes, length + tagLength + 4, 1, 1), InvariantError);
      }
      assertEquals(bytes, new Uint8Array(100));
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      assertThrows(() => native.sealRtp(bytes, 12, 50, 1, 1), InvariantError);
      native.close();
    });

    Deno.test(`create() refuses keys and salts of another length: ${profile}`, () => {
      const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
      for (const [key, salt] of [[keyLength - 1, saltLength], [keyLength, saltLength + 2], [0, 0]] as const) {
        const create = () => nativeCiphers(libraries).create(profile, new Uint8Array(key), new Uint8Array(salt));
        assertThrows(create, RangeError);
      }
    });

    Deno.test(`SrtpSession over libcrypto talks with one over node:crypto: ${profile}`, () => {
      const { random, seed } = newRandom();
      const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
      const keys = () => ({ masterKey: randomBytes(random, keyLength), masterSalt: randomBytes(random, saltLength) });
      const [a, b] = [keys(), keys()];
      const sessions = [
        new SrtpSession(profile, a, b, nativeCiphers(libraries)),
        new SrtpSession(profile, b, a, portableCiphers()),
      ] as const;
      const packet = new PacketPool().acquire();
      for (let i = 0; i < 2_000; i++) {
        const [from, to] = i % 2 === 0 ? sessions : [sessions[1], sessions[0]];
        const plain = randomBytes(random, 12 + below(random, 1_400));
        plain[0] = 0x80;
        writeU16(plain, 2, (65_000 + i) & 0xffff);
        writeU32(plain, 8, 7);
        packet.bytes.set(plain);
        packet.length = plain.length;
        const rtcp = i % 5 === 0;
        assert(rtcp ? from.protectRtcp(packet) : from.protectRtp(packet), `seed ${seed}`);
        const sealed = packet.bytes.slice(0, packet.length);
        assertEquals(rtcp ? to.unprotectRtcp(packet) : to.unprotectRtp(packet), 0, `seed ${seed}`);
        assertEquals(packet.bytes.slice(0, packet.length), plain, `seed ${seed}`);
        packet.bytes.set(sealed);
        packet.length = sealed.length;
        assertEquals(rtcp ? to.unprotectRtcp(packet) : to.unprotectRtp(packet), SrtpFailure.replay, `seed ${seed}`);
      }
      for (const session of sessions) session.close();
      assertEquals(sessions[0].unprotectRtp(packet), SrtpFailure.closed);
    });
  }

  Deno.test("AES-GCM of libcrypto gives the packets of RFC 7714", () => {
    const { key, salt, rtpPlain, rtpSealed, rtcpPlain, rtcpSealed, rtcpIndex } = RFC7714_AES_128_GCM;
    const keys = () => ({ key: parseHex(key)!, salt: parseHex(salt)!, authKey: new Uint8Array(0) });
    const cipher = createNativeCipher(libraries, "AEAD_AES_128_GCM", { rtp: keys(), rtcp: keys() });
    const media = load(rtpPlain);
    assertEquals(cipher.sealRtp(media, 12, 50, 0x5501a0b2, 0xf17b), 66);
    assertEquals(media, load(rtpSealed));
    assertEquals(cipher.openRtp(media, 12, 66, 0x5501a0b2, 0xf17b), 50);
    const report = load(rtcpPlain);
    assertEquals(
      cipher.sealRtcp(report, parseHex(rtcpPlain)!.length, 0x4d617273, rtcpIndex),
      parseHex(rtcpSealed)!.length,
    );
    assertEquals(report, load(rtcpSealed));
    cipher.close();
  });

  Deno.test("AES-CM of libcrypto gives the packets of libsrtp", () => {
    const { masterKey, masterSalt } = RFC3711_DERIVATION;
    const { plain, sealed, rtcpIndex, rtcpPlain, rtcpSealed } = LIBSRTP_AES_CM;
    const cipher = nativeCiphers(libraries).create(
      "AES_CM_128_HMAC_SHA1_80",
      parseHex(masterKey)!,
      parseHex(masterSalt)!,
    );
    const media = load(plain);
    assertEquals(cipher.sealRtp(media, 12, 28, 0xcafebabe, 0x1234), 38);
    assertEquals(media, load(sealed));
    const report = load(rtcpPlain);
    assertEquals(cipher.sealRtcp(report, 24, 0xcafebabe, rtcpIndex), 38);
    assertEquals(report, load(rtcpSealed));
    cipher.close();
  });
}
