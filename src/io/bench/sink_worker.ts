/**
 * A worker that counts what arrives, on another core than the sender: stands in for `limit count` where there is no C
 * compiler. Answers each message with what has arrived since the one before.
 */
import { silentLogger } from "../../base/log.ts";
import { PacketPool } from "../../base/packet_pool.ts";
import { chooseEngine } from "../native/choose_engine.ts";
import { threadTime } from "./thread_time.ts";

/** Nothing more comes when nothing has come for this long. */
const QUIET_MS = 50;

threadTime(true).keepTo("others");
const engine = chooseEngine("auto", silentLogger);
// All of 127.0.0.0/8, where each receiver has an address of its own; other systems have one loopback address.
const address = Deno.build.os === "linux" ? "0.0.0.0" : "127.0.0.1";
const endpoint = engine.endpoint([address], 0, new PacketPool(), silentLogger);
endpoint.start((packet) => packet.release());
self.onmessage = async () => {
  for (let before = -1; before !== endpoint.stats.received;) {
    before = endpoint.stats.received;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
  self.postMessage({ received: endpoint.stats.received });
  endpoint.stats.received = 0;
};
self.postMessage({ port: endpoint.port });
