import type { Logger } from "../base/log.ts";
import { recordRoom } from "./room/record_room.ts";
import { recordingFolderName } from "./recording/recording_folder.ts";
import type { SeaMeetServer } from "./seameet_server.ts";

/**
 * Records every room of a server from its beginning: each into a folder of its own below `directory`, named by time and
 * number, never by what clients say. A recording that fails is told in the log; the call goes on.
 *
 * Returns when the server has closed. The server must carry all rooms in its main thread (`tapRooms: true`).
 */
export async function recordServer(server: SeaMeetServer, directory: string, logger: Logger): Promise<void> {
  let count = 0;
  const failed = (folder: string, error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    logger.log("error", "recording", "A room is not recorded (any more)", { folder, detail });
  };
  for await (const event of server.events()) {
    if (event.type !== "roomCreated") continue;
    const room = server.room(event.roomId);
    if (room === undefined) continue;
    const folder = `${directory}/${recordingFolderName(event.timestamp, ++count)}`;
    try {
      await recordRoom(room.open(), { directory: folder, onFailed: (error) => failed(folder, error) });
      logger.log("info", "recording", "A room is being recorded", { room: event.roomId, folder });
    } catch (error) {
      failed(folder, error);
    }
  }
}
