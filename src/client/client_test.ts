import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClientError } from "./client_error.ts";
import { ADA, Bench, BOB, FakeTrack, ROOM, SELF } from "./testing_fakes.ts";

const screenOf = (video: FakeTrack, audio?: FakeTrack) => ({
  getVideoTracks: () => [video],
  getAudioTracks: () => audio === undefined ? [] : [audio],
});

Deno.test("join() sends join with capabilities and then both mute states", () => {
  const bench = new Bench({ token: "pass", videoTrack: new FakeTrack("video") });
  void bench.client.join();
  bench.socket.open();
  assertEquals(bench.socket.sent, [
    {
      type: "join",
      participant: SELF,
      room_id: ROOM,
      display_name: "Eve",
      token: "pass",
      capabilities: ["track_map", "resume"],
    },
    { type: "unmute_video", from: SELF, room_id: ROOM },
    { type: "mute_audio", from: SELF, room_id: ROOM },
  ]);
  assertEquals(bench.client.status, { state: "connecting", failedTries: 0 });
});

Deno.test("ready makes the client offer its own lines and pairs for the others, and names its tracks", async () => {
  const bench = new Bench({ audioTrack: new FakeTrack("audio") });
  const joined = bench.client.join();
  bench.socket.open();
  await bench.ready([ADA, BOB, "00000000-0000-4000-8000-00000000000c"]);
  await joined;
  assertEquals(bench.client.status.state, "joined");
  assertEquals(bench.connection.transceivers.map((line) => `${line.kind} ${line.direction}`), [
    "audio sendonly",
    "video sendonly",
    ...Array.from({ length: 3 }, () => ["audio recvonly", "video recvonly"]).flat(),
  ]);
  const [offer] = bench.socket.of("offer");
  assertEquals(offer?.tracks, [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }]);
  assertEquals(offer?.sdp, "offer 1");
});

Deno.test("ready with nobody there still prepares two pairs", async () => {
  const bench = new Bench();
  await bench.enter();
  assertEquals(bench.connection.transceivers.length, 6);
});

Deno.test("request_renegotiation adds pairs and waits for the open offer to be answered", async () => {
  const bench = new Bench();
  void bench.client.join();
  bench.socket.open();
  await bench.ready();
  await bench.socket.receive({ type: "request_renegotiation", room_id: ROOM, needed_slots: 2 });
  await bench.socket.receive({ type: "request_renegotiation", room_id: ROOM, needed_slots: 1 });
  assertEquals(bench.socket.of("offer").length, 1);
  await bench.answer();
  assertEquals(bench.socket.of("offer").map((offer) => offer.sdp), ["offer 1", "offer 2"]);
  assertEquals(bench.connection.transceivers.length, 12);
  await bench.answer();
  assertEquals(bench.socket.of("offer").length, 2, "both requests are served by one offer");
});

Deno.test("track_map binds tracks by mid, moves them, and takes them away", async () => {
  const bench = new Bench();
  await bench.enter([ADA]);
  await bench.members(SELF, ADA);
  const line = (index: number) => bench.connection.transceivers[index]?.receiver.track;
  await bench.socket.receive({
    type: "track_map",
    room_id: ROOM,
    tracks: [{ mid: "2", participant: ADA, source: "microphone" }, { mid: "3", participant: ADA, source: "camera" }],
  });
  assertEquals(bench.events("trackadded").map((event) => event.source), ["microphone", "camera"]);
  assert(bench.client.participants.get(ADA)?.tracks.camera === line(3));
  await bench.socket.receive({
    type: "track_map",
    room_id: ROOM,
    tracks: [{ mid: "5", participant: ADA, source: "camera" }],
  });
  assertEquals(bench.events("trackremoved").map((event) => event.source), ["microphone", "camera"]);
  assert(bench.client.participants.get(ADA)?.tracks.camera === line(5));
  assertEquals(Object.keys(bench.client.participants.get(ADA)?.tracks ?? {}), ["camera"]);
});

