import { assertEquals } from "@std/assert";
import { ADA, Bench, FakeTrack, ROOM, settle } from "./testing_fakes.ts";

Deno.test("the camera is offered in three encodings, worst first, and those that nobody uses are switched off", async () => {
  const bench = new Bench({ videoTrack: new FakeTrack("video"), videoConfig: { width: 1280, height: 720, fps: 30 } });
  await bench.enter();
  const camera = bench.connection.transceivers[1]!;
  const encodings = () => camera.sender.parameters.encodings;
  assertEquals(encodings().map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy]), [
    ["q", 4],
    ["h", 2],
    ["f", 1],
  ]);
  assertEquals(encodings().map(({ maxBitrate }) => maxBitrate), [180_000, 525_000, 1_500_000]);
  const tracks = [{ mid: camera.mid!, active: ["q", "h"] }];
  await bench.socket.receive({ type: "encodings", room_id: ROOM, tracks });
  assertEquals(encodings().map(({ active }) => active), [true, true, false]);
  await bench.socket.receive({
    type: "encodings",
    room_id: ROOM,
    tracks: [{ mid: camera.mid!, active: ["q", "h", "f"] }],
  });
  assertEquals(encodings().map(({ active }) => active), [true, true, true]);
});

Deno.test("a small camera picture has two encodings or one, so that the best one is always the whole picture", async () => {
  const bench = new Bench({ videoTrack: new FakeTrack("video"), videoConfig: { width: 640, height: 480, fps: 24 } });
  await bench.enter();
  const sender = bench.connection.transceivers[1]!.sender;
  const used = () =>
    sender.parameters.encodings.filter(({ active }) => active !== false).map(({ rid, scaleResolutionDownBy }) => [
      rid,
      scaleResolutionDownBy,
    ]);
  assertEquals(used(), [["q", 2], ["h", 1]]);
  assertEquals(sender.parameters.encodings.slice(0, 2).map(({ maxBitrate }) => maxBitrate), [160_000, 800_000]);
  bench.client.updateVideoConfig({ width: 320, height: 240, fps: 24 });
  await settle();
  assertEquals(used(), [["q", 1]]);
  bench.client.updateVideoConfig({ width: 1920, height: 1080, fps: 24 });
  await settle();
  assertEquals(used(), [["q", 4], ["h", 2], ["f", 1]]);
});

Deno.test("the encodings follow what the camera gives, not what it was asked for", async () => {
  const camera = Object.assign(new FakeTrack("video"), { getSettings: () => ({ width: 640, height: 360 }) });
  const bench = new Bench({ videoTrack: camera, videoConfig: { width: 1280, height: 720, fps: 30 } });
  await bench.enter();
  const { encodings } = bench.connection.transceivers[1]!.sender.parameters;
  assertEquals(encodings.map(({ active, scaleResolutionDownBy: scale }) => [active, scale]), [[true, 2], [true, 1], [
    false,
    1,
  ]]);
});

Deno.test("where the server took one encoding it is the whole picture", async () => {
  const bench = new Bench({ videoTrack: new FakeTrack("video") });
  await bench.enter();
  const camera = bench.connection.transceivers[1]!;
  // As browsers do it after an answer without simulcast.
  camera.sender.parameters.encodings.splice(1);
  bench.client.updateVideoConfig({ width: 640, height: 480, fps: 24 });
  const [encoding] = camera.sender.parameters.encodings;
  assertEquals([encoding?.scaleResolutionDownBy, encoding?.maxBitrate], [1, 800_000]);
});

Deno.test("views are told to the server, and again after a rejoin", async () => {
  const bench = new Bench();
  bench.client.views.set([{ participant: ADA, source: "camera", width: 319.5, height: 180, priority: 2 }]);
  await bench.enter([ADA]);
  const [message] = bench.socket.of("subscribe");
  assertEquals(message?.tracks, [{ participant: ADA, source: "camera", width: 320, height: 180, priority: 2 }]);
  bench.client.views.set([{ participant: ADA, source: "camera", visible: false }]);
  assertEquals(bench.socket.of("subscribe").at(-1)?.tracks, [{ participant: ADA, source: "camera", visible: false }]);
});

Deno.test("what the server says about quality comes as events", async () => {
  const bench = new Bench();
  await bench.enter([ADA]);
  await bench.socket.receive({
    type: "track_quality",
    room_id: ROOM,
    tracks: [{
      mid: "3",
      participant: ADA,
      source: "camera",
      layer: 0,
      layers: 3,
      temporal: 2,
      width: 320,
      height: 180,
      reason: "bandwidth",
      bitrate_bps: 150_000,
      best_bps: 1_500_000,
      available_bps: 300_000,
    }],
  });
  assertEquals(bench.events("trackquality"), [{
    participant: ADA,
    source: "camera",
    layer: 0,
    layers: 3,
    width: 320,
    height: 180,
    reason: "bandwidth",
    bitrate: 150_000,
    bestBitrate: 1_500_000,
  }]);
  const down = { score: 3, reason: "loss", loss: 0.1, bitrate_bps: 400_000 } as const;
  const up = { score: 5, reason: "ok", loss: 0, bitrate_bps: 900_000 } as const;
  await bench.socket.receive({ type: "connection_quality", room_id: ROOM, down, up, rtt_ms: 80 });
  assertEquals(bench.events("connectionquality"), [{ down, up, rttMs: 80 }]);
});
