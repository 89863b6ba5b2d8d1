/** The examples do what they say. */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { authenticateByJwt, issueToken, type Ticket } from "../../examples/auth_jwt.ts";
import { announce, tone } from "../../examples/bot_announce.ts";
import { echo } from "../../examples/bot_echo.ts";
import { recordMeetings } from "../../examples/record.ts";
import { openRoom } from "../../examples/room.ts";
import { transcribeServer, type Utterance } from "../../examples/transcribe_hook.ts";
import {
  createServer,
  type Granted,
  joinRoom,
  type JoinRoomOptions,
  type PcmFrame,
  type RawVideoFrame,
  RemoteParticipant,
  type RoomMembership,
  type RoomRecording,
  SeaMeetError,
  type ServerOptions,
  silentLogger,
} from "../../mod.ts";
import { Inbox, soon } from "./call_signaling.ts";
import { decibels, flatPicture, loudestTone, rgbAt, toneSource } from "./media_judge.ts";
import { covered, Stalls } from "./patience.ts";

const LEVEL = 0.2;
const ID = "11111111-1111-4111-8111-111111111111";

async function start(options: Partial<ServerOptions> = {}) {
  const open = options.authenticate === undefined ? { allowUnauthenticatedJoins: true } : {};
  const server = await createServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    logger: silentLogger,
    ...open,
    ...options,
  });
  return { server, url: `ws://127.0.0.1:${server.wsAddress.port}` };
}

/** The first other member. */
async function firstRemote(membership: RoomMembership): Promise<RemoteParticipant> {
  const { value } = await soon(membership.arrivals().next(), "somebody else");
  assert(value instanceof RemoteParticipant);
  return value;
}

/** The first picture of which that is so. */
function pictureOf(stream: ReadableStream<RawVideoFrame>, is: (frame: RawVideoFrame) => boolean) {
  const look = async () => {
    for await (const frame of stream) if (is(frame)) return frame;
    throw new Error("The stream has ended without such a picture");
  };
  return soon(look(), "the picture");
}

Deno.test("examples/room.ts tells who comes, how loud and how large they are, and makes them quieter", async () => {
  const said = new Inbox<string>();
  const says = (pattern: RegExp) => said.until((all) => all.find((line) => pattern.test(line)), `${pattern}`);
  await using running = openRoom(0, (line) => said.add(line));
  const url = `ws://127.0.0.1:${running.port}`;
  await using ada = await joinRoom({ url, room: "lobby", displayName: "Ada" });
  await using ben = await joinRoom({ url, room: "lobby", displayName: "Ben" });
  await ada.publishAudio(toneSource(500, LEVEL));
  ada.publishVideo({ read: () => flatPicture(160, 120, [220, 20, 20]) }, { fps: 10 });
  const { toneHz, toneLevel } = await soon(loudestTone((await firstRemote(ben)).audio()), "a tone");
  assertAlmostEquals(toneHz, 500, 2);
  assertAlmostEquals(decibels(toneLevel, LEVEL), -3, 2);
  await says(/^participantJoined$/);
  await says(/^speechStarted$/);
  await says(/^Ada shows 160x120$/);
  // A sine has a peak of its level times the root of two: 0.28, and 0.2 with three decibels less.
  await says(/^Ada peaks at (19|20|21) %$/);
  await ada.close();
  await says(/^participantLeft$/);
});

Deno.test("examples/bot_echo.ts repeats what it hears a second later", async () => {
  using stalls = new Stalls();
  const startedAt = Date.now();
  const { server, url } = await start();
  await using _ = server;
  await using bot = await joinRoom({ url, room: "daily" });
  const echoing = echo(bot);
  await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
  const heard = (await firstRemote(ada)).audio();
  await ada.publishAudio(toneSource(500, LEVEL));
  const hear = async (stream: ReadableStream<PcmFrame>) => {
    for await (const { samples } of stream) if (samples.some((sample) => Math.abs(sample) > LEVEL / 2)) break;
    return Date.now();
  };
  const said = server.room("daily")!.open().participant(ada.participantId).audio();
  const [saidAt, heardAt] = await soon(Promise.all([hear(said), hear(heard)]), "the echo");
  // Speaker, server and bot are this process; what it had no time for is in their buffers for sound, from the beginning on.
  const lost = covered(stalls.spans, { from: startedAt, to: heardAt });
  console.log(`repeated after ${heardAt - saidAt} ms; the machine gave no time for ${lost} ms`);
  assertGreater(heardAt - saidAt + lost, 850);
  assertLess(heardAt - saidAt - lost, 2_000);
  const { toneHz, toneLevel } = await soon(loudestTone((await firstRemote(ada)).audio()), "a tone");
  assertAlmostEquals(toneHz, 500, 2);
  assertAlmostEquals(decibels(toneLevel, LEVEL), 0, 2);
  await bot.close();
  await echoing;
});

