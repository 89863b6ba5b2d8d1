/**
 * A room of one's own: browsers join over sockets that this program accepts, and it hears and sees them decoded.
 *
 * deno task build:web && deno task build:codecs && deno run --unstable-net -A examples/room.ts
 */
import { fileURLToPath } from "node:url";
import { directorySource, gain, LevelMeter, Room, type RoomParticipant, staticFiles } from "../mod.ts";

/** A running room behind one HTTP port. */
export interface RunningRoom extends AsyncDisposable {
  readonly room: Room;
  readonly port: number;
}

/** Says how loud somebody is, once a second. */
async function listen(participant: RoomParticipant, report: (line: string) => void): Promise<void> {
  const meter = new LevelMeter();
  let heardMs = 0;
  for await (const frame of participant.audio()) {
    meter.processAudio(frame);
    const before = heardMs;
    heardMs += (1_000 * frame.samples.length) / frame.channels / frame.sampleRate;
    if (Math.floor(heardMs / 1_000) === Math.floor(before / 1_000)) continue;
    report(`${participant.displayName} peaks at ${Math.round(100 * meter.peak)} %`);
    meter.resetPeak();
  }
}

/** Says how large somebody's picture is, whenever that changes. */
async function look(participant: RoomParticipant, report: (line: string) => void): Promise<void> {
  let size = "";
  for await (const { width, height } of participant.video()) {
    if (size === `${width}x${height}`) continue;
    size = `${width}x${height}`;
    report(`${participant.displayName} shows ${size}`);
  }
}

/** Opens the room; disposing of it ends everything. */
export function openRoom(port: number, report: (line: string) => void = console.log): RunningRoom {
  const room = new Room({ name: "lobby", maxParticipants: 10 });
  const failed = (error: unknown) => report(String(error));

  const events = room.events();
  void (async () => {
    for await (const event of events) report(event.type);
  })();

  const welcome = async (socket: WebSocket, remoteAddress: string) => {
    // The others hear everybody a little quieter than they are.
    // Again for somebody whose last socket broke: the participant goes on.
    await room.addParticipant({ signaling: socket, processor: gain(-3), remoteAddress });
  };

  const arrivals = room.arrivals();
  void (async () => {
    for await (const participant of arrivals) {
      listen(participant, report).catch(failed);
      look(participant, report).catch(failed);
    }
  })();

  const app = staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url))));
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, (request, { remoteAddr }) => {
    if (request.headers.get("upgrade") !== "websocket") return app(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    welcome(socket, remoteAddr.hostname).catch(failed);
    return response;
  });

  return {
    room,
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      await room.close();
      await server.shutdown();
    },
  };
}

if (import.meta.main) {
  const { room, port } = openRoom(Number(Deno.args[0] ?? 3001));
  console.log(`Open http://localhost:${port}/room/${room.id} twice`);
}
