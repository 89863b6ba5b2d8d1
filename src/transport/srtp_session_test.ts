import { assert, assertEquals } from "@std/assert";
import { writeU16, writeU32 } from "../base/bytes.ts";
import { PACKET_CAPACITY, PacketPool, type PooledPacket } from "../base/packet_pool.ts";
import { type CipherProvider, SRTP_PARAMETERS, type SrtpProfile } from "./cipher_provider.ts";
import { MAX_LOCAL_SSRCS, MAX_REMOTE_SSRCS, SrtpFailure, SrtpSession } from "./srtp_session.ts";

const EDGES = [0, 1, 32767, 32768, 65534, 65535];
const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];
const pool = new PacketPool();

/** Lays packets out like the real ciphers; the tag is a checksum over key, SSRC, index and packet, nothing is encrypted. */
const checksumCiphers: CipherProvider = {
  name: "checksum",
  create(profile, masterKey) {
    const { tagLength, rtcpIndexDistance } = SRTP_PARAMETERS[profile];
    const checksum = (bytes: Uint8Array, length: number, ssrc: number, index: number): number => {
      let sum = masterKey[0]! + ssrc * 31 + index * 7;
      for (let i = 0; i < length; i++) sum = (sum * 33 + bytes[i]!) % 0xfffffffb;
      return sum % 0xfffffffb;
    };
    const seal = (bytes: Uint8Array, length: number, tagOffset: number, ssrc: number, index: number): void => {
      bytes.fill(0, tagOffset, tagOffset + tagLength);
      writeU32(bytes, tagOffset, checksum(bytes, length, ssrc, index));
    };
    const matches = (bytes: Uint8Array, length: number, tagOffset: number, ssrc: number, index: number): boolean => {
      const expected = new Uint8Array(4);
      writeU32(expected, 0, checksum(bytes, length, ssrc, index));
      return expected.every((byte, i) => bytes[tagOffset + i] === byte);
    };
    return {
      sealRtp(bytes, _headerLength, length, ssrc, index) {
        seal(bytes, length, length, ssrc, index);
        return length + tagLength;
      },
      openRtp(bytes, _headerLength, length, ssrc, index) {
        const end = length - tagLength;
        return matches(bytes, end, end, ssrc, index) ? end : -1;
      },
      sealRtcp(bytes, length, ssrc, index) {
        const end = length + tagLength + 4;
        seal(bytes, length, rtcpIndexDistance === 4 ? length : length + 4, ssrc, index);
        writeU32(bytes, end - rtcpIndexDistance, 0x80000000 + index);
        return end;
      },
      openRtcp(bytes, length, ssrc, index) {
        const end = length - tagLength - 4;
        return matches(bytes, end, rtcpIndexDistance === 4 ? end : end + 4, ssrc, index) ? end : -1;
      },
      close() {},
    };
  },
};

function sessions(profile: SrtpProfile): { alice: SrtpSession; bob: SrtpSession } {
  const a = { masterKey: new Uint8Array(16).fill(1), masterSalt: new Uint8Array(14) };
  const b = { masterKey: new Uint8Array(16).fill(2), masterSalt: new Uint8Array(14) };
  return {
    alice: new SrtpSession(profile, a, b, checksumCiphers),
    bob: new SrtpSession(profile, b, a, checksumCiphers),
  };
}

function rtp(sequenceNumber: number, ssrc = 0xdeadbeef, payloadLength = 20): PooledPacket {
  const packet = pool.acquire();
  packet.bytes.fill(0x55);
  packet.bytes[0] = 0x80;
  writeU16(packet.bytes, 2, sequenceNumber);
  writeU32(packet.bytes, 8, ssrc);
  packet.length = 12 + payloadLength;
  return packet;
}

function rtcp(ssrc = 0xdeadbeef): PooledPacket {
  const packet = pool.acquire();
  packet.bytes.fill(0x66);
  packet.bytes[0] = 0x80;
  packet.bytes[1] = 201;
  writeU32(packet.bytes, 4, ssrc);
  packet.length = 32;
  return packet;
}

function copy(packet: PooledPacket): PooledPacket {
  const other = pool.acquire();
  other.bytes.set(packet.bytes);
  other.length = packet.length;
  return other;
}

function sealed(session: SrtpSession, packet: PooledPacket): PooledPacket {
  assert(session.protectRtp(packet));
  return packet;
}

