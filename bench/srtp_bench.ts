/** What SRTP costs per packet: `deno bench -A bench/srtp_bench.ts`. */

import { writeU16, writeU32 } from "../src/base/bytes.ts";
import { PacketPool, type PooledPacket } from "../src/base/packet_pool.ts";
import { portableCiphers } from "../src/io/portable_cipher.ts";
import { type CipherProvider, SRTP_PARAMETERS, type SrtpProfile } from "../src/transport/cipher_provider.ts";
import { ReplayWindow } from "../src/transport/srtp_replay.ts";
import { SrtpSession } from "../src/transport/srtp_session.ts";

const PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];

/** Plain bytes of a video and of an audio packet, header included. */
const LENGTHS = { video: 1_120, audio: 100 } as const;

/** Sealed packets per measured call when opening: each can be opened once only. */
const BATCH = 1_000;

const pool = new PacketPool();

function fill(packet: PooledPacket, sequenceNumber: number, length: number): PooledPacket {
  packet.bytes[0] = 0x80;
  writeU16(packet.bytes, 2, sequenceNumber);
  writeU32(packet.bytes, 8, 0xdeadbeef);
  packet.length = length;
  return packet;
}

function session(profile: SrtpProfile, ciphers: CipherProvider): SrtpSession {
  const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
  const keys = { masterKey: new Uint8Array(keyLength).fill(3), masterSalt: new Uint8Array(saltLength).fill(4) };
  return new SrtpSession(profile, keys, keys, ciphers);
}

/** Does nothing, so that what remains is our own code: header, index, window, map. */
const noCiphers: CipherProvider = {
  name: "none",
  create: (profile) => ({
    sealRtp: (_bytes, _headerLength, length) => length + SRTP_PARAMETERS[profile].tagLength,
    openRtp: (_bytes, _headerLength, length) => length - SRTP_PARAMETERS[profile].tagLength,
    sealRtcp: (_bytes, length) => length + SRTP_PARAMETERS[profile].tagLength + 4,
    openRtcp: (_bytes, length) => length - SRTP_PARAMETERS[profile].tagLength - 4,
    close() {},
  }),
};

for (const profile of PROFILES) {
  for (const [kind, length] of Object.entries(LENGTHS)) {
    const sender = session(profile, portableCiphers());
    const packet = pool.acquire();
    let sequenceNumber = 0;
    Deno.bench(`protectRtp ${kind} ${profile}`, { group: `protect ${kind}` }, () => {
      sender.protectRtp(fill(packet, sequenceNumber++, length));
    });

    const sealed = Array.from({ length: BATCH }, (_, i) => fill(pool.acquire(), i, length));
    const batchSender = session(profile, portableCiphers());
    for (const each of sealed) batchSender.protectRtp(each);
    const sealedLength = sealed[0]!.length;
    const copies = sealed.map(() => pool.acquire());
    Deno.bench(`unprotectRtp ${kind} ${profile}, ${BATCH} packets`, { group: `unprotect ${kind}` }, (b) => {
      const receiver = session(profile, portableCiphers());
      copies.forEach((copy, i) => {
        copy.bytes.set(sealed[i]!.bytes);
        copy.length = sealedLength;
      });
      b.start();
      for (const copy of copies) receiver.unprotectRtp(copy);
      b.end();
      receiver.close();
    });
  }
}

{
  const sender = session("AEAD_AES_128_GCM", noCiphers);
  const packet = pool.acquire();
  let sequenceNumber = 0;
  Deno.bench("protectRtp without a cipher", { group: "own code" }, () => {
    sender.protectRtp(fill(packet, sequenceNumber++, LENGTHS.video));
  });

  const window = new ReplayWindow();
  let index = 0;
  Deno.bench("ReplayWindow isFresh and add", { group: "own code" }, () => {
    if (window.isFresh(index)) window.add(index++);
  });
}