Deno.test("two members' tracks that change places are both taken away before either is given", async () => {
  const bench = new Bench();
  await bench.enter([ADA, BOB]);
  await bench.members(SELF, ADA, BOB);
  const map = (adas: string, bobs: string) =>
    bench.socket.receive({
      type: "track_map",
      room_id: ROOM,
      tracks: [{ mid: adas, participant: ADA, source: "camera" }, { mid: bobs, participant: BOB, source: "camera" }],
    });
  await map("3", "5");
  // An application that shows each track in an element of its own, as long as the track is somebody's.
  const shown = new Set<unknown>();
  bench.client.on("trackremoved", ({ track }) => shown.delete(track));
  bench.client.on("trackadded", ({ track }) => shown.add(track));
  await map("5", "3");
  const lines = [5, 3].map((index) => bench.connection.transceivers[index]?.receiver.track);
  assertEquals([ADA, BOB].map((id) => bench.client.participants.get(id)?.tracks.camera), lines);
  assertEquals([...shown], lines);
});

Deno.test("track_map before the member is known, or before its line is, takes effect later", async () => {
  const bench = new Bench();
  await bench.enter();
  const tracks = [
    { mid: "3", participant: ADA, source: "camera" as const },
    { mid: "7", participant: ADA, source: "screen" as const },
  ];
  await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks });
  assertEquals(bench.events("trackadded"), []);
  await bench.members(SELF, ADA);
  assertEquals(bench.events("trackadded").map((event) => event.source), ["camera"]);
  await bench.socket.receive({ type: "request_renegotiation", room_id: ROOM, needed_slots: 1 });
  assertEquals(bench.events("trackadded").map((event) => event.source), ["camera", "screen"]);
});

Deno.test("room_status joins, changes and removes participants and leaves out ourselves", async () => {
  const bench = new Bench();
  await bench.enter([ADA]);
  await bench.members(SELF, ADA);
  await bench.members(SELF, ADA, BOB);
  await bench.members(SELF, ADA, BOB);
  assertEquals(bench.events("participantjoined").map(({ id }) => id), [ADA, BOB]);
  assertEquals(bench.events("participantchanged"), []);
  await bench.socket.receive({
    type: "room_status",
    room_id: ROOM,
    participants: [
      { id: BOB, display_name: "Bob", audio_muted: true, video_muted: false, screen_sharing: true, e2ee: false },
    ],
    e2ee_required: false,
  });
  assertEquals(bench.events("participantleft").map(({ id }) => id), [ADA]);
  const [bob] = bench.events("participantchanged");
  assertEquals([bob?.displayName, bob?.audioMuted, bob?.screenSharing], ["Bob", true, true]);
});

Deno.test("setCamera() replaces the track on its line without an offer and tells the others", async () => {
  const bench = new Bench();
  await bench.enter();
  const camera = new FakeTrack("video");
  await bench.client.setCamera(camera);
  assert(bench.connection.transceivers[1]?.sender.track === camera);
  await bench.client.setCamera(null);
  assertEquals(bench.connection.transceivers[1]?.sender.track, null);
  assertEquals(bench.socket.sent.map(({ type }) => type).filter((type) => type.endsWith("_video")), [
    "mute_video",
    "unmute_video",
    "mute_video",
  ]);
  assertEquals(bench.socket.of("offer").length, 1);
});

Deno.test("mute() keeps the microphone's track and disables it", async () => {
  const microphone = new FakeTrack("audio");
  const bench = new Bench({ audioTrack: microphone });
  await bench.enter();
  bench.client.mute();
  assertEquals(microphone.enabled, false);
  assertEquals(bench.socket.sent.at(-1)?.type, "mute_audio");
  bench.client.unmute();
  assert(microphone.enabled);
  assertEquals(bench.socket.sent.at(-1)?.type, "unmute_audio");
  assert(bench.connection.transceivers[0]?.sender.track === microphone);
});

Deno.test("mute() between join and ready is not lost", () => {
  const bench = new Bench({ audioTrack: new FakeTrack("audio") });
  void bench.client.join();
  bench.socket.open();
  bench.client.mute();
  assertEquals(bench.socket.sent.at(-1)?.type, "mute_audio");
});