for (const profile of PROFILES) {
  Deno.test(`protectRtp() and unprotectRtp() agree over wraps from every start: ${profile}`, () => {
    for (const start of EDGES) {
      const { alice, bob } = sessions(profile);
      for (let i = 0; i < 150_000; i += i % 1000 === 0 ? 1 : 333) {
        const packet = sealed(alice, rtp((start + i) & 0xffff));
        assertEquals(bob.unprotectRtp(packet), 0, `${start} ${i}`);
        assertEquals(packet.length, 32);
        packet.release();
      }
    }
  });

  Deno.test(`protectRtp() sends late packets around a wrap, unprotectRtp() takes them: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    for (const number of [65000, 65533, 65535, 1, 65534, 0, 65532, 3, 2, 65001, 64990]) {
      assertEquals(bob.unprotectRtp(sealed(alice, rtp(number))), 0, `${number}`);
    }
  });

  Deno.test(`unprotectRtp() takes packets in another order than they were sent: ${profile}`, () => {
    for (const start of EDGES) {
      const { alice, bob } = sessions(profile);
      const packets = Array.from({ length: 600 }, (_, i) => sealed(alice, rtp((start + i) & 0xffff)));
      const [first, ...rest] = packets;
      assertEquals(bob.unprotectRtp(first!), 0);
      for (const packet of rest.reverse()) assertEquals(bob.unprotectRtp(packet), 0);
    }
  });

  Deno.test(`unprotectRtp() refuses duplicates and what is older than the window: ${profile}`, () => {
    for (const start of EDGES) {
      const { alice, bob } = sessions(profile);
      const packets = Array.from({ length: 1100 }, (_, i) => sealed(alice, rtp((start + i) & 0xffff)));
      const held = packets.splice(10, 1)[0]!;
      for (const packet of packets) {
        const duplicate = copy(packet);
        assertEquals(bob.unprotectRtp(packet), 0);
        assertEquals(bob.unprotectRtp(duplicate), SrtpFailure.replay);
        packet.release();
        duplicate.release();
      }
      assertEquals(bob.unprotectRtp(held), SrtpFailure.replay);
    }
  });

  Deno.test(`unprotectRtp() changes nothing for a forged packet: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    for (let number = 0; number < 40; number++) {
      const genuine = sealed(alice, rtp(number));
      const duplicate = copy(genuine);
      for (const forgedNumber of [number, number + 1, number + 500, number + 30000, number + 40000]) {
        const forged = copy(genuine);
        writeU16(forged.bytes, 2, forgedNumber);
        forged.bytes[14]! ^= 1;
        const before = forged.bytes.slice();
        assertEquals(bob.unprotectRtp(forged), SrtpFailure.authentication);
        assertEquals(forged.bytes, before);
        assertEquals(forged.length, genuine.length);
        forged.release();
      }
      assertEquals(bob.unprotectRtp(genuine), 0);
      assertEquals(bob.unprotectRtp(duplicate), SrtpFailure.replay);
    }
  });

  Deno.test(`unprotectRtp() creates state for authentic packets only, up to the limit: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    for (let ssrc = 1; ssrc <= 3 * MAX_REMOTE_SSRCS; ssrc++) {
      assertEquals(bob.unprotectRtp(rtp(1, ssrc, 40)), SrtpFailure.authentication);
    }
    for (let ssrc = 1; ssrc <= MAX_REMOTE_SSRCS; ssrc++) {
      assertEquals(bob.unprotectRtp(sealed(alice, rtp(1, ssrc))), 0);
    }
    const extra = sealed(alice, rtp(1, 0xffffffff));
    assertEquals(bob.unprotectRtp(extra), SrtpFailure.tooManySsrcs);
    assertEquals(extra.length, 32 + SRTP_PARAMETERS[profile].tagLength);
    assertEquals(bob.unprotectRtp(sealed(alice, rtp(2, 1))), 0);
  });

  Deno.test(`protectRtp() refuses an index that was sent, an old one, and one SSRC too many: ${profile}`, () => {
    const { alice } = sessions(profile);
    for (const number of [65535, 0, 1]) sealed(alice, rtp(number));
    const again = rtp(65535);
    const before = again.bytes.slice();
    assert(!alice.protectRtp(again));
    assertEquals(again.bytes, before);
    assertEquals(again.length, 32);
    sealed(alice, rtp(2000));
    assert(!alice.protectRtp(rtp(900)));
    for (let ssrc = 2; ssrc <= MAX_LOCAL_SSRCS; ssrc++) sealed(alice, rtp(0, ssrc));
    assert(!alice.protectRtp(rtp(0, MAX_LOCAL_SSRCS + 1)));
    sealed(alice, rtp(2001));
  });

  Deno.test(`protectRtp() and protectRtcp() refuse what does not fit or is malformed: ${profile}`, () => {
    const { alice } = sessions(profile);
    const { tagLength } = SRTP_PARAMETERS[profile];
    assert(!alice.protectRtp(rtp(0, 1, PACKET_CAPACITY - 12 - tagLength + 1)));
    assert(alice.protectRtp(rtp(0, 1, PACKET_CAPACITY - 12 - tagLength)));
    assert(alice.protectRtp(rtp(1, 1, 0)));
    const report = rtcp();
    report.length = PACKET_CAPACITY - tagLength - 3;
    assert(!alice.protectRtcp(report));
    report.length--;
    assert(alice.protectRtcp(report));
    assertEquals(report.length, PACKET_CAPACITY);
    const shortRtcp = rtcp();
    shortRtcp.length = 7;
    assert(!alice.protectRtcp(shortRtcp));
    for (const change of [[0, 0x40], [0, 0xc0], [0, 0x8f], [0, 0x90]] as const) {
      const packet = rtp(5, 1, 20);
      packet.bytes[change[0]] = change[1];
      packet.bytes[14] = 0xff;
      assert(!alice.protectRtp(packet), change.join());
    }
  });

  Deno.test(`unprotectRtp() answers malformed for headers that do not fit: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    const good = sealed(alice, rtp(5));
    for (let length = 0; length < 12 + SRTP_PARAMETERS[profile].tagLength; length++) {
      const packet = copy(good);
      packet.length = length;
      assertEquals(bob.unprotectRtp(packet), SrtpFailure.malformed);
      assertEquals(bob.unprotectRtcp(packet), SrtpFailure.malformed);
    }
    for (const first of [0x00, 0x40, 0xc0, 0x86, 0x95]) {
      const packet = copy(good);
      packet.bytes[0] = first;
      assertEquals(bob.unprotectRtp(packet), SrtpFailure.malformed, `${first}`);
    }
    const packet = copy(good);
    packet.length = PACKET_CAPACITY + 1;
    assertEquals(bob.unprotectRtp(packet), SrtpFailure.malformed);
    assertEquals(bob.unprotectRtcp(packet), SrtpFailure.malformed);
  });

  Deno.test(`protectRtcp() counts per SSRC, unprotectRtcp() refuses duplicates and old ones: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    const packets = Array.from({ length: 1100 }, () => rtcp());
    for (const packet of packets) assert(alice.protectRtcp(packet));
    const other = rtcp(7);
    assert(alice.protectRtcp(other));
    const distance = SRTP_PARAMETERS[profile].rtcpIndexDistance;
    assertEquals([...other.bytes.subarray(other.length - distance, other.length - distance + 4)], [0x80, 0, 0, 0]);
    const held = packets.splice(10, 1)[0]!;
    for (const packet of packets) {
      const duplicate = copy(packet);
      assertEquals(bob.unprotectRtcp(packet), 0);
      assertEquals(packet.length, 32);
      assertEquals(bob.unprotectRtcp(duplicate), SrtpFailure.replay);
    }
    assertEquals(bob.unprotectRtcp(held), SrtpFailure.replay);
    assertEquals(bob.unprotectRtcp(other), 0);
  });

  Deno.test(`unprotectRtcp() refuses forged packets, unencrypted ones and one SSRC too many: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    const distance = SRTP_PARAMETERS[profile].rtcpIndexDistance;
    const genuine = rtcp();
    assert(alice.protectRtcp(genuine));
    for (let index = 0; index < 3_000; index += 100) {
      const forged = copy(genuine);
      writeU32(forged.bytes, forged.length - distance, 0x80000000 + index);
      forged.bytes[20]! ^= 1;
      assertEquals(bob.unprotectRtcp(forged), SrtpFailure.authentication);
    }
    const clear = copy(genuine);
    clear.bytes[clear.length - distance] = 0;
    assertEquals(bob.unprotectRtcp(clear), SrtpFailure.malformed);
    assertEquals(bob.unprotectRtcp(genuine), 0);
    for (let ssrc = 1; ssrc <= MAX_REMOTE_SSRCS; ssrc++) {
      const packet = rtcp(ssrc);
      assert(alice.protectRtcp(packet));
      const expected = ssrc < MAX_REMOTE_SSRCS ? 0 : SrtpFailure.tooManySsrcs;
      assertEquals(bob.unprotectRtcp(packet), expected);
    }
    for (let ssrc = MAX_REMOTE_SSRCS + 1; ssrc < MAX_LOCAL_SSRCS; ssrc++) assert(alice.protectRtcp(rtcp(ssrc)));
    assert(!alice.protectRtcp(rtcp(MAX_LOCAL_SSRCS)));
    assert(alice.protectRtcp(rtcp()));
  });

  Deno.test(`close() refuses everything after it, any number of times: ${profile}`, () => {
    const { alice, bob } = sessions(profile);
    const media = sealed(alice, rtp(1));
    const report = rtcp();
    assert(alice.protectRtcp(report));
    alice.close();
    alice.close();
    bob.close();
    assert(!alice.protectRtp(rtp(2)));
    assert(!alice.protectRtcp(rtcp()));
    assertEquals(bob.unprotectRtp(media), SrtpFailure.closed);
    assertEquals(bob.unprotectRtcp(report), SrtpFailure.closed);
  });
}
