/** Signaling without media, over real sockets; and the same rooms with an SFU behind them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createServer, SeaMeetError } from "../../mod.ts";
import { SfuServer } from "../../sfu.ts";
import {
  createSignalingServer,
  type PeerMessage,
  runConnection,
  type ServerMessage,
  type SignalingServerOptions,
  WsListener,
  WsSignaling,
} from "../../signaling.ts";
import { PATIENCE_MS } from "./patience.ts";

const ROOM = "daily";
const LOCAL = { hostname: "127.0.0.1", port: 0 } as const;

/** A client that keeps what it hears. */
class Client implements AsyncDisposable {
  readonly id = crypto.randomUUID();
  readonly heard: ServerMessage[] = [];
  readonly fromPeers: PeerMessage[] = [];
  #signaling!: WsSignaling;
  #wake: () => void = () => {};
  #reading!: Promise<void>;

  static async connect(port: number, name?: string): Promise<Client> {
    const client = new Client();
    client.#signaling = await WsSignaling.connect(`ws://127.0.0.1:${port}`, {
      onPeerMessage: (message) => {
        client.fromPeers.push(message);
        client.#wake();
      },
    });
    client.#reading = client.#read();
    client.send({
      type: "join",
      participant: client.id,
      room_id: ROOM,
      ...(name === undefined ? {} : { display_name: name }),
    });
    return client;
  }

  get closed() {
    return this.#signaling.closed;
  }

  send(message: Parameters<WsSignaling["send"]>[0]): void {
    this.#signaling.send(message);
  }

  /** Waits for a message; fails when none comes. */
  async first<Type extends ServerMessage["type"]>(type: Type): Promise<Extract<ServerMessage, { type: Type }>> {
    const is = (message: ServerMessage): message is Extract<ServerMessage, { type: Type }> => message.type === type;
    await this.until(() => this.heard.some(is), `"${type}"`);
    return this.heard.find(is)!;
  }

  async until(reached: () => boolean, what: string): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, PATIENCE_MS);
    while (!reached() && !late) await new Promise<void>((resolve) => this.#wake = resolve);
    clearTimeout(timer);
    assert(!late, `${what} did not come; heard: ${this.heard.map(({ type }) => type)}`);
  }

  async ended(): Promise<void> {
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#signaling[Symbol.asyncDispose]();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const message of this.#signaling.messages()) {
      this.heard.push(message);
      this.#wake();
    }
  }
}

function start(options: SignalingServerOptions = {}) {
  return createSignalingServer({ ...LOCAL, allowUnauthenticatedJoins: true, ...options });
}

Deno.test("a relay passes descriptions and candidates to the member they name, and to nobody else", async () => {
  await using server = await start();
  const { port } = server.address;
  await using ana = await Client.connect(port, "Ana");
  await ana.first("ready");
  await using ben = await Client.connect(port);
  await using eve = await Client.connect(port);
  assertEquals((await ben.first("ready")).peers, [ana.id]);
  await eve.first("ready");

  ben.send({ type: "offer", from: ben.id, to: ana.id, room_id: ROOM, sdp: "v=0 offered" });
  await ana.until(() => ana.fromPeers.length === 1, "the offer");
  assertEquals(ana.fromPeers[0], { type: "offer", from: ben.id, to: ana.id, room_id: ROOM, sdp: "v=0 offered" });
  ana.send({ type: "answer", from: ana.id, to: ben.id, room_id: ROOM, sdp: "v=0 answered" });
  const candidate = { candidate: "candidate:1", sdp_mid: "0", sdp_mline_index: 0 };
  ana.send({ type: "ice_candidate", from: ana.id, to: ben.id, room_id: ROOM, ...candidate });
  await ben.until(() => ben.fromPeers.length === 2, "answer and candidate");
  assertEquals(ben.fromPeers.map(({ type, from }) => [type, from]), [["answer", ana.id], ["ice_candidate", ana.id]]);

  // In another's name, to somebody who is not there, and without anybody to send it to.
  eve.send({ type: "offer", from: ben.id, to: ana.id, room_id: ROOM, sdp: "v=0 forged" });
  eve.send({ type: "offer", from: eve.id, to: crypto.randomUUID(), room_id: ROOM, sdp: "v=0" });
  eve.send({ type: "offer", from: eve.id, room_id: ROOM, sdp: "v=0" });
  await eve.until(() => eve.heard.filter(({ type }) => type === "error").length === 3, "three errors");
  const reasons = eve.heard.flatMap((message) => message.type === "error" ? [message.reason] : []);
  assertEquals(reasons, ["not_a_member", "unknown_participant", "bad_field"]);
  assertEquals([ana.fromPeers.length, eve.fromPeers.length], [1, 0]);
});

