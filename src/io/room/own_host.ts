import { silentLogger } from "../../base/log.ts";
import { DEFAULT_MAX_CHAT_HISTORY } from "../../signaling/limits.ts";
import type { SfuHost } from "../sfu_host.ts";
import { startHost } from "../workers/start_host.ts";
import type { RoomOptions } from "./room_options.ts";

/** Members of one room where the application sets no limit: what the tests have carried, and far more than people see. */
const MAX_MEMBERS = 1_000;

/** Starts a core of a room's own. */
export function ownHost(options: RoomOptions): Promise<SfuHost> {
  const { publicIp = [], udpPort = 0, mediaAddresses, engine = "auto", logger = silentLogger } = options;
  const settings = {
    engine,
    mediaAddresses,
    udpPort,
    publicIps: typeof publicIp === "string" ? [publicIp] : publicIp,
    limits: {
      maxRoomMembers: options.maxParticipants ?? MAX_MEMBERS,
      maxRooms: 1,
      maxChatHistory: DEFAULT_MAX_CHAT_HISTORY,
    },
    e2ee: { required: false, joinTimeoutMs: 0 },
  };
  // The room observes the host by itself, as it does with a server's.
  return startHost("main", settings, { onEvent: () => {}, onMembership: () => {} }, logger);
}
