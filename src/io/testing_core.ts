import { silentLogger } from "../base/log.ts";
import type { PacketPool } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import { Sfu } from "../sfu/sfu.ts";
import { portableCiphers } from "./portable_cipher.ts";
import type { DatagramEndpoint } from "./udp_socket.ts";

/** A core for two rooms of two, without a network. */
export function smallCore(pool: PacketPool): Sfu {
  return new Sfu({
    random: seededRandom(1),
    ciphers: portableCiphers(),
    pool,
    fingerprint: "AB".repeat(32).replace(/..(?=.)/g, "$&:"),
    candidates: () => [],
    limits: { maxRoomMembers: 2, maxRooms: 2, maxChatHistory: 2 },
    unixOriginMs: 0,
    e2ee: { required: false, joinTimeoutMs: 1_000 },
    logger: silentLogger,
  });
}

/** Media sockets that send nothing anywhere. */
export function deafEndpoint(): DatagramEndpoint {
  return {
    engine: "fake",
    port: 1,
    addresses: [],
    stats: { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 },
    start: () => {},
    open: () => {},
    send: (batch) => void (batch.length = 0),
    close: () => Promise.resolve(),
  };
}