Deno.test("startScreenShare() announces itself before the offer that carries screen and sound", async () => {
  const bench = new Bench();
  await bench.enter();
  const before = bench.socket.sent.length;
  bench.client.startScreenShare(screenOf(new FakeTrack("video"), new FakeTrack("audio")));
  await bench.answer();
  const after = bench.socket.sent.slice(before);
  assertEquals(after.map(({ type }) => type), ["screen_share_started", "offer"]);
  assertEquals(bench.socket.of("offer").at(-1)?.tracks, [
    { mid: "0", source: "microphone" },
    { mid: "1", source: "camera" },
    { mid: "6", source: "screen" },
    { mid: "7", source: "screen_audio" },
  ]);
});

Deno.test("stopScreenShare() retires the lines, also when the browser ends the track", async () => {
  const bench = new Bench();
  await bench.enter();
  const screen = new FakeTrack("video");
  bench.client.startScreenShare(screenOf(screen));
  await bench.answer();
  screen.dispatchEvent(new Event("ended"));
  await bench.answer();
  assertEquals(bench.events("screenshare"), [{ active: true }, { active: false }]);
  assertEquals(bench.connection.transceivers[6]?.direction, "inactive");
  assertEquals(bench.socket.of("screen_share_stopped").length, 1);
  assertEquals(bench.socket.of("offer").at(-1)?.tracks?.length, 2);
  screen.dispatchEvent(new Event("ended"));
  assertEquals(bench.events("screenshare").length, 2);
});

Deno.test("startScreenShare() refuses streams without picture and rooms that do not permit it", async () => {
  const bench = new Bench();
  await bench.enter();
  assertThrows(
    () => bench.client.startScreenShare({ getVideoTracks: () => [], getAudioTracks: () => [] }),
    TypeError,
  );
  const strict = new Bench();
  void strict.client.join();
  strict.socket.open();
  await strict.socket.receive({
    type: "ready",
    room_id: ROOM,
    initiator: true,
    peers: [],
    resume: "secret",
    permissions: ["chat"],
  });
  assertThrows(() => strict.client.startScreenShare(screenOf(new FakeTrack("video"))), ClientError);
});

Deno.test("sendChat() sends trimmed text, and nothing that is empty or too long", async () => {
  const bench = new Bench();
  assertEquals(bench.client.sendChat("early"), false);
  await bench.enter();
  assert(bench.client.sendChat("  hello \n"));
  assertEquals(bench.client.sendChat("   "), false);
  assertEquals(bench.client.sendChat("x".repeat(20_000)), false);
  const chats = bench.socket.of("chat_message");
  assertEquals(chats.map(({ content, timestamp }) => [content, timestamp]), [["hello", 1_000]]);
  assertEquals(bench.client.messages, [], "own lines are shown when the server sends them back");
});

Deno.test("interactions: own hand, reactions, and what a moderator does", async () => {
  const bench = new Bench();
  assertEquals(bench.client.interactions.raiseHand(true), false);
  await bench.enter();
  const { interactions } = bench.client;
  assert(interactions.raiseHand(true) && interactions.react("👍") && interactions.moderate(ADA, "mute_audio"));
  assertEquals(bench.socket.of("hand").map(({ raised }) => raised), [true]);
  assertEquals(bench.socket.of("moderate").map(({ target, action }) => [target, action]), [[ADA, "mute_audio"]]);
  const status = { display_name: "me", audio_muted: false, video_muted: false, screen_sharing: false, e2ee: false };
  const participants = [{ id: SELF, ...status, hand_order: 3 }, { id: ADA, ...status, hand_order: 2 }];
  await bench.socket.receive({ type: "room_status", room_id: ROOM, participants, e2ee_required: false });
  assertEquals([interactions.handOrder, bench.client.participants.get(ADA)?.handOrder], [3, 2]);
  await bench.socket.receive({ type: "reaction", from: ADA, room_id: ROOM, emoji: "🎉" });
  assertEquals(bench.events("reaction"), [{ participant: ADA, emoji: "🎉" }]);
  bench.client.unmute();
  await bench.socket.receive({ type: "moderated", from: ADA, room_id: ROOM, target: SELF, action: "mute_audio" });
  assertEquals(bench.client.audioMuted, true);
  assertEquals(bench.events("moderated"), [{ by: ADA, action: "mute_audio" }]);
});

