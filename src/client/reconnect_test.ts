import { assert, assertEquals } from "@std/assert";
import { ADA, Bench, FakeTrack, ROOM, SELF } from "./testing_fakes.ts";

const refusal = { type: "error" as const, message: "No", request: "join" };

Deno.test("a lost socket is tried again after 1, 2, 4, 8, 10, 10 seconds", async () => {
  const bench = new Bench();
  void bench.client.join();
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    await bench.socket.lose();
    waits.push(bench.client.status.retryInMs ?? 0);
    await bench.scheduler.advance(waits.at(-1) ?? 0);
  }
  assertEquals(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  assertEquals(bench.sockets.length, 7);
  assertEquals(bench.client.status.failedTries, 6);
});

Deno.test("waits are spread around their middle by the random source", async () => {
  const bench = new Bench({ environment: { random: () => 0 } });
  void bench.client.join();
  await bench.socket.lose();
  assertEquals(bench.client.status.retryInMs, 750);
});

Deno.test("an open socket alone does not shorten the wait, ready does", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.socket.lose();
  await bench.scheduler.advance(1_000);
  bench.socket.open();
  await bench.socket.lose();
  assertEquals(bench.client.status.retryInMs, 2_000);
  await bench.scheduler.advance(2_000);
  bench.socket.open();
  await bench.ready();
  await bench.socket.lose();
  assertEquals(bench.client.status, { state: "reconnecting", failedTries: 1, retryInMs: 1_000 });
});

Deno.test("retryNow() does not wait", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.client.retryNow();
  assertEquals(bench.sockets.length, 1, "a try that is under way is left alone");
  await bench.socket.lose();
  bench.client.retryNow();
  assertEquals(bench.sockets.length, 2);
  await bench.scheduler.advance(1_000);
  assertEquals(bench.sockets.length, 2);
});

Deno.test("a server that never says ready is given up after 15 seconds", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.scheduler.advance(15_000);
  assertEquals(bench.sockets[0]?.closedWith, 4000, "the server is to keep a session, should there be one");
  await bench.scheduler.advance(1_000);
  assertEquals(bench.sockets.length, 2);
  await bench.sockets[0]?.lose();
  assertEquals(bench.client.status.failedTries, 1, "the end of the old socket is of no interest");
});

Deno.test("rejoining keeps id and state, shows the resume secret and builds a new connection", async () => {
  const bench = new Bench({ audioTrack: new FakeTrack("audio") });
  await bench.enter([ADA]);
  await bench.members(SELF, ADA);
  await bench.socket.receive({
    type: "track_map",
    room_id: ROOM,
    tracks: [{ mid: "3", participant: ADA, source: "camera" }],
  });
  bench.client.startScreenShare({ getVideoTracks: () => [new FakeTrack("video")], getAudioTracks: () => [] });
  await bench.answer();
  await bench.socket.lose();
  assertEquals(bench.client.status.state, "reconnecting");
  assertEquals(bench.client.participants.size, 1, "people stay on the page meanwhile");
  await bench.scheduler.advance(1_000);
  bench.socket.open();
  const [join] = bench.socket.of("join");
  assertEquals([join?.participant, join?.resume], [SELF, "secret"]);
  await bench.ready([ADA]);
  assertEquals(bench.client.status.state, "joined");
  assert(bench.connections[0]?.closed);
  assertEquals(bench.events("trackremoved").length, 1);
  assertEquals(bench.socket.sent.map(({ type }) => type), [
    "join",
    "mute_video",
    "unmute_audio",
    "screen_share_started",
    "offer",
  ]);
  assertEquals(bench.socket.of("offer")[0]?.tracks?.map(({ source }) => source), ["microphone", "camera", "screen"]);
});

for (const reason of ["unauthorized", "room_full", "invalid_room", "permission_denied", "e2ee_required"] as const) {
  Deno.test(`a join refused with ${reason} is not repeated`, async () => {
    const bench = new Bench();
    void bench.client.join();
    bench.socket.open();
    await bench.socket.receive({ ...refusal, code: 403, reason });
    assertEquals(bench.client.status.state, "closed");
    assertEquals(bench.client.status.reason, reason);
    await bench.scheduler.advance(600_000);
    assertEquals(bench.sockets.length, 1);
  });
}

for (const reason of ["participant_in_use", "rate_limited", "server_full", "internal"] as const) {
  Deno.test(`a join refused with ${reason} is repeated with growing waits`, async () => {
    const bench = new Bench();
    void bench.client.join();
    bench.socket.open();
    await bench.socket.receive({ ...refusal, code: 503, reason });
    assertEquals(bench.client.status, { state: "connecting", failedTries: 1, retryInMs: 1_000 });
    assertEquals(bench.events("error").map((error) => error.reason), [reason]);
    await bench.scheduler.advance(1_000);
    bench.socket.open();
    await bench.socket.receive({ ...refusal, code: 503, reason });
    assertEquals(bench.client.status.retryInMs, 2_000);
  });
}

Deno.test("refusals of servers that send only a number are understood", () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  const text = JSON.stringify({ type: "error", code: 403, message: "room is full" });
  bench.socket.onmessage?.(new MessageEvent("message", { data: text }));
  assertEquals(bench.client.status.reason, "room_full");
});

Deno.test("close 1008 is final and keeps the server's word", async () => {
  for (const [word, reason] of [["taken_over", "taken_over"], ["removed", "removed"], ["whatever", "rejected"]]) {
    const bench = new Bench();
    await bench.enter();
    await bench.socket.lose(1008, word);
    assertEquals(bench.client.status.state, "closed");
    assertEquals(bench.client.status.reason, reason);
  }
});

Deno.test("close 1001 and 1013 are tried again", async () => {
  for (const code of [1001, 1013]) {
    const bench = new Bench();
    await bench.enter();
    await bench.socket.lose(code, "going_away");
    assertEquals(bench.client.status.state, "reconnecting");
  }
});

Deno.test("the word a server closes with is told while trying again, until the client is back", async () => {
  const bench = new Bench();
  await bench.enter();
  await bench.socket.lose(1012, "worker_lost");
  assertEquals([bench.client.status.state, bench.client.status.message], ["reconnecting", "worker_lost"]);
  await bench.scheduler.advance(2_000);
  await bench.enter();
  assertEquals(bench.client.status, { state: "joined", failedTries: 0 });
});

Deno.test("an address the browser does not accept closes the client", async () => {
  const bench = new Bench({
    environment: {
      createSocket: () => {
        throw new DOMException("bad address", "SyntaxError");
      },
    },
  });
  await bench.client.join().catch(() => {});
  assertEquals(bench.client.status.reason, "bad_url");
});