Deno.test("a relay keeps rooms, mutes, shares and chat as the whole server does", async () => {
  await using server = await start();
  const { port } = server.address;
  await using ana = await Client.connect(port, "Ana");
  await ana.first("ready");
  ana.send({ type: "mute_audio", from: ana.id, room_id: ROOM });
  const chat = { content: "hello", timestamp: 1, encrypted: false };
  ana.send({ type: "chat_message", from: ana.id, room_id: ROOM, ...chat });
  await ana.first("chat_message");
  await using ben = await Client.connect(port);
  assertEquals((await ben.first("chat_message")).content, "hello");
  const [first] = (await ben.first("room_status")).participants;
  assertEquals([first?.id, first?.display_name, first?.audio_muted], [ana.id, "Ana", true]);
  ana.send({ type: "screen_share_started", from: ana.id, room_id: ROOM, track_id: 0 });
  await ben.first("screen_share_started");
  assertEquals(server.state.participants(ROOM), [ana.id, ben.id]);
  assert(server.state.removeParticipant(ROOM, ben.id));
  await ben.ended();
  assertEquals(ben.closed?.reason, "removed");
  assertEquals(server.state.room(ROOM)?.participants.map(({ screenSharing }) => screenSharing), [true]);
});

Deno.test("hooks: who may join, what is handled, who has left; and longer names where they are allowed", async () => {
  const seen: string[] = [];
  const left = Promise.withResolvers<unknown>();
  await using server = await createSignalingServer({
    ...LOCAL,
    maxDisplayNameLength: 100,
    authenticate: ({ displayName }) => displayName === undefined ? { reject: "say who you are" } : undefined,
    onMessage: (message) => {
      seen.push(message.type);
      return message.type === "chat_message";
    },
    onDisconnect: (participant, rooms) => left.resolve({ participant, rooms }),
    onEvent: ({ type }) => seen.push(type),
  });
  const { port } = server.address;
  {
    await using nobody = await Client.connect(port);
    assertEquals((await nobody.first("error")).message, "say who you are");
    await nobody.ended();
    assertEquals(nobody.closed?.code, 1008);
  }
  {
    await using ana = await Client.connect(port, "A".repeat(101));
    assertEquals((await ana.first("room_status")).participants[0]?.display_name, "A".repeat(100));
    const line = { type: "chat_message", content: "x", timestamp: 1, encrypted: false } as const;
    ana.send({ ...line, from: ana.id, room_id: ROOM });
    // For another, and in a room that it is not in: refused, and nothing for a hook to act on.
    ana.send({ ...line, from: crypto.randomUUID(), room_id: ROOM });
    ana.send({ ...line, from: ana.id, room_id: "elsewhere" });
    ana.send({ type: "mute_video", from: ana.id, room_id: ROOM });
    await ana.until(() => ana.heard.filter(({ type }) => type === "room_status").length === 2, "the mute");
    assert(!ana.heard.some(({ type }) => type === "chat_message"));
    await ana[Symbol.asyncDispose]();
    assertEquals(await left.promise, { participant: ana.id, rooms: [{ roomId: ROOM, emptied: true }] });
  }
  assertEquals(seen, ["authRejected", "chat_message", "messageReceived", "mute_video", "messageReceived"]);
  for (const wrong of [{ initialBitrateKbps: 0 }, { limits: { maxRoomIdLength: 1_000 } }]) {
    const start = () => createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true, ...wrong });
    await assertRejects(start, SeaMeetError, "must be");
  }
  const refused = await assertRejects(() => createSignalingServer(LOCAL), SeaMeetError);
  assert(refused instanceof SeaMeetError && refused.code === "config");
});

Deno.test("an SFU behind connections that the application accepts answers offers itself", async () => {
  await using sfu = await SfuServer.start({ udpPort: 0, mediaAddresses: ["127.0.0.1"], engine: "portable" });
  await using listener = WsListener.listen(LOCAL);
  const accepting = (async () => {
    for await (const connection of listener) runConnection(connection, sfu.state);
  })();
  {
    await using ana = await Client.connect(listener.address.port);
    await ana.first("ready");
    ana.send({ type: "offer", from: ana.id, room_id: ROOM, sdp: "nonsense" });
    assertEquals((await ana.first("error")).reason, "bad_sdp");
    assertEquals(sfu.state.rooms.map(({ id, participants }) => [id, participants.length]), [[ROOM, 1]]);
  }
  await listener.close();
  await accepting;
});
