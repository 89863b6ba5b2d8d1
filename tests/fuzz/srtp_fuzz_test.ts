/**
 * Damaged SRTP and SRTCP must never throw, never be accepted, and never leave a trace: a session that has seen
 * them behaves like one that has not.
 */

import { assert, assertEquals } from "@std/assert";
import { toHex, writeU16, writeU32 } from "../../src/base/bytes.ts";
import { PacketPool, type PooledPacket } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import { portableCiphers } from "../../src/io/portable_cipher.ts";
import { SRTP_PARAMETERS, type SrtpProfile } from "../../src/transport/cipher_provider.ts";
import { SrtpFailure, SrtpSession } from "../../src/transport/srtp_session.ts";
import { below, inputCount, mutate, seed } from "./harness.ts";

const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];
const FAILURES: ReadonlySet<number> = new Set(Object.values(SrtpFailure));
const pool = new PacketPool();

function session(profile: SrtpProfile): SrtpSession {
  const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
  const keys = { masterKey: new Uint8Array(keyLength).fill(3), masterSalt: new Uint8Array(saltLength).fill(4) };
  return new SrtpSession(profile, keys, keys, portableCiphers());
}

function load(bytes: Uint8Array): PooledPacket {
  const packet = pool.acquire();
  packet.length = Math.min(bytes.length, packet.bytes.length);
  packet.bytes.set(bytes.subarray(0, packet.length));
  return packet;
}

function content(packet: PooledPacket): string {
  return toHex(packet.bytes.subarray(0, packet.length));
}

function plainRtp(random: ReturnType<typeof seededRandom>, sequenceNumber: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(24 + below(random, 200));
  random.fill(bytes);
  bytes[0] = 0x91;
  writeU16(bytes, 2, sequenceNumber);
  writeU32(bytes, 8, 1 + below(random, 3));
  writeU16(bytes, 18, 1);
  return bytes;
}

function plainRtcp(random: ReturnType<typeof seededRandom>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + 4 * below(random, 30));
  random.fill(bytes);
  bytes[0] = 0x80;
  bytes[1] = 201;
  writeU32(bytes, 4, 1 + below(random, 3));
  return bytes;
}

/** Gives the damaged bytes to a session; they must be refused and left as they are, unless nothing was damaged. */
function refuse(bytes: Uint8Array, genuine: string, unprotect: (packet: PooledPacket) => number): void {
  const packet = load(bytes);
  const before = content(packet);
  if (before !== genuine) {
    const outcome = unprotect(packet);
    assert(FAILURES.has(outcome), `accepted ${before} (FUZZ_SEED=${seed()})`);
    assertEquals(content(packet), before, `FUZZ_SEED=${seed()}`);
  }
  packet.release();
}

for (const profile of PROFILES) {
  Deno.test(`unprotectRtp() and unprotectRtcp() refuse damaged packets without a trace: ${profile}`, () => {
    const random = seededRandom(seed());
    const sender = session(profile);
    const attacked = session(profile);
    const quiet = session(profile);
    let sequenceNumber = 65_000;
    for (let i = 0; i < inputCount(); i++) {
      sequenceNumber = (sequenceNumber + 1 + below(random, 3)) & 0xffff;
      const isRtp = random.next() < 0.6;
      const packet = load(isRtp ? plainRtp(random, sequenceNumber) : plainRtcp(random));
      const plain = content(packet);
      assert(isRtp ? sender.protectRtp(packet) : sender.protectRtcp(packet));
      const unprotect = (target: SrtpSession, into: PooledPacket) =>
        isRtp ? target.unprotectRtp(into) : target.unprotectRtcp(into);
      const genuine = packet.bytes.slice(0, packet.length);
      refuse(mutate(genuine, random), toHex(genuine), (damaged) => unprotect(attacked, damaged));
      refuse(genuine, "", (wrongKind) => isRtp ? attacked.unprotectRtcp(wrongKind) : attacked.unprotectRtp(wrongKind));

      for (const target of [attacked, quiet]) {
        const received = load(genuine);
        assertEquals(unprotect(target, received), 0, `FUZZ_SEED=${seed()}`);
        assertEquals(content(received), plain, `FUZZ_SEED=${seed()}`);
        received.bytes.set(genuine);
        received.length = genuine.length;
        assertEquals(unprotect(target, received), SrtpFailure.replay, `FUZZ_SEED=${seed()}`);
        received.release();
      }
      packet.release();
    }
  });

  Deno.test(`protect and unprotect take any bytes: ${profile}`, () => {
    const random = seededRandom(seed() + 1);
    const target = session(profile);
    for (let i = 0; i < inputCount(); i++) {
      const bytes = new Uint8Array(below(random, random.next() < 0.5 ? 40 : 1_700));
      random.fill(bytes);
      if (bytes.length > 0 && random.next() < 0.8) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
      refuse(bytes, "", (packet) => target.unprotectRtp(packet));
      refuse(bytes, "", (packet) => target.unprotectRtcp(packet));
      for (const protect of [target.protectRtp, target.protectRtcp]) {
        const packet = load(bytes);
        const before = content(packet);
        if (!protect.call(target, packet)) assertEquals(content(packet), before);
        assert(packet.length <= packet.bytes.length);
        packet.release();
      }
    }
    assertEquals(pool.inUse, 0);
  });
}
