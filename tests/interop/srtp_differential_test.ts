/** Our SRTP against werift's: what one seals the other opens, for both profiles, both directions, over wraps. */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { RtpPacket, SrtcpSession, SrtpSession as WeriftSession } from "werift";
import { writeU16, writeU32 } from "../../src/base/bytes.ts";
import { PacketPool, type PooledPacket } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import { portableCiphers } from "../../src/io/portable_cipher.ts";
import { SRTP_PARAMETERS, type SrtpProfile } from "../../src/transport/cipher_provider.ts";
import { type SrtpKeys, SrtpSession } from "../../src/transport/srtp_session.ts";

type Random = ReturnType<typeof seededRandom>;

/** werift's numbers of the profiles: those of RFC 5764 and RFC 7714. */
const WERIFT_PROFILES: Readonly<Record<SrtpProfile, number>> = {
  AEAD_AES_128_GCM: 7,
  AES_CM_128_HMAC_SHA1_80: 1,
};
const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];
const STARTS = [0, 1, 32767, 32768, 65534, 65535];
const PACKETS = 400;

/** How far packets are moved: werift's guess of the rollover counter stands 100, and needs some to spare. */
const MAX_DISORDER = 40;

const pool = new PacketPool();

interface Pair {
  readonly ours: SrtpSession;
  readonly theirs: WeriftSession;
  readonly theirRtcp: SrtcpSession;
}

function randomKeys(profile: SrtpProfile, random: Random): SrtpKeys {
  const masterKey = new Uint8Array(SRTP_PARAMETERS[profile].keyLength);
  const masterSalt = new Uint8Array(SRTP_PARAMETERS[profile].saltLength);
  random.fill(masterKey);
  random.fill(masterSalt);
  return { masterKey, masterSalt };
}

function pair(profile: SrtpProfile, random: Random): Pair {
  const local = randomKeys(profile, random);
  const remote = randomKeys(profile, random);
  const config = {
    profile: WERIFT_PROFILES[profile],
    keys: {
      localMasterKey: Buffer.from(remote.masterKey),
      localMasterSalt: Buffer.from(remote.masterSalt),
      remoteMasterKey: Buffer.from(local.masterKey),
      remoteMasterSalt: Buffer.from(local.masterSalt),
    },
  };
  return {
    ours: new SrtpSession(profile, local, remote, portableCiphers()),
    theirs: new WeriftSession(config),
    theirRtcp: new SrtcpSession(config),
  };
}

/** A valid RTP packet with random CSRCs, one-byte header extension, padding and payload. */
function randomRtp(random: Random, ssrc: number, sequenceNumber: number): Uint8Array<ArrayBuffer> {
  const below = (limit: number) => Math.floor(random.next() * limit);
  const csrcs = random.next() < 0.3 ? below(16) : 0;
  const extensionWords = random.next() < 0.6 ? below(8) : -1;
  const padding = random.next() < 0.2 ? 1 + below(255) : 0;
  const payload = random.next() < 0.1 ? 0 : below(900);
  const headerLength = 12 + 4 * csrcs + (extensionWords < 0 ? 0 : 4 + 4 * extensionWords);
  const bytes = new Uint8Array(headerLength + payload + padding);
  random.fill(bytes);
  bytes[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensionWords >= 0 ? 0x10 : 0) | csrcs;
  writeU16(bytes, 2, sequenceNumber);
  writeU32(bytes, 8, ssrc);
  if (extensionWords >= 0) {
    const at = 12 + 4 * csrcs;
    writeU16(bytes, at, 0xbede);
    writeU16(bytes, at + 2, extensionWords);
    // Elements of four bytes, so that werift writes the block again byte for byte.
    for (let word = 0; word < extensionWords; word++) bytes[at + 4 + 4 * word] = ((word + 1) << 4) | 2;
  }
  if (padding > 0) bytes[bytes.length - 1] = padding;
  return bytes;
}

