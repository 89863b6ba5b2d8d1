import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ConnectOptions } from "./options.ts";
import { Bench, FakeTrack, ROOM } from "./testing_fakes.ts";

const refusedOffer = { type: "error" as const, code: 400, reason: "bad_sdp" as const, message: "No", request: "offer" };

Deno.test("an offer without answer is taken back after 10 seconds and made again", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.ready();
  await bench.scheduler.advance(10_000);
  assertEquals(bench.connection.rollbacks, 1);
  assertEquals(bench.events("error").map((error) => error.reason), ["negotiation_timeout"]);
  await bench.scheduler.advance(1_000);
  assertEquals(bench.socket.of("offer").map((offer) => offer.sdp), ["offer 1", "offer 2"]);
  await bench.answer();
  assertEquals(bench.connection.signalingState, "stable");
});

Deno.test("three refused offers end the session; the room stays and everything is made anew", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.ready();
  await bench.socket.receive(refusedOffer);
  await bench.scheduler.advance(1_000);
  await bench.socket.receive(refusedOffer);
  await bench.scheduler.advance(2_000);
  await bench.socket.receive(refusedOffer);
  assertEquals(bench.socket.of("offer").length, 3);
  assert(bench.connection.closed);
  assertEquals(bench.client.mediaState, "failed");
  assertEquals(bench.client.status.state, "joined");
  await bench.scheduler.advance(1_000);
  assertEquals(bench.client.status.state, "reconnecting");
  await bench.scheduler.advance(1_000);
  assertEquals(bench.sockets.length, 2);
});

Deno.test("an answer nobody waits for changes nothing", async () => {
  const bench = new Bench();
  await bench.enter();
  bench.connection.remoteDescription = null;
  await bench.answer();
  assertEquals(bench.connection.remoteDescription, null);
});

Deno.test("an answer that cannot be used leads to another offer", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.ready();
  bench.connection.answersAreBad = true;
  await bench.answer();
  assertEquals(bench.events("error").map((error) => error.reason), ["negotiation_failed"]);
  bench.connection.answersAreBad = false;
  await bench.scheduler.advance(1_000);
  assertEquals(bench.socket.of("offer").length, 2);
});

Deno.test("a failed path is searched anew at once, and once for both events", async () => {
  const bench = new Bench();
  await bench.enter();
  await bench.connection.report("connected", "connected");
  await bench.connection.report("failed", "failed");
  assertEquals(bench.connection.iceRestarts, 1);
  assertEquals(bench.socket.of("offer").length, 2);
  assertEquals(bench.client.mediaState, "interrupted");
});

Deno.test("a silent path is searched anew after a second, unless it heals", async () => {
  const bench = new Bench();
  await bench.enter();
  await bench.connection.report("connected", "connected");
  await bench.connection.report("disconnected", "disconnected");
  await bench.scheduler.advance(900);
  await bench.connection.report("connected", "connected");
  await bench.scheduler.advance(10_000);
  assertEquals(bench.connection.iceRestarts, 0);
  await bench.connection.report("disconnected", "disconnected");
  await bench.scheduler.advance(1_000);
  assertEquals(bench.connection.iceRestarts, 1);
  assertEquals(bench.events("mediastate"), ["connected", "interrupted", "connected", "interrupted"]);
});

Deno.test("failed encryption ends the session without searching", async () => {
  const bench = new Bench();
  await bench.enter();
  await bench.connection.report("connected", "failed");
  assertEquals(bench.connection.iceRestarts, 0);
  assertEquals(bench.client.mediaState, "failed");
});

