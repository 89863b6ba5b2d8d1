/** Coming back to a session over the public protocol: real WebSockets, one core or several. */
import { assert, assertEquals } from "@std/assert";
import { createServer } from "../../server.ts";
import type { ServerMessage } from "../../src/signaling/messages.ts";
import { Inbox, soon } from "./call_signaling.ts";

class Talker {
  readonly inbox: Inbox<ServerMessage> = new Inbox();
  readonly closed: Promise<CloseEvent>;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket, readonly id: string) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onmessage = ({ data }) => this.inbox.add(JSON.parse(data));
  }

  static async connect(port: number, id: string = crypto.randomUUID()): Promise<Talker> {
    const talker = new Talker(new WebSocket(`ws://127.0.0.1:${port}/`), id);
    await soon(new Promise((resolve) => talker.socket.onopen = resolve), "the WebSocket");
    return talker;
  }

  say(message: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify({ room_id: "room", ...message }));
  }

  async join(fields: Readonly<Record<string, unknown>> = {}): Promise<Extract<ServerMessage, { type: "ready" }>> {
    this.say({ type: "join", participant: this.id, capabilities: ["track_map", "resume"], ...fields });
    return await this.inbox.until((all) => all.find((message) => message.type === "ready"), "ready");
  }

  chat(content: string): void {
    this.say({ type: "chat_message", from: this.id, content, timestamp: 1 });
  }

  async reads(content: string): Promise<void> {
    const is = (message: ServerMessage) => message.type === "chat_message" && message.content === content;
    await this.inbox.until((all) => all.find(is), content);
  }
}

for (const workers of [1, 2]) {
  Deno.test(`a client comes back to its session, and nobody notices (${workers} core(s))`, async () => {
    await using server = await createServer({
      ws: "127.0.0.1:0",
      udpPort: 0,
      mediaAddresses: ["127.0.0.1"],
      allowUnauthenticatedJoins: true,
      workers,
      logger: { log() {} },
    });
    const { port } = server.wsAddress;
    const ada = await Talker.connect(port);
    await ada.join();
    let ben = await Talker.connect(port);
    let ready = await ben.join();
    const events: string[] = [];
    const watched = server.events();
    const watching = (async () => {
      for await (const { type } of watched) if (type.startsWith("peer")) events.push(type);
    })();
    const statuses = () => ada.inbox.all.filter(({ type }) => type === "room_status").length;
    ada.chat("before");
    await ben.reads("before");
    ben.chat("yes");
    await ada.reads("yes");
    await ben.reads("yes");
    const before = statuses();

    // Lost, and noticed by the server.
    ben.socket.close(4000);
    await soon(ben.closed, "the end of the connection");
    ada.chat("while away");
    await ada.reads("while away");
    assertEquals([...server.room("room")!.participants], [ada.id, ben.id]);
    ben = await Talker.connect(port, ben.id);
    ready = await ben.join({ resume: ready.resume, resume_from: 2 });
    assertEquals(ready.session, { keep_ms: 30_000, resumed: true, received: 1, media: false });
    await ben.reads("while away");

    // Lost, and not noticed: the old connection is closed.
    const next = await Talker.connect(port, ben.id);
    ready = await next.join({ resume: ready.resume, resume_from: 3 });
    assert(ready.session?.resumed);
    const { code, reason } = await soon(ben.closed, "the end of the old connection");
    assertEquals([code, reason], [1008, "taken_over"]);
    next.chat("back");
    await ada.reads("back");
    assertEquals(statuses(), before, "nobody was told of anything");
    assertEquals([...server.room("room")!.participants], [ada.id, ben.id]);

    next.socket.close(1000);
    await ada.inbox.until((all) => {
      const last = all.findLast((message) => message.type === "room_status");
      return last?.participants.length === 1 ? true : undefined;
    }, "the end of the membership");
    assertEquals([...server.room("room")!.participants], [ada.id]);
    ada.socket.close();
    await soon(ada.closed, "the end of the connection");
    await watched.return?.();
    await watching;
    assertEquals(events.slice(0, 1), ["peerDisconnected"], "only at the end");
  });
}