function randomRtcp(random: Random, ssrc: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + 4 * Math.floor(random.next() * 60));
  random.fill(bytes);
  bytes[0] = 0x80 | (bytes[0]! & 0x1f);
  bytes[1] = 200 + Math.floor(random.next() * 7);
  writeU16(bytes, 2, bytes.length / 4 - 1);
  writeU32(bytes, 4, ssrc);
  return bytes;
}

function load(bytes: Uint8Array): PooledPacket {
  const packet = pool.acquire();
  packet.bytes.set(bytes);
  packet.length = bytes.length;
  return packet;
}

function content(packet: PooledPacket): Uint8Array<ArrayBuffer> {
  return packet.bytes.slice(0, packet.length);
}

/** Moves each packet a little, keeping the first in its place: it says where a stream begins. */
function disorder<T>(random: Random, packets: readonly T[]): T[] {
  const [first, ...rest] = packets.map((packet, i) => ({ packet, at: i + random.next() * MAX_DISORDER }));
  return [first!.packet, ...rest.sort((a, b) => a.at - b.at).map((entry) => entry.packet)];
}

function newSeed(): number {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  console.log(`seed ${seed}`);
  return seed;
}

for (const profile of PROFILES) {
  Deno.test(`protectRtp() is understood by werift, wraps and disorder included: ${profile}`, () => {
    const seed = newSeed();
    const random = seededRandom(seed);
    for (const start of STARTS) {
      const { ours, theirs } = pair(profile, random);
      const plain = Array.from({ length: PACKETS }, (_, i) => randomRtp(random, 0xfedcba98, (start + i) & 0xffff));
      for (const bytes of disorder(random, plain)) {
        const packet = load(bytes);
        assert(ours.protectRtp(packet), `seed ${seed}`);
        assertEquals(Uint8Array.from(theirs.decrypt(Buffer.from(content(packet)))), bytes, `seed ${seed}`);
        packet.release();
      }
    }
  });

  Deno.test(`unprotectRtp() understands werift, wraps and disorder included: ${profile}`, () => {
    const seed = newSeed();
    const random = seededRandom(seed);
    for (const start of STARTS) {
      const { ours, theirs } = pair(profile, random);
      const sealed = Array.from({ length: PACKETS }, (_, i) => {
        const plain = randomRtp(random, 0x89abcdef, (start + i) & 0xffff);
        const { header } = RtpPacket.deSerialize(Buffer.from(plain));
        const payload = Buffer.from(plain.subarray(header.payloadOffset));
        return { plain, packet: load(theirs.encrypt(payload, header)) };
      });
      for (const { plain, packet } of disorder(random, sealed)) {
        assertEquals(ours.unprotectRtp(packet), 0, `seed ${seed}`);
        assertEquals(content(packet), plain, `seed ${seed}`);
        packet.release();
      }
    }
  });

  Deno.test(`protectRtcp() and unprotectRtcp() agree with werift: ${profile}`, () => {
    const seed = newSeed();
    const random = seededRandom(seed);
    const { ours, theirRtcp } = pair(profile, random);
    for (let i = 0; i < PACKETS; i++) {
      const ssrc = i % 3 === 0 ? 1 : 0xfffffffe;
      const outgoing = randomRtcp(random, ssrc);
      const sent = load(outgoing);
      assert(ours.protectRtcp(sent), `seed ${seed}`);
      assertEquals(Uint8Array.from(theirRtcp.decrypt(Buffer.from(content(sent)))), outgoing, `seed ${seed}`);
      sent.release();

      const incoming = randomRtcp(random, ssrc);
      const received = load(theirRtcp.encrypt(Buffer.from(incoming)));
      assertEquals(ours.unprotectRtcp(received), 0, `seed ${seed}`);
      assertEquals(content(received), incoming, `seed ${seed}`);
      received.release();
    }
  });
}
