/** A server with several cores, over its public protocol: where rooms go, what is summed, what a lost worker leaves. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  RemoteRoom,
  SeaMeetError,
  type SeaMeetServer,
  type ServerOptions,
  type TimedServerEvent,
} from "../../server.ts";
import { startServer } from "../../src/io/seameet_server.ts";
import type { ClientMessage, ServerMessage } from "../../src/signaling/messages.ts";
import { Inbox, soon } from "./call_signaling.ts";
import { type Fault, WorkerFaults } from "./worker_faults.ts";

function start(options: Partial<ServerOptions> = {}, faults?: WorkerFaults): Promise<SeaMeetServer> {
  return startServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
    workers: 2,
    logger: { log() {} },
    ...options,
  }, faults?.create);
}

/** One connection that says what it is told to. */
class Talker {
  readonly id: string = crypto.randomUUID();
  readonly inbox: Inbox<ServerMessage> = new Inbox();
  readonly closed: Promise<CloseEvent>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onmessage = ({ data }) => this.inbox.add(JSON.parse(data));
  }

  static async connect(server: SeaMeetServer): Promise<Talker> {
    const socket = new WebSocket(`ws://127.0.0.1:${server.wsAddress.port}/`);
    const talker = new Talker(socket);
    await soon(new Promise((resolve) => socket.onopen = resolve), "the WebSocket");
    return talker;
  }

  /** Connects and joins. */
  static async join(server: SeaMeetServer, room: string): Promise<Talker> {
    const talker = await Talker.connect(server);
    await talker.join(room);
    return talker;
  }

  say(message: ClientMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Joins and waits for `ready`. */
  async join(room: string, resume?: string): Promise<Extract<ServerMessage, { type: "ready" }>> {
    const about = { type: "join", participant: this.id, room_id: room } as const;
    this.say(resume === undefined ? about : { ...about, resume });
    return await this.hears("ready", (message) => message.room_id === room);
  }

  /** Waits for a message. */
  async hears<T extends ServerMessage["type"]>(
    type: T,
    which: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    const is = (message: ServerMessage): message is Extract<ServerMessage, { type: T }> => message.type === type;
    return await this.inbox.until((all) => all.filter(is).find(which), type);
  }

  async leave(): Promise<void> {
    this.#socket.close();
    await soon(this.closed, "the end of the connection");
  }
}

function chat(from: string, roomId: string, content: string): ClientMessage {
  return { type: "chat_message", from, room_id: roomId, content, timestamp: 1, encrypted: false };
}

/** Reads events until one of this type has come; answers all. */
async function eventsUntil(stream: AsyncIterator<TimedServerEvent>, type: string): Promise<TimedServerEvent[]> {
  const seen: TimedServerEvent[] = [];
  while (seen.at(-1)?.type !== type) {
    const { value, done } = await soon(stream.next(), type);
    if (done === true) throw new Error(`The events ended before ${type}`);
    seen.push(value);
  }
  return seen;
}

Deno.test("rooms are spread over workers; messages, events and removal reach each; stats are summed", async () => {
  await using server = await start();
  assertEquals(new Set(server.udpPorts).size, 2);
  const events = server.events();
  const talkers: Talker[] = [];
  for (const room of ["a", "b", "c", "d"]) talkers.push(await Talker.join(server, room));
  const [ada] = talkers;
  assertEquals(server.rooms.map(({ id }) => id), ["a", "b", "c", "d"]);
  assertEquals(server.rooms.map(({ host }) => host), ["worker 0", "worker 1", "worker 0", "worker 1"]);

  const ben = await Talker.join(server, "a");
  ada!.say(chat(ada!.id, "a", "hello"));
  assertEquals((await ben.hears("chat_message")).content, "hello");
  const [room, other] = [server.room("a"), server.room("b")];
  assert(room !== undefined && other !== undefined);
  assertEquals(room.participants, [ada!.id, ben.id]);
  assertEquals(server.room("nowhere"), undefined);

  const stats = await server.stats();
  assertEquals(stats.rooms.map(({ id }) => id).sort(), ["a", "b", "c", "d"]);
  assertEquals(stats.hosts.map(({ name, rooms, participants, running }) => ({ name, rooms, participants, running })), [
    { name: "worker 0", rooms: 2, participants: 3, running: true },
    { name: "worker 1", rooms: 2, participants: 2, running: true },
  ]);
  assertEquals(stats.connections, 5);
  assertEquals((await room.stats()).participants.map(({ id }) => id), [ada!.id, ben.id]);
  ada!.say(chat(ben.id, "a", "as Ben"));
  ada!.say(chat(ada!.id, "b", "elsewhere"));
  await ada!.hears("error", ({ reason }) => reason === "wrong_participant");
  await ada!.hears("error", ({ reason }) => reason === "not_a_member");
  const { drops } = await server.stats();
  assertEquals([drops["wrong_participant"], drops["not_a_member"]], [1, 1]);

  const [ofRoom, ofOther] = [room.events(), other.events()];
  assertEquals(await room.removeParticipant(ben.id, "the host has removed you"), true);
  assertEquals(await room.removeParticipant(ben.id), false);
  const { code, reason } = await soon(ben.closed, "the removal");
  assertEquals([code, reason], [1008, "the host has removed you"]);
  await ada!.leave();
  const seen = await eventsUntil(ofRoom, "roomDestroyed");
  assertEquals(seen.map(({ type }) => type), ["peerDisconnected", "peerDisconnected", "roomDestroyed"]);
  assertEquals((await ofRoom.next()).done, true);
  await assertRejects(() => room.stats(), SeaMeetError, "has ended");
  assertEquals(await server.removeParticipant("b", talkers[1]!.id), true);
  await soon(talkers[1]!.closed, "the removal");
  assertEquals((await eventsUntil(ofOther, "roomDestroyed")).length, 2);
  for (const talker of talkers.slice(2)) await talker.leave();
  const all = (await eventsUntil(events, "roomDestroyed")).map(({ type }) => type);
  assertEquals(all.filter((type) => type === "peerConnected").length, 5);
});

