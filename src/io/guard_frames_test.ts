import { assert, assertEquals } from "@std/assert";
import { NEVER } from "../base/time.ts";
import { closeFrame, FrameScanner } from "./guard_frames.ts";

const TEXT = 1, CONT = 0, CLOSE = 8, PING = 9;

function frame(
  opcode: number,
  length: number,
  o: { final?: boolean; masked?: boolean; declared?: number; rsv?: number; form?: 1 | 3 | 9 } = {},
): Uint8Array {
  const declared = o.declared ?? length;
  const form = o.form ?? (declared < 126 ? 1 : declared < 0x10000 ? 3 : 9);
  const head = [((o.final ?? true) ? 0x80 : 0) | (o.rsv ?? 0) | opcode];
  const mask = (o.masked ?? true) ? 0x80 : 0;
  if (form === 1) head.push(mask | declared);
  else if (form === 3) head.push(mask | 126, declared >> 8, declared & 255);
  else {head.push(
      mask | 127,
      0,
      0,
      0,
      0,
      (declared >>> 24) & 255,
      (declared >>> 16) & 255,
      (declared >>> 8) & 255,
      declared & 255,
    );}
  if (o.masked ?? true) head.push(1, 2, 3, 4);
  return Uint8Array.from([...head, ...new Array<number>(length).fill(0xff)]);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function scanner(options: { masked?: boolean; maxMessageBytes?: number; maxFragments?: number } = {}): FrameScanner {
  return new FrameScanner({ masked: true, maxMessageBytes: 1_000, maxFragments: 4, ...options });
}

/** The Close code that a stream is refused with, whole and byte by byte; both must agree. */
function refusal(bytes: Uint8Array, options?: Parameters<typeof scanner>[0]): number | undefined {
  const whole = scanner(options);
  whole.scan(bytes, bytes.length, 0);
  const pieces = scanner(options);
  for (const byte of bytes) if (!pieces.scan(Uint8Array.of(byte), 1, 0)) break;
  assertEquals(pieces.violation, whole.violation);
  return whole.violation?.code;
}

Deno.test("scan() accepts messages of every length form, fragments with pings between, cut anywhere", () => {
  const stream = concat(
    frame(TEXT, 0),
    frame(TEXT, 125),
    frame(TEXT, 126),
    frame(TEXT, 300, { final: false }),
    frame(PING, 125),
    frame(CONT, 300, { final: false }),
    frame(CONT, 400),
    frame(TEXT, 1_000),
    frame(CLOSE, 2),
  );
  assertEquals(refusal(stream), undefined);
  assertEquals(refusal(frame(2, 70_000), { maxMessageBytes: 70_000 }), undefined);
});

Deno.test("scan() refuses too long a message by its declared length, before a byte of it has come", () => {
  assertEquals(refusal(frame(TEXT, 0, { declared: 1_001 })), 1009);
  assertEquals(refusal(frame(TEXT, 0, { declared: 60_000_000 })), 1009);
  assertEquals(refusal(concat(frame(TEXT, 600, { final: false }), frame(CONT, 0, { declared: 401 }))), 1009);
  const negative = frame(TEXT, 0, { declared: 70_000 });
  negative[2] = 0x80;
  assertEquals(refusal(negative, { maxMessageBytes: Infinity }), 1002);
});

Deno.test("scan() refuses endless fragments, empty ones included", () => {
  const empty = { final: false };
  const four = [frame(TEXT, 0, empty), frame(CONT, 0, empty), frame(CONT, 0, empty), frame(CONT, 0, empty)];
  assertEquals(refusal(concat(...four)), undefined);
  assertEquals(refusal(concat(...four, frame(CONT, 0, empty))), 1009);
});

Deno.test("scan() refuses what RFC 6455 forbids", () => {
  const bad: Record<string, Uint8Array> = {
    unmasked: frame(TEXT, 3, { masked: false }),
    "reserved bit": frame(TEXT, 3, { rsv: 0x40 }),
    "opcode 3": frame(3, 0),
    "opcode 11": frame(11, 0),
    "fragmented ping": frame(PING, 0, { final: false }),
    "long ping": frame(PING, 126),
    "continuation of nothing": frame(CONT, 1),
    "message inside a message": concat(frame(TEXT, 1, { final: false }), frame(TEXT, 1)),
    "two-byte form of 125": frame(TEXT, 125, { form: 3 }),
    "eight-byte form of 200": frame(TEXT, 200, { form: 9 }),
    "close of one byte": frame(CLOSE, 1),
  };
  for (const [name, bytes] of Object.entries(bad)) assertEquals(refusal(bytes), 1002, name);
  assertEquals(refusal(frame(TEXT, 3), { masked: false }), 1002);
  assertEquals(refusal(frame(TEXT, 3, { masked: false }), { masked: false }), undefined);
});

Deno.test("scan() knows since when a message is not finished", () => {
  const s = scanner();
  const first = concat(frame(TEXT, 5), frame(TEXT, 10, { final: false }));
  s.scan(first, first.length, 7);
  assertEquals([s.unfinishedSince, s.unfinishedBytes], [7, 10]);
  const ping = frame(PING, 3);
  s.scan(ping, ping.length, 8);
  assertEquals(s.unfinishedSince, 7);
  const next = concat(frame(CONT, 1), Uint8Array.of(0x81));
  s.scan(next, next.length, 9);
  assertEquals([s.unfinishedSince, s.unfinishedBytes], [9, 0]);
  assert(!s.atBoundary);
  const rest = frame(TEXT, 4).subarray(1);
  s.scan(rest, rest.length, 10);
  assertEquals(s.unfinishedSince, NEVER);
  assert(s.atBoundary);
});

Deno.test("scan() stops at a Close frame and counts control frames", () => {
  const s = scanner();
  const bytes = concat(frame(PING, 0), frame(CLOSE, 0), Uint8Array.of(0xff, 0xff, 0xff));
  assert(s.scan(bytes, bytes.length, 0));
  assertEquals([s.closed, s.controlFrames], [true, 2]);
});

Deno.test("scan() of random bytes never throws and keeps its bounds", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  let state = seed;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let run = 0; run < 2_000; run++) {
    const s = scanner();
    const bytes = Uint8Array.from({ length: 200 }, () => random() < 0.3 ? 0x81 : Math.floor(random() * 256));
    for (let at = 0; at < bytes.length && s.violation === undefined;) {
      const piece = bytes.subarray(at, at + 1 + Math.floor(random() * 20));
      s.scan(piece, piece.length, 0);
      at += piece.length;
      assert(s.unfinishedBytes <= 1_000, `seed ${seed}, run ${run}`);
    }
  }
});

Deno.test("closeFrame() is one our own scanner accepts, however long the reason", () => {
  const s = scanner({ masked: false });
  const bytes = closeFrame(1009, "x".repeat(500));
  assert(s.scan(bytes, bytes.length, 0) && s.closed && s.atBoundary);
  assertEquals([...bytes.subarray(0, 4)], [0x88, 125, 1009 >> 8, 1009 & 255]);
});