Deno.test("a path that never comes up is given up after 30 seconds, and the waits grow to a minute", async () => {
  const bench = new Bench();
  await bench.enter();
  const waits: number[] = [];
  for (let round = 0; round < 8; round++) {
    await bench.scheduler.advance(30_000);
    assertEquals(bench.client.mediaState, "failed");
    const failedAt = bench.scheduler.now;
    while (bench.client.status.state === "joined") await bench.scheduler.advance(500);
    waits.push(bench.scheduler.now - failedAt);
    await bench.scheduler.advance(1_000);
    bench.socket.open();
    await bench.ready();
    await bench.answer();
  }
  assertEquals(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

Deno.test("candidates of ours are sent, the empty one is not", async () => {
  const bench = new Bench();
  await bench.enter();
  const emit = (candidate: { candidate: string; sdpMid: string; sdpMLineIndex: number } | null) =>
    bench.connection.onicecandidate?.(
      Object.assign(new Event("icecandidate"), { candidate }) as RTCPeerConnectionIceEvent,
    );
  emit({ candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 });
  emit({ candidate: "", sdpMid: "0", sdpMLineIndex: 0 });
  emit(null);
  const sent = bench.socket.of("ice_candidate");
  assertEquals(sent.map(({ sdp_mid, sdp_mline_index }) => [sdp_mid, sdp_mline_index]), [["0", 0]]);
});

Deno.test("a refused screen share ends", async () => {
  const bench = new Bench();
  await bench.enter();
  bench.client.startScreenShare({ getVideoTracks: () => [new FakeTrack("video")], getAudioTracks: () => [] });
  await bench.socket.receive({
    type: "error",
    code: 403,
    reason: "permission_denied",
    message: "Not here",
    request: "screen_share_started",
  });
  assertEquals(bench.events("screenshare"), [{ active: true }, { active: false }]);
  assertEquals(bench.client.sharingScreen, false);
  assertEquals(bench.socket.of("screen_share_stopped").length, 0);
});

Deno.test("messages that are not understood change nothing", async () => {
  const bench = new Bench();
  await bench.enter();
  const before = bench.log.length;
  const texts = [
    "",
    "{",
    "[]",
    "null",
    "7",
    '{"type":7}',
    '{"type":"peer_joined"}',
    '{"type":"track_map","tracks":[{}]}',
  ];
  texts.push('{"type":"answer"}', '{"type":"chat_message"}', `{"type":"request_renegotiation","room_id":"${ROOM}"}`);
  for (const data of texts) bench.socket.onmessage?.(new MessageEvent("message", { data }));
  assertEquals(bench.log.length, before);
  assertEquals(bench.client.status.state, "joined");
});

const CODECS = {
  audio: [{ mimeType: "audio/opus", clockRate: 48_000 }, { mimeType: "audio/red", clockRate: 48_000 }],
  video: ["video/VP8", "video/rtx", "video/VP9", "video/AV1"].map((mimeType) => ({ mimeType, clockRate: 90_000 })),
};

Deno.test("sound is offered with redundancy first, unless it is switched off", async () => {
  const first = async (options: Partial<ConnectOptions>) => {
    const bench = new Bench({ environment: { codecs: (kind) => CODECS[kind] }, ...options });
    await bench.enter();
    return bench.connection.transceivers[0]!.preferences?.map(({ mimeType }) => mimeType);
  };
  assertEquals(await first({}), ["audio/red", "audio/opus"]);
  assertEquals(await first({ redundantAudio: false }), undefined);
  assertEquals(await first({ environment: { codecs: () => [] } }), undefined, "a browser that does not say");
});

Deno.test("a camera of VP9 or AV1 is one encoding with layers; where the browser cannot, it is VP8 in three sizes", async () => {
  const camera = async (options: Partial<ConnectOptions>) => {
    const bench = new Bench({ environment: { codecs: (kind) => CODECS[kind] }, ...options });
    await bench.enter();
    const line = bench.connection.transceivers[1]!;
    const modes = line.sender.parameters.encodings.map((encoding) =>
      Reflect.get(encoding, "scalabilityMode") ?? encoding.rid
    );
    return [line.preferences?.[0]?.mimeType, ...modes];
  };
  assertEquals(await camera({}), [undefined, "q", "h", "f"]);
  assertEquals(await camera({ videoCodec: "vp9" }), ["video/VP9", "L3T3"]);
  assertEquals(await camera({ videoCodec: "av1" }), ["video/AV1", "L3T3"]);
  assertEquals(await camera({ videoCodec: "av1", environment: { codecs: () => [] } }), [undefined, "q", "h", "f"]);
  assertThrows(() => new Bench({ videoCodec: "av1", e2ee: { mode: "on" } }), TypeError);
});