Deno.test("a room in a worker says so when its media is wanted; tapRooms has it in the main thread", async () => {
  await using server = await start({ tapRooms: (roomId) => roomId === "tapped" });
  assertEquals(server.udpPorts.length, 3);
  const talkers = [await Talker.join(server, "tapped"), await Talker.join(server, "plain")];
  assertEquals(server.rooms, [{ id: "tapped", host: "main" }, { id: "plain", host: "worker 0" }]);
  const plain = server.room("plain");
  assert(plain instanceof RemoteRoom && !(server.room("tapped") instanceof RemoteRoom));
  const error = assertThrows(() => plain.open(), SeaMeetError);
  assert(error instanceof SeaMeetError && error.code === "room_in_worker");
  for (const talker of talkers) await talker.leave();
});

Deno.test("what holds for one connection and for all rooms holds across workers", async () => {
  await using server = await start({ limits: { maxRooms: 3 } });
  const ada = await Talker.join(server, "a");
  const { resume } = await ada.join("b");
  assert(server.room("a")?.host !== server.room("b")?.host);
  ada.say({ type: "join", participant: crypto.randomUUID(), room_id: "b" });
  await ada.hears("error", ({ reason }) => reason === "wrong_participant");

  // Taken over in one room, the connection stays for the other, which is on another worker.
  const again = await Talker.connect(server);
  Object.assign(again, { id: ada.id });
  assert(resume !== undefined);
  await again.join("b", resume);
  ada.say(chat(ada.id, "a", "still here"));
  assertEquals((await ada.hears("chat_message")).content, "still here");
  ada.say({ type: "mute_audio", from: ada.id, room_id: "b" });
  await ada.hears("error", ({ reason }) => reason === "not_a_member");

  const ben = await Talker.join(server, "c");
  ben.say({ type: "join", participant: ben.id, room_id: "d" });
  await ben.hears("error", ({ reason }) => reason === "server_full");
  ben.say({ type: "leave", participant: ben.id, room_id: "c" });
  await ben.join("d");
  for (const talker of [ada, again, ben]) await talker.leave();
});

for (const fault of ["throw", "reject", "hang", "terminate"] as const satisfies readonly Fault[]) {
  Deno.test(`a worker that ends (${fault}) takes its rooms with it and is started again`, async () => {
    const faults = new WorkerFaults();
    await using server = await start({}, faults);
    const ports = [...server.udpPorts];
    const [ada, cleo] = [await Talker.join(server, "a"), await Talker.join(server, "b")];
    const events = server.events();
    const host = server.room("a")!.host;
    faults.cause(fault, host);
    const error = await ada.hears("error");
    assertEquals([error.code, error.reason, error.room_id], [503, "worker_lost", "a"]);
    const { code, reason } = await soon(ada.closed, "the end of the connection");
    assertEquals([code, reason], [1012, "worker_lost"]);
    const seen = await eventsUntil(events, "workerStarted");
    assertEquals(seen.map(({ type }) => type), ["peerDisconnected", "roomDestroyed", "workerLost", "workerStarted"]);
    const lost = seen.find((event) => event.type === "workerLost");
    assert(lost?.type === "workerLost");
    assertEquals([lost.worker, lost.rooms], [host, ["a"]]);
    // A thread that hangs keeps its port for a while; another one will do where the server was given none.
    if (fault !== "hang") assertEquals(server.udpPorts, ports);

    cleo.say(chat(cleo.id, "b", "undisturbed"));
    await cleo.hears("chat_message");
    const back = await Talker.join(server, "a");
    assertEquals(server.rooms, [{ id: "b", host: "worker 1" }, { id: "a", host }]);
    for (const talker of [back, cleo]) await talker.leave();
  });
}

Deno.test("a server with workers does not start half: a port in use is an error, and what was opened is closed", async () => {
  const taken = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const port = (taken.addr as Deno.NetAddr).port;
  const error = await assertRejects(() => start({ udpPort: port - 1 }), SeaMeetError);
  assert(error instanceof SeaMeetError && error.code === "address_in_use");
  taken.close();
  const now = await start({ udpPort: port - 1 });
  assertEquals(now.udpPorts, [port - 1, port]);
  await now.close();
  for (const options of [{ workers: 0 }, { workers: 1.5 }, { workers: 2, udpPort: 65_535 }]) {
    const refused = await assertRejects(() => start(options), SeaMeetError);
    assert(refused instanceof SeaMeetError && refused.code === "config");
  }
});
