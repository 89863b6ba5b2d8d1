import { assert, assertEquals } from "@std/assert";
import { AdaptiveBuffer, BufferPool } from "./guard_buffers.ts";
import { RequestIntake } from "./guard_intake.ts";

/** Feeds text in pieces of `step` bytes; answers the targets of the requests, or the status of the refusal. */
function feed(text: string, step: number, limit = 4_096): (string | number)[] {
  const pool = new BufferPool();
  const intake = new RequestIntake(limit, pool);
  const bytes = new TextEncoder().encode(text);
  const seen: (string | number)[] = [];
  for (let at = 0; at < bytes.length;) {
    const room = intake.room;
    assert(room.length > 0 && intake.length + room.length <= Math.max(limit, 1_024));
    const piece = bytes.subarray(at, at + Math.min(step, room.length));
    room.set(piece);
    intake.length += piece.length;
    at += piece.length;
    for (let head = intake.takeHead(); head !== undefined; head = intake.takeHead()) {
      if ("status" in head) return [...seen, head.status];
      seen.push(head.target);
    }
  }
  intake.release();
  assertEquals(pool.lent, 0);
  return seen;
}

Deno.test("takeHead() finds pipelined requests wherever the pieces are cut", () => {
  const text = ["/a", "/b", "/c"].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(900)}\r\n\r\n`)
    .join("");
  for (const step of [1, 2, 3, 5, 7, 64, 1_023, 10_000]) {
    assertEquals(feed(text, step), ["/a", "/b", "/c"], `step ${step}`);
  }
});

Deno.test("takeHead() refuses a head that does not end within the limit, and what is no HTTP at once", () => {
  assertEquals(feed("GET / HTTP/1.1\r\nX: " + "y".repeat(10_000), 100), [431]);
  assertEquals(feed("\x16\x03\x01", 1), [400]);
  assertEquals(feed("G", 1), []);
});

Deno.test("take() hands out the body and keeps what follows", () => {
  const intake = new RequestIntake(4_096, new BufferPool());
  const bytes = new TextEncoder().encode("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET");
  intake.room.set(bytes);
  intake.length += bytes.length;
  intake.takeHead();
  assertEquals(new TextDecoder().decode(intake.take(4)), "body");
  assertEquals(new TextDecoder().decode(intake.takeAll()), "GET");
  assertEquals(intake.length, 0);
});

Deno.test("AdaptiveBuffer borrows when reads fill it, gives back when they do not, and lives without", () => {
  const pool = new BufferPool();
  const buffer = new AdaptiveBuffer(pool);
  const small = buffer.bytes.length;
  buffer.used(10);
  assertEquals(buffer.bytes.length, small);
  buffer.used(small);
  assert(buffer.bytes.length > small && pool.lent === 1);
  buffer.used(small);
  assert(buffer.bytes.length > small);
  buffer.used(3);
  assertEquals([buffer.bytes.length, pool.lent], [small, 0]);
  while (pool.take() !== undefined);
  buffer.used(small);
  assertEquals(buffer.bytes.length, small);
});
