import { assert, assertEquals } from "@std/assert";
import { writeU16, writeU24 } from "../base/bytes.ts";
import { seededRandom } from "../base/random.ts";
import {
  handshakeBytes,
  type HandshakeMessage,
  HandshakeReassembler,
  handshakeRecord,
  MAX_HANDSHAKE_LENGTH,
  parseCertificates,
  parseDtlsRecords,
} from "./dtls_handshake.ts";

function message(sequence: number, length: number, type = 11): HandshakeMessage {
  return { type, sequence, body: Uint8Array.from({ length }, (_, i) => i * 31 + sequence) };
}

function fragment({ type, sequence, body }: HandshakeMessage, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(12 + to - from);
  bytes[0] = type;
  writeU24(bytes, 1, body.length);
  writeU16(bytes, 4, sequence);
  writeU24(bytes, 6, from);
  writeU24(bytes, 9, to - from);
  bytes.set(body.subarray(from, to), 12);
  return bytes;
}

Deno.test("parseDtlsRecords() reads what handshakeRecord() writes, several in a datagram", () => {
  const [a, b] = [message(0, 5), message(1, 0, 14)];
  const datagram = Uint8Array.from([...handshakeRecord(a, 7), ...handshakeRecord(b, 8), 22, 254, 253]);
  const records = parseDtlsRecords(datagram);
  assertEquals(records.map(({ contentType, epoch }) => [contentType, epoch]), [[22, 0], [22, 0]]);
  const inbox = new HandshakeReassembler();
  assertEquals(records.flatMap(({ payload }) => inbox.add(payload)), [a, b]);
  assertEquals(inbox.pendingBytes, 0);
});

Deno.test("parseDtlsRecords() stops at what is malformed and reads a bounded number of records", () => {
  const record = handshakeRecord(message(0, 5));
  for (let length = 0; length < record.length; length++) assertEquals(parseDtlsRecords(record.subarray(0, length)), []);
  for (const [at, value] of [[0, 19], [0, 24], [0, 0x2c], [1, 3]] as const) {
    const changed = record.slice();
    changed[at] = value;
    assertEquals(parseDtlsRecords(changed), []);
  }
  const empty = Uint8Array.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(parseDtlsRecords(Uint8Array.from(Array.from({ length: 200 }, () => [...empty]).flat())).length, 32);
});

Deno.test("HandshakeReassembler.add() puts messages together from any cut, order and repetition", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round++) {
    const sent = message(round, 1 + Math.floor(random.next() * 300));
    const inbox = new HandshakeReassembler();
    let complete: HandshakeMessage[] = [];
    for (let tries = 0; complete.length === 0; tries++) {
      assert(tries < 10_000);
      const from = Math.floor(random.next() * sent.body.length);
      const to = from + 1 + Math.floor(random.next() * (sent.body.length - from));
      complete = inbox.add(fragment(sent, from, to));
    }
    assertEquals(complete, [sent]);
    assertEquals(inbox.pendingBytes, 0);
  }
});

Deno.test("HandshakeReassembler.add() keeps fragments of several messages apart", () => {
  const inbox = new HandshakeReassembler();
  const [a, b] = [message(3, 20), message(4, 20)];
  assertEquals(inbox.add(Uint8Array.from([...fragment(b, 10, 20), ...fragment(a, 0, 10)])), []);
  assertEquals(inbox.add(Uint8Array.from([...fragment(a, 10, 20), ...fragment(b, 0, 10)])), [a, b]);
});

Deno.test("HandshakeReassembler holds a bounded number of bytes", () => {
  const inbox = new HandshakeReassembler();
  for (let sequence = 0; sequence < 40; sequence++) {
    inbox.add(fragment(message(sequence, MAX_HANDSHAKE_LENGTH), 0, 1));
    assert(inbox.pendingBytes <= 6 * MAX_HANDSHAKE_LENGTH);
  }
  const fresh = new HandshakeReassembler();
  assertEquals(fresh.add(fragment(message(0, MAX_HANDSHAKE_LENGTH + 1), 0, 1)), []);
  assertEquals(fresh.pendingBytes, 0);
});

Deno.test("HandshakeReassembler.add() mixes nothing of what it gave up into a message that takes its room", () => {
  const inbox = new HandshakeReassembler();
  for (let sequence = 0; sequence < 100; sequence++) {
    inbox.add(fragment({ type: 1, sequence, body: new Uint8Array(300).fill(0xff) }, 0, 150));
  }
  const genuine = message(200, 250);
  assertEquals(inbox.add(fragment(genuine, 150, 250)), []);
  assertEquals(inbox.add(fragment(genuine, 0, 150)), [genuine]);
});

Deno.test("HandshakeReassembler.add() lets a genuine message replace a forged beginning", () => {
  const inbox = new HandshakeReassembler();
  inbox.add(fragment(message(2, 500), 0, 10));
  inbox.add(fragment(message(2, 20, 16), 0, 10));
  const genuine = message(2, 20);
  assertEquals(inbox.add(fragment(genuine, 0, 20)), [genuine]);
});

Deno.test("HandshakeReassembler.add() refuses fragments that do not fit", () => {
  const inbox = new HandshakeReassembler();
  const whole = handshakeBytes(message(0, 20));
  for (let length = 0; length < whole.length; length++) assertEquals(inbox.add(whole.subarray(0, length)), []);
  const beyond = fragment(message(0, 20), 10, 20);
  writeU24(beyond, 6, 11);
  assertEquals(inbox.add(beyond), []);
  assertEquals(inbox.pendingBytes, 0);
});

Deno.test("parseCertificates() reads lists and refuses what does not add up", () => {
  assertEquals(parseCertificates(Uint8Array.from([0, 0, 0])), []);
  assertEquals(parseCertificates(Uint8Array.from([0, 0, 9, 0, 0, 2, 7, 8, 0, 0, 1, 9])), [
    Uint8Array.of(7, 8),
    Uint8Array.of(9),
  ]);
  for (
    const wrong of [[], [0, 0], [0, 0, 1], [0, 0, 0, 0], [0, 0, 3, 0, 0, 0], [0, 0, 4, 0, 0, 2, 1], [0, 0, 2, 0, 0]]
  ) {
    assertEquals(parseCertificates(Uint8Array.from(wrong)), undefined);
  }
});
