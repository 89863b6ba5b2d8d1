import { assert, assertEquals } from "@std/assert";
import { ADA, Bench, FakeTrack, ROOM, SELF, settle } from "./testing_fakes.ts";

const GOES_ON = { resumed: true, media: true };

/** In the room, with media that flows, at a server that keeps sessions. */
async function inCall(): Promise<Bench> {
  const bench = new Bench({ audioTrack: new FakeTrack("audio"), videoTrack: new FakeTrack("video") });
  void bench.client.join();
  bench.socket.open();
  await bench.readyToResume();
  await bench.members(SELF, ADA);
  await bench.answer();
  await bench.connection.report("connected", "connected");
  const tracks = [{ mid: "3", participant: ADA, source: "camera" as const }];
  await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks });
  return bench;
}

/** Lets packets come in, or none. */
async function flow(bench: Bench, span: number, bytes = 1_000): Promise<void> {
  for (let at = 0; at < span; at += 100) {
    bench.connection.bytesReceived = (bench.connection.bytesReceived ?? 0) + bytes;
    await bench.scheduler.advance(100);
  }
}

Deno.test("a broken connection is made again within a third of a second, and the session goes on", async () => {
  const bench = await inCall();
  const before = bench.log.length;
  await bench.socket.lose();
  assertEquals(bench.client.status, { state: "reconnecting", failedTries: 0, retryInMs: 250 });
  await bench.scheduler.advance(250);
  bench.socket.open();
  const [join] = bench.socket.of("join");
  assertEquals([join?.resume, join?.resume_from], ["secret 1", 0]);
  await bench.readyToResume(GOES_ON);
  await bench.members(SELF, ADA);

  assertEquals(bench.connections.length, 1, "the same connection carries media");
  assert(!bench.connection.closed);
  assertEquals(bench.connection.iceRestarts, 1, "the network may be another one");
  assertEquals(bench.socket.of("offer").length, 1);
  const seen = bench.log.slice(before).map(({ name }) => name);
  assertEquals(seen, ["state", "state"], "nobody comes or goes, no track either");
});

Deno.test("a session that is not kept begins anew, as before", async () => {
  const bench = await inCall();
  await bench.socket.lose();
  await bench.scheduler.advance(250);
  bench.socket.open();
  await bench.readyToResume();
  assertEquals(bench.connections.length, 2);
  assert(bench.connections[0]?.closed);
  assertEquals(bench.connections[0]?.iceRestarts, 0);
});

Deno.test("a session whose media has ended gets new media", async () => {
  const bench = await inCall();
  await bench.socket.lose();
  await bench.scheduler.advance(250);
  bench.socket.open();
  await bench.readyToResume({ resumed: true, media: false });
  assertEquals(bench.connections.length, 2);
  assertEquals(bench.socket.of("offer").length, 1);
});

Deno.test("an offer whose answer was lost is sent again, and nothing is given up while there is no connection", async () => {
  const bench = await inCall();
  bench.client.startScreenShare({ getVideoTracks: () => [new FakeTrack("video")], getAudioTracks: () => [] });
  await settle();
  const [offered] = bench.socket.of("offer").slice(-1);
  await bench.socket.lose();
  await bench.connection.report("failed", "disconnected");
  await bench.scheduler.advance(250);
  for (let i = 0; i < 3; i++) {
    await bench.socket.lose();
    await bench.scheduler.advance(4_000);
  }
  assertEquals(bench.connection.iceRestarts, 0);
  bench.socket.open();
  await bench.readyToResume(GOES_ON);
  assertEquals(bench.socket.of("screen_share_started").length, 1);
  assertEquals(bench.socket.of("offer").map(({ sdp }) => sdp), [offered?.sdp]);
  await bench.answer();
  assertEquals(bench.socket.of("offer").length, 2, "then the search for a path");
  assertEquals(bench.connection.iceRestarts, 1);
  assertEquals(bench.events("error"), []);
});

Deno.test("what was said into a dead connection is said again, and what has come is counted", async () => {
  const bench = await inCall();
  const line = (content: string) =>
    bench.socket.receive({ type: "chat_message", from: ADA, room_id: ROOM, content, timestamp: 1, encrypted: false });
  await line("a");
  await line("b");
  for (const text of ["one", "two", "three"]) bench.client.sendChat(text);
  await bench.socket.lose();
  await bench.scheduler.advance(250);
  bench.socket.open();
  assertEquals(bench.socket.of("join")[0]?.resume_from, 2);
  await bench.readyToResume({ ...GOES_ON, received: 1 });
  assertEquals(bench.socket.of("chat_message").map(({ content }) => content), ["two", "three"]);
  await line("c");
  await bench.socket.lose();
  await bench.scheduler.advance(250);
  bench.socket.open();
  assertEquals(bench.socket.of("join")[0]?.resume_from, 3);
  await bench.readyToResume({ ...GOES_ON, received: 3 });
  assertEquals(bench.socket.of("chat_message"), []);
});