Deno.test("chat_message is reported once, however often the history is repeated", async () => {
  const bench = new Bench();
  await bench.enter();
  const line = { type: "chat_message" as const, room_id: ROOM, display_name: "Ada", timestamp: 5, encrypted: false };
  await bench.socket.receive({ ...line, from: ADA, content: "one" });
  await bench.socket.receive({ ...line, from: ADA, content: "two" });
  await bench.socket.receive({ ...line, from: ADA, content: "one" });
  await bench.socket.receive({ ...line, from: SELF, content: "one" });
  assertEquals(bench.events("chat").map(({ content, own }) => [content, own]), [
    ["one", false],
    ["two", false],
    ["one", true],
  ]);
  assertEquals(bench.client.messages.length, 3);
});

Deno.test("bwe_update and updateVideoConfig() limit the camera's encoder", async () => {
  const bench = new Bench({ videoTrack: new FakeTrack("video"), simulcast: false });
  await bench.enter();
  const camera = bench.connection.transceivers[1];
  assertEquals(camera?.sender.parameters.encodings[0]?.maxBitrate, 800_000);
  bench.client.updateVideoConfig({ width: 1280, height: 720, fps: 60 });
  assertEquals(camera?.sender.parameters.encodings[0]?.maxBitrate, 2_400_000);
  assertEquals(camera?.sender.parameters.encodings[0]?.maxFramerate, 60);
  const [config] = bench.socket.of("video_config_changed");
  assertEquals([config?.width, config?.height, config?.fps], [1280, 720, 60]);
  await bench.socket.receive({ type: "bwe_update", max_bitrate_bps: 50_000 });
  assertEquals(camera?.sender.parameters.encodings[0]?.maxBitrate, 100_000);
});

Deno.test("leave() says goodbye, closes everything and is final", async () => {
  const bench = new Bench();
  await bench.enter([ADA]);
  await bench.members(SELF, ADA);
  bench.client.leave();
  assertEquals(bench.socket.sent.at(-1)?.type, "leave");
  assert(bench.connection.closed);
  assertEquals(bench.socket.closedWith, 1000);
  assertEquals(bench.client.status.reason, "left");
  assertEquals(bench.client.participants.size, 0);
  await bench.scheduler.advance(600_000);
  assertEquals(bench.sockets.length, 1);
});

Deno.test("join() rejects when the server refuses for good", async () => {
  const bench = new Bench();
  const joined = bench.client.join();
  bench.socket.open();
  await bench.socket.receive({
    type: "error",
    code: 401,
    reason: "unauthorized",
    message: "Wrong token",
    request: "join",
  });
  await assertRejects(() => joined, ClientError, "Wrong token");
  assertEquals(bench.client.status.reason, "unauthorized");
  assertEquals(bench.client.status.message, "Wrong token");
});

Deno.test("a line that goes to another participant is taken from the one before first", async () => {
  const bench = new Bench();
  await bench.enter([ADA, BOB]);
  await bench.members(SELF, ADA, BOB);
  const told: string[] = [];
  const nameOf = (id: string) => id === ADA ? "ada" : "bob";
  bench.client.on("trackadded", ({ participant }) => told.push(`+${nameOf(participant)}`));
  bench.client.on("trackremoved", ({ participant }) => told.push(`-${nameOf(participant)}`));
  for (const participant of [BOB, ADA, BOB]) {
    const tracks = [{ mid: "2", participant, source: "microphone" as const }];
    await bench.socket.receive({ type: "track_map", room_id: ROOM, tracks });
  }
  assertEquals(told, ["+bob", "-bob", "+ada", "-ada", "+bob"]);
  const { participants } = bench.client;
  assertEquals(participants.get(ADA)?.tracks.microphone, undefined);
  assert(participants.get(BOB)?.tracks.microphone === bench.connection.transceivers[2]?.receiver.track);
});
