import { assertEquals } from "@std/assert";
import type { LineDemand } from "../signaling/quality_messages.ts";
import { Bench, type FakeSender, FakeTrack, ROOM, settle } from "./testing_fakes.ts";

const VP9 = ["video/VP8", "video/VP9"].map((mimeType) => ({ mimeType, clockRate: 90_000 }));
const CAMERA = { width: 1280, height: 720, fps: 30 };

/** Somebody who sends a camera in one VP9 stream. */
async function scalable(): Promise<{ bench: Bench; sender: FakeSender; mid: string }> {
  const bench = new Bench({
    videoTrack: new FakeTrack("video"),
    videoConfig: CAMERA,
    videoCodec: "vp9",
    environment: { codecs: () => VP9 },
  });
  await bench.enter();
  const { sender, mid } = bench.connection.transceivers[1]!;
  return { bench, sender, mid: mid! };
}

function demands(bench: Bench, ...tracks: LineDemand[]): Promise<void> {
  return bench.socket.receive({ type: "video_demand", room_id: ROOM, tracks });
}

/** What the only encoding is set to. */
function settings({ parameters }: FakeSender): unknown[] {
  const [{ active, scaleResolutionDownBy, maxBitrate, ...more }] = parameters.encodings as [RTCRtpEncodingParameters];
  return [active, Reflect.get(more, "scalabilityMode"), scaleResolutionDownBy, maxBitrate];
}

Deno.test("of a camera with layers inside, those are sent that somebody uses, and nothing where nobody watches", async () => {
  const { bench, sender, mid } = await scalable();
  assertEquals(settings(sender), [true, "L3T3", 1, 1_500_000]);
  await demands(bench, { mid, layers: 1, of: 3 });
  assertEquals(settings(sender), [true, "L1T3", 4, 180_000]);
  await demands(bench, { mid, layers: 0, of: 3 });
  assertEquals(settings(sender), [false, "L1T3", 4, 180_000]);
  await demands(bench, { mid, layers: 2, of: 3 });
  assertEquals(settings(sender), [true, "L2T3", 2, 705_000]);
  await demands(bench, { mid, layers: 3, of: 3 });
  assertEquals(settings(sender), [true, "L3T3", 1, 1_500_000]);
  await demands(bench, { mid, layers: 5, of: 9 });
  assertEquals(settings(sender), [true, "L3T3", 1, 1_500_000], "more layers than we know of");
});

Deno.test("a small camera with layers inside has two, and without the better one it is half as large", async () => {
  const { bench, sender, mid } = await scalable();
  await demands(bench, { mid, layers: 1, of: 2 });
  assertEquals(settings(sender), [true, "L1T3", 2, 300_000]);
});

Deno.test("a screen that nobody watches is not sent", async () => {
  const bench = new Bench();
  await bench.enter();
  bench.client.startScreenShare({ getVideoTracks: () => [new FakeTrack("video")], getAudioTracks: () => [] });
  await bench.answer();
  const { sender, mid } = bench.connection.transceivers.findLast(({ direction }) => direction === "sendonly")!;
  const isActive = () => sender.parameters.encodings.map(({ active }) => active ?? true);
  assertEquals(isActive(), [true]);
  await demands(bench, { mid: mid!, layers: 0, of: 1 });
  assertEquals(isActive(), [false]);
  await demands(bench, { mid: mid!, layers: 1, of: 1 });
  assertEquals(isActive(), [true]);
});

Deno.test("nobody watches any of three encodings: all are off", async () => {
  const bench = new Bench({ videoTrack: new FakeTrack("video"), videoConfig: CAMERA });
  await bench.enter();
  const { sender, mid } = bench.connection.transceivers[1]!;
  await bench.socket.receive({ type: "encodings", room_id: ROOM, tracks: [{ mid: mid!, active: [] }] });
  assertEquals(sender.parameters.encodings.map(({ active }) => active), [false, false, false]);
});

Deno.test("changes are made one after another, and the last one counts however the browser is busy", async () => {
  const { bench, sender, mid } = await scalable();
  const set = sender.setParameters.bind(sender);
  let busy: PromiseWithResolvers<void> | undefined;
  let overlapping = 0;
  sender.setParameters = async (parameters) => {
    if (busy !== undefined) {
      overlapping++;
      throw new DOMException("busy", "InvalidModificationError");
    }
    busy = Promise.withResolvers();
    await busy.promise;
    busy = undefined;
    await set(parameters);
  };
  await demands(bench, { mid, layers: 0, of: 3 });
  await demands(bench, { mid, layers: 3, of: 3 });
  busy!.resolve();
  await settle();
  busy!.resolve();
  await settle();
  assertEquals([settings(sender)[0], overlapping], [true, 0]);
});

Deno.test("what the browser refuses is tried again, though not for ever", async () => {
  const { bench, sender, mid } = await scalable();
  const set = sender.setParameters.bind(sender);
  let refused = 0;
  sender.setParameters = () => {
    refused++;
    return Promise.reject(new DOMException("no", "InvalidModificationError"));
  };
  await demands(bench, { mid, layers: 0, of: 3 });
  await bench.scheduler.advance(20_000);
  assertEquals(refused, 6);
  await demands(bench, { mid, layers: 1, of: 3 });
  await bench.scheduler.advance(600);
  sender.setParameters = set;
  await bench.scheduler.advance(600);
  assertEquals(settings(sender)[1], "L1T3");
});
