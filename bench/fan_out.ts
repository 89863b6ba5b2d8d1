/**
 * What forwarding one packet to N subscribers costs without sockets: with ciphers that do nothing, which leaves our own
 * code, and with the portable ones. With sockets and against the limit of the machine: `seameet bench`.
 *
 * Run with `deno task bench`. Figures are for comparing within one run: machines differ and are shared.
 */
import { BenchRoom } from "../src/io/bench/bench_room.ts";
import { PublishedMedia } from "../src/io/bench/bench_media.ts";
import { portableCiphers } from "../src/io/portable_cipher.ts";
import type { CipherProvider, PacketCipher } from "../src/transport/cipher_provider.ts";

/** How many packets are forwarded for one figure, at least; enough for a second or so. */
const FORWARDED = 40_000;

/** Runs per figure; the fastest counts, since everything else on the machine only makes it slower. */
const ROUNDS = 3;

/** Encrypts nothing: what is left is our own code. */
const noCipher: PacketCipher = {
  sealRtp: (_bytes, _header, length) => length + 16,
  openRtp: (_bytes, _header, length) => length - 16,
  sealRtcp: (_bytes, length) => length + 20,
  openRtcp: (_bytes, length) => length - 20,
  close() {},
};
const noCiphers: CipherProvider = { name: "none", create: () => noCipher };

function measure(name: string, subscribers: number, ciphers: CipherProvider): void {
  const addressOf = (index: number) => ({ address: "192.0.2.1", port: 1_024 + index });
  const room = new BenchRoom({ rooms: 1, members: subscribers + 1, publishers: 1, ciphers, addressOf, now: 0 });
  const media = new PublishedMedia(0, ciphers);
  const packets = Math.max(50, Math.ceil(FORWARDED / subscribers));
  let [best, sent, now] = [Infinity, 0, 0];
  for (let round = 0; round <= ROUNDS; round++) {
    const inputs = Array.from({ length: packets }, () => {
      const packet = room.pool.acquire();
      media.write(packet, "video");
      return packet;
    });
    const start = performance.now();
    sent = 0;
    for (const packet of inputs) {
      room.publish(packet, 0, ++now);
      sent += room.discard();
    }
    // The first round warms up.
    if (round > 0) best = Math.min(best, performance.now() - start);
  }
  if (sent < packets * subscribers) throw new Error(`${name}: only ${sent} of ${packets * subscribers} were forwarded`);
  const perSecond = Math.round(sent / (best / 1_000)).toLocaleString("en").padStart(10);
  const micros = ((best * 1_000) / sent).toFixed(2).padStart(7);
  console.log(`${`${name}, 1 → ${subscribers}`.padEnd(34)} ${perSecond} packets/s per core  ${micros} µs each`);
}

if (import.meta.main) {
  for (const subscribers of [10, 100, 500, 1_000]) measure("own code only", subscribers, noCiphers);
  for (const subscribers of [10, 100, 500]) measure("portable ciphers", subscribers, portableCiphers());
}