Deno.test("examples/bot_announce.ts is heard and seen, listens, and has thirty lines", async () => {
  const source = await Deno.readTextFile(new URL("../../examples/bot_announce.ts", import.meta.url));
  const code = source.split("\n").filter((line) => !/^(\s*(\/\/|\/?\*).*|\s*)$/.test(line));
  assertLess(code.length, 31);

  const { server, url } = await start();
  await using _ = server;
  await using ada = await joinRoom({ url, room: "daily" });
  await using bot = await joinRoom({ url, room: "daily", displayName: "Announcer" });
  const announcing = announce(bot, tone(660));
  const remote = await firstRemote(ada);
  assertEquals(remote.displayName, "Announcer");
  const [heard, quiet] = await Promise.all([
    soon(loudestTone(remote.audio()), "a tone"),
    pictureOf(remote.video(), (frame) => frame.width === 320),
  ]);
  assertAlmostEquals(heard.toneHz, 660, 3);
  const isYellow = (frame: RawVideoFrame, x: number) => rgbAt(frame, x, 220)[0] > 150;
  assertEquals([quiet.height, isYellow(quiet, 20), isYellow(quiet, 200)], [240, false, false]);
  // A peak of a half: the bar goes to the middle.
  await ada.publishAudio(toneSource(500, 0.5 / Math.SQRT2));
  const loud = await pictureOf(remote.video(), (frame) => isYellow(frame, 120));
  assertEquals(isYellow(loud, 220), false);
  await bot.close();
  await announcing;
});

/** A second of quiet, a second and a half of a tone, and quiet again. */
function speech() {
  const voice = toneSource(500, LEVEL);
  let at = 0;
  return {
    ...voice,
    read(into: Float32Array) {
      voice.read(into);
      if (at < 48_000 || at >= 120_000) into.fill(0);
      at += into.length;
      return into.length;
    },
  };
}

Deno.test("examples/transcribe_hook.ts hands over what somebody says, cut where it ends", async () => {
  const { server, url } = await start();
  const heard = Promise.withResolvers<Utterance>();
  const done = transcribeServer(server, heard.resolve);
  await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
  await ada.publishAudio(speech());
  const { room, speaker, sound: { samples, sampleRate, channels }, more } = await soon(heard.promise, "an utterance");
  assertEquals([room, speaker, sampleRate, channels, more], ["daily", "Ada", 16_000, 1, false]);
  const loud = [...samples.keys()].filter((i) => Math.abs(samples[i]!) > 0.05);
  const [first = 0, last = 0] = [loud[0], loud.at(-1)];
  assertAlmostEquals((last - first) / 16_000, 1.5, 0.1);
  // A little of the quiet before, and the pause that ends it.
  assertAlmostEquals(first / 16_000, 0.3, 0.15);
  assertAlmostEquals((samples.length - last) / 16_000, 0.6, 0.2);
  await server.close();
  await done;
});

Deno.test("examples/record.ts records once two are in a room", async () => {
  const folder = await Deno.makeTempDir();
  const { server, url } = await start();
  const begun = Promise.withResolvers<{ recording: RoomRecording; directory: string }>();
  const done = recordMeetings(server, folder, (recording, directory) => begun.resolve({ recording, directory }));
  const ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
  assertEquals([...Deno.readDirSync(folder)], []);
  const ben = await joinRoom({ url, room: "daily", displayName: "Ben" });
  await ada.publishAudio(toneSource(500, LEVEL));
  const { recording, directory } = await soon(begun.promise, "the recording");
  await soon(loudestTone((await firstRemote(ben)).audio()), "a tone");
  assertEquals(recording.stats.tracks, 1);
  await ada.close();
  await ben.close();
  await server.close();
  await done;
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  assertEquals(names, ["participant-1.webm", "timeline.json"]);
  assert((await Deno.readTextFile(`${directory}/timeline.json`)).includes("Ada"));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("examples/auth_jwt.ts lets in whom the token names, into the room it names, as long as it holds", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const authenticate = authenticateByJwt(secret);
  const { server, url } = await start({ authenticate });
  await using _ = server;
  const ticket: Ticket = { room: "daily", name: "Ada", may: ["chat"], participant: ID };
  const issue = (changes: Partial<Ticket> = {}, expires?: Date) =>
    issueToken(secret, { ...ticket, ...changes }, expires);
  const join = (options: Partial<JoinRoomOptions>) => joinRoom({ url, room: "daily", id: ID, ...options });

  const { participant: _nobody, ...anybody } = ticket;
  for (const token of [await issue(), await issueToken(secret, anybody)]) {
    await using ada = await join({ token, displayName: "Eve" });
    const [member] = (await server.room("daily")!.stats()).participants;
    assertEquals([member?.id, member?.displayName], [ada.participantId, "Ada"]);
  }

  const context = { participant: ID, roomId: "daily", displayName: "Eve", remoteAddress: "", headers: new Headers() };
  const granted: Granted = { displayName: "Ada", permissions: ["chat"], ownsParticipant: true };
  assertEquals(await authenticate({ ...context, token: await issue() }), granted);
  const borne = await authenticate({ ...context, token: await issueToken(secret, anybody) });
  assertEquals(borne, { ...granted, ownsParticipant: false });

  const claims = (token: string, change: object) => {
    const [head, body = "", signature] = token.split(".");
    const changed = { ...JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))), ...change };
    return [
      head,
      btoa(JSON.stringify(changed)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
      signature,
    ]
      .join(".");
  };
  const unsigned = `${btoa('{"alg":"none"}')}.${(await issue()).split(".")[1]}.`;
  const refused: [string, Partial<JoinRoomOptions>][] = [
    ["not valid", {}],
    ["not valid", { token: await issue({}, new Date(Date.now() - 1_000)) }],
    ["not valid", { token: await issueToken(new Uint8Array(32), ticket) }],
    ["not valid", { token: claims(await issue(), { may: ["moderate"] }) }],
    ["not valid", { token: unsigned }],
    ["another room", { token: await issue({ room: "other" }) }],
    ["somebody else's", { token: await issue(), id: crypto.randomUUID() }],
  ];
  for (const [reason, options] of refused) await assertRejects(() => join(options), SeaMeetError, reason);
});