Deno.test("another network: the path is searched at once, and a swarm of hints leads to two searches", async () => {
  const bench = await inCall();
  for (let i = 0; i < 5; i++) await bench.changeNetwork();
  assertEquals(bench.connection.iceRestarts, 1);
  assertEquals(bench.socket.of("offer").length, 2);
  await bench.answer();
  await bench.scheduler.advance(1_000);
  assertEquals(bench.connection.iceRestarts, 2);
  await bench.answer();
  await bench.scheduler.advance(60_000);
  assertEquals([bench.connection.iceRestarts, bench.sockets.length, bench.connections.length], [2, 1, 1]);
  assertEquals(bench.client.mediaState, "connected");
});

Deno.test("a connection over which that offer is not answered within half a second is replaced", async () => {
  const bench = await inCall();
  await bench.changeNetwork();
  await bench.scheduler.advance(499);
  assertEquals(bench.sockets.length, 1);
  await bench.scheduler.advance(1);
  assertEquals(bench.sockets.length, 2);
  assertEquals(bench.sockets[0]?.closedWith, 4000);
  bench.socket.open();
  await bench.readyToResume(GOES_ON);
  assertEquals(bench.socket.of("offer").length, 1);
  await bench.scheduler.advance(3_000);
  assertEquals(bench.sockets.length, 2, "a slow answer is waited for then");
});

Deno.test("a server that keeps no sessions is given its ten seconds", async () => {
  const bench = new Bench();
  await bench.enter();
  await bench.connection.report("connected", "connected");
  await bench.changeNetwork();
  await bench.scheduler.advance(5_000);
  assertEquals([bench.connection.iceRestarts, bench.sockets.length], [1, 1]);
});

Deno.test("another network ends a wait, and a try that hangs in the old one", async () => {
  const bench = await inCall();
  await bench.socket.lose();
  await bench.changeNetwork();
  assertEquals(bench.sockets.length, 2);
  await bench.changeNetwork();
  assertEquals(bench.sockets.length, 3);
  await bench.scheduler.advance(4_000);
  assertEquals(bench.client.status.state, "reconnecting");
  assert(bench.client.status.retryInMs !== undefined, "four seconds are enough for one try");
});

Deno.test("silence where packets came steadily is noticed within a second, without the browser's word", async () => {
  const bench = await inCall();
  await flow(bench, 5_000);
  await flow(bench, 500, 0);
  assertEquals(bench.connection.iceRestarts, 0);
  await flow(bench, 400, 0);
  assertEquals(bench.connection.iceRestarts, 1);
  assertEquals(bench.client.mediaState, "connected", "it is a guess so far");
  await bench.answer();
  await flow(bench, 20_000, 0);
  assertEquals(bench.connection.iceRestarts, 1, "once, until packets have come again");
  await flow(bench, 5_000);
  await flow(bench, 1_200, 0);
  assertEquals(bench.connection.iceRestarts, 2);
});

Deno.test("silence where hardly anything came means nothing", async () => {
  const bench = await inCall();
  for (let i = 0; i < 20; i++) {
    await flow(bench, 100);
    await flow(bench, 3_000, 0);
  }
  assertEquals(bench.connection.iceRestarts, 0);
});

Deno.test("a search that finds nothing is repeated after four seconds, and three failures end the session", async () => {
  const bench = await inCall();
  await bench.connection.report("disconnected", "disconnected");
  await bench.scheduler.advance(1_000);
  await bench.answer();
  await bench.scheduler.advance(4_000);
  assertEquals(bench.connection.iceRestarts, 2);
  await bench.answer();
  for (let i = 0; i < 4; i++) {
    await bench.connection.report("failed", "failed");
    await bench.connection.report("checking", "connecting");
  }
  assert(bench.connection.closed);
});

Deno.test("after leave() nothing is heard of networks", async () => {
  const bench = await inCall();
  bench.client.leave();
  await bench.changeNetwork();
  assertEquals(bench.sockets.length, 1);
});
