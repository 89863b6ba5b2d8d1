import { assert, assertEquals } from "@std/assert";
import { FrameWorker } from "./frame_worker.ts";
import type { FrameLike, FromWorker, TransformOptions } from "./worker_messages.ts";

const ADA = "00000000-0000-4000-8000-00000000000a";
const BEN = "00000000-0000-4000-8000-00000000000b";
const KEY = new Uint8Array(32).fill(7);
const PICTURE = "9120000102030405";

/** One end of a track: frames go in, and come out or not. */
class Track {
  readonly #out: string[] = [];
  readonly #writer: WritableStreamDefaultWriter<FrameLike>;
  readonly #mimeType: string;
  #passed: () => void = () => {};

  constructor(worker: FrameWorker, options: TransformOptions, mimeType = "video/VP8") {
    this.#mimeType = mimeType;
    const input = new TransformStream<FrameLike, FrameLike>();
    this.#writer = input.writable.getWriter();
    const sink = new WritableStream<FrameLike>({
      write: ({ data }) => data.byteLength === 0 ? this.#passed() : void this.#out.push(new Uint8Array(data).toHex()),
    });
    worker.transform(input.readable, sink, options);
  }

  /** What comes out for one frame; `undefined` when nothing does. */
  async send(hex: string): Promise<string | undefined> {
    const passed = new Promise<void>((resolve) => this.#passed = resolve);
    await this.#writer.write({
      data: Uint8Array.fromHex(hex).buffer,
      getMetadata: () => ({ mimeType: this.#mimeType }),
    });
    // A frame without content always passes, so what was before it has been dealt with when it comes.
    await this.#writer.write({ data: new ArrayBuffer(0), getMetadata: () => ({}) });
    await passed;
    return this.#out.shift();
  }
}

/** A worker, what it told, and a hand for its clock. */
function start(self: string) {
  const posts: FromWorker[] = [];
  const waiting: (() => void)[] = [];
  const worker = new FrameWorker({
    post: (message) => posts.push(message),
    now: () => 0,
    after: (_, callback) => waiting.push(callback),
  });
  worker.handle({ type: "start", self });
  const elapse = () => waiting.splice(0).forEach((callback) => callback());
  return { worker, posts, waiting, elapse };
}

const sending = { operation: "encrypt", kind: "video" } as const;
const receiving = { operation: "decrypt", kind: "video", line: 3 } as const;

Deno.test("nothing is sent without a key, and never in the clear", async () => {
  const { worker, posts, elapse } = start(ADA);
  const track = new Track(worker, sending);
  assertEquals(await track.send(PICTURE), undefined);
  worker.handle({ type: "ownKey", keyId: 0, key: KEY });
  const sealed = await track.send(PICTURE);
  assert(sealed !== undefined && !sealed.includes("000102030405"));
  assertEquals(await new Track(worker, sending, "video/AV1").send(PICTURE), undefined);
  elapse();
  assertEquals(posts, [{
    type: "dropped",
    drops: [{ participant: ADA, reason: "no_key", count: 1 }, {
      participant: ADA,
      reason: "codec_unsupported",
      count: 1,
    }],
  }]);
});

Deno.test("a frame that the server puts on another's line is refused, and shown on its own", async () => {
  const sender = start(ADA);
  sender.worker.handle({ type: "ownKey", keyId: 0, key: KEY });
  const camera = new Track(sender.worker, sending);
  const { worker, posts, elapse } = start(BEN);
  const line = new Track(worker, receiving);
  for (const from of [ADA, BEN]) worker.handle({ type: "key", from, keyId: 0, key: KEY });

  const [first, second, third] = [await camera.send(PICTURE), await camera.send(PICTURE), await camera.send(PICTURE)];
  assertEquals(await line.send(first!), undefined, "nobody's line");
  worker.handle({ type: "bind", owners: [[3, BEN]] });
  assertEquals(await line.send(second!), undefined, "labelled as another's");
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  assertEquals(await line.send(third!), PICTURE);
  elapse();
  assertEquals(posts, [{ type: "dropped", drops: [{ participant: BEN, reason: "forged", count: 1 }] }]);
});

Deno.test("after pictures were lost a whole one is asked for, once", async () => {
  const sender = start(ADA);
  sender.worker.handle({ type: "ownKey", keyId: 5, key: KEY });
  const camera = new Track(sender.worker, sending);
  const { worker, posts } = start(BEN);
  const line = new Track(worker, receiving);
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  for (let i = 0; i < 20; i++) await line.send((await camera.send(PICTURE))!);
  worker.handle({ type: "key", from: ADA, keyId: 5, key: KEY });
  for (let i = 0; i < 3; i++) assertEquals(await line.send((await camera.send(PICTURE))!), PICTURE);
  assertEquals(posts, [{ type: "recovered", from: ADA }]);
  worker.handle({ type: "remove", from: ADA });
  assertEquals(await line.send((await camera.send(PICTURE))!), undefined);
});

Deno.test("clear frames pass with consent only, and not once there is a key", async () => {
  const { worker } = start(BEN);
  const line = new Track(worker, receiving);
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  assertEquals(await line.send(PICTURE), undefined);
  worker.handle({ type: "allowClear", from: ADA, allowed: true });
  assertEquals(await line.send(PICTURE), PICTURE);
  worker.handle({ type: "key", from: ADA, keyId: 0, key: KEY });
  assertEquals(await line.send(PICTURE), undefined);
});

Deno.test("dropped frames are reported once a second, however many they are", async () => {
  const { worker, posts, waiting, elapse } = start(BEN);
  const line = new Track(worker, receiving);
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  for (let i = 0; i < 50; i++) await line.send(PICTURE);
  assertEquals([posts.length, waiting.length], [0, 1]);
  elapse();
  assertEquals(posts, [{ type: "dropped", drops: [{ participant: ADA, reason: "no_key", count: 50 }] }]);
});

const hearing = { operation: "decrypt", kind: "audio", line: 3 } as const;
const SOUND = "78010203";

/** The same with a clock that moves. */
function startWithClock(self: string) {
  const timers: { at: number; callback: () => void }[] = [];
  const clock = { now: 0 };
  const posts: FromWorker[] = [];
  let waiting = Promise.withResolvers<void>();
  const worker = new FrameWorker({
    post: (message) => posts.push(message),
    now: () => clock.now,
    after: (delay, callback) => {
      timers.push({ at: clock.now + delay, callback });
      waiting.resolve();
    },
  });
  worker.handle({ type: "start", self });
  const advance = (ms: number) => {
    clock.now += ms;
    for (const timer of timers.splice(0)) {
      if (timer.at <= clock.now) timer.callback();
      else timers.push(timer);
    }
  };
  /** Settles when a frame waits. */
  const held = async () => {
    if (timers.length > 0) return;
    waiting = Promise.withResolvers();
    await waiting.promise;
  };
  return { worker, posts, advance, held };
}

/** Ada and Ben speak; Cleo hears both on one line, as in a large room. */
function speakers() {
  const cleo = startWithClock("00000000-0000-4000-8000-00000000000c");
  const line = new Track(cleo.worker, hearing, "audio/opus");
  const voices = [ADA, BEN].map((id, i) => {
    const sender = start(id);
    const key = new Uint8Array(32).fill(20 + i);
    sender.worker.handle({ type: "ownKey", keyId: 0, key });
    cleo.worker.handle({ type: "key", from: id, keyId: 0, key });
    return new Track(sender.worker, { operation: "encrypt", kind: "audio" }, "audio/opus");
  });
  return { ...cleo, line, ada: voices[0]!, ben: voices[1]! };
}

Deno.test("the first syllable of somebody whose line it has just become waits for that to be told", async () => {
  const { worker, held, line, ada, ben } = speakers();
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  assertEquals(await line.send((await ada.send(SOUND))!), SOUND);
  let isHeard = false;
  const heard = line.send((await ben.send(SOUND + "aa"))!).finally(() => isHeard = true);
  await held();
  assertEquals(isHeard, false, "not as Ada's");
  worker.handle({ type: "bind", owners: [[3, BEN]] });
  assertEquals(await heard, SOUND + "aa");
  assertEquals(await line.send((await ben.send(SOUND))!), SOUND);
});

Deno.test("sound of whoever had the line before is not heard as another's, and holds nothing up", async () => {
  const { worker, line, ada, ben } = speakers();
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  const [last, late] = [await ada.send(SOUND), await ada.send(SOUND)];
  assertEquals(await line.send(last!), SOUND);
  worker.handle({ type: "bind", owners: [[3, BEN]] });
  assertEquals(await line.send(late!), undefined);
  assertEquals(await line.send((await ben.send(SOUND))!), SOUND);
});

Deno.test("sound of whoever had the line before is no longer late after two seconds, but reported as forged", async () => {
  const { worker, posts, advance, held, line, ada } = speakers();
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  assertEquals(await line.send((await ada.send(SOUND))!), SOUND);
  worker.handle({ type: "bind", owners: [[3, BEN]] });
  assertEquals(await line.send((await ada.send(SOUND))!), undefined);
  advance(2_000);
  const refused = line.send((await ada.send(SOUND))!);
  await held();
  advance(400);
  assertEquals(await refused, undefined);
  advance(1_000);
  assertEquals(posts, [{ type: "dropped", drops: [{ participant: BEN, reason: "forged", count: 1 }] }]);
});

Deno.test("sound that stays nobody's is given up, and what follows does not wait again", async () => {
  const { worker, advance, held, line, ada, ben } = speakers();
  worker.handle({ type: "bind", owners: [[3, ADA]] });
  const refused = line.send((await ben.send(SOUND))!);
  await held();
  advance(400);
  assertEquals(await refused, undefined);
  assertEquals(await line.send((await ben.send(SOUND))!), undefined);
  assertEquals(await line.send((await ada.send(SOUND))!), SOUND);
});
