import { distance16 } from "../base/sequence.ts";
import type { Millis } from "../base/time.ts";

/**
 * Packets remembered until feedback about them comes, a power of two: three seconds at 6 Mbit/s, and feedback is never
 * that late. 24 kB per receiver.
 */
const WINDOW = 2_048;

const UNKNOWN = 0;
const SENT = 1;
const RECEIVED = 2;
const LOST = 3;

/** What a feedback's statement about one packet changed. */
export type Verdict = "received" | "late" | "lost" | "nothing";

/**
 * Remembers what was sent under which transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * Arrays of fixed size; `add` and the verdicts allocate nothing.
 */
export class SentPackets {
  readonly #sentAt = new Float64Array(WINDOW);
  readonly #bytes = new Uint16Array(WINDOW);
  readonly #states = new Uint8Array(WINDOW);
  readonly #probes = new Uint8Array(WINDOW);
  /** Counts all packets; its low 16 bits are on the wire. */
  #next = 0;

  /** How many packets have been added. */
  get count(): number {
    return this.#next;
  }

  /** Notes a packet of `bytes` that leaves now, as part of probe `probe` (1 … 255) or of none (0); returns its 16-bit number. */
  add(bytes: number, probe: number, now: Millis): number {
    const slot = this.#next & (WINDOW - 1);
    this.#sentAt[slot] = now;
    this.#bytes[slot] = bytes;
    this.#states[slot] = SENT;
    this.#probes[slot] = probe;
    return this.#next++ & 0xffff;
  }

  /** The count of a packet that feedback names, or -1 when it was never sent or is forgotten. */
  find(sequenceNumber: number): number {
    if (this.#next === 0) return -1;
    const newest = this.#next - 1;
    const index = newest + distance16(newest & 0xffff, sequenceNumber);
    if (index < 0 || index > newest || index <= newest - WINDOW) return -1;
    return this.#states[index & (WINDOW - 1)] === UNKNOWN ? -1 : index;
  }

  /** Takes note that a packet arrived; `late` when it was reported lost before. */
  received(index: number): Verdict {
    const slot = index & (WINDOW - 1);
    const state = this.#states[slot];
    if (state === RECEIVED) return "nothing";
    this.#states[slot] = RECEIVED;
    return state === LOST ? "late" : "received";
  }

  /** Takes note that a packet had not arrived when later ones had. */
  missing(index: number): Verdict {
    const slot = index & (WINDOW - 1);
    if (this.#states[slot] !== SENT) return "nothing";
    this.#states[slot] = LOST;
    return "lost";
  }

  /** When the packet left. */
  sentAt(index: number): Millis {
    return this.#sentAt[index & (WINDOW - 1)]!;
  }

  /** Its size. */
  bytes(index: number): number {
    return this.#bytes[index & (WINDOW - 1)]!;
  }

  /** The probe it belongs to, 0 for none. */
  probe(index: number): number {
    return this.#probes[index & (WINDOW - 1)]!;
  }
}
