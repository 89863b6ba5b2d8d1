/**
 * A server that records each room, from its second participant on, into a folder of its own.
 *
 * deno task build:web && deno run --unstable-net -A examples/record.ts recordings
 */
import { fileURLToPath } from "node:url";
import {
  createServer,
  directorySource,
  onEndSignal,
  recordRoom,
  type RoomRecording,
  type SeaMeetServer,
  staticFiles,
} from "../mod.ts";

/** Records until the server closes; `onStart` hears of each recording. */
export async function recordMeetings(
  server: SeaMeetServer,
  folder: string,
  onStart: (recording: RoomRecording, directory: string) => void = () => {},
): Promise<void> {
  const recorded = new Set<string>();
  let count = 0;
  for await (const event of server.events()) {
    if (event.type === "roomDestroyed") recorded.delete(event.roomId);
    if (event.type !== "peerConnected" || recorded.has(event.roomId)) continue;
    const room = server.room(event.roomId);
    if (room === undefined || room.participants.length < 2) continue;
    recorded.add(event.roomId);
    // The name of the folder is ours: what clients call a room has no business on a disk.
    const directory = `${folder}/${new Date(event.timestamp).toISOString().replaceAll(":", "-")}-${++count}`;
    try {
      onStart(await recordRoom(room.open(), { directory, onFailed: console.error }), directory);
    } catch (error) {
      // For example encrypted from end to end: the meeting goes on, unrecorded.
      console.error(String(error));
    }
  }
}

if (import.meta.main) {
  const [folder = "recordings", port = "3001"] = Deno.args;
  const server = await createServer({
    ws: `127.0.0.1:${port}`,
    udpPort: 0,
    allowUnauthenticatedJoins: true,
    handleHttp: staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url)))),
  });
  onEndSignal(() => void server.close());
  console.log(`Open http://localhost:${server.wsAddress.port}/ twice`);
  await recordMeetings(server, folder, (_, directory) => console.log(`Recording into ${directory}`));
}
