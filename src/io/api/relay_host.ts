import type { Logger } from "../../base/log.ts";
import { PacketPool } from "../../base/packet_pool.ts";
import type { SfuLimits } from "../../sfu/core.ts";
import type { DatagramBatch } from "../../sfu/outbox.ts";
import { Sfu } from "../../sfu/sfu.ts";
import { systemClock } from "../clock.ts";
import { CoreHost } from "../core_host.ts";
import { portableCiphers } from "../portable_cipher.ts";
import { systemRandom } from "../system_random.ts";
import type { DatagramEndpoint } from "../udp_socket.ts";

/** What a relay is made with. */
export interface RelayHostOptions {
  readonly limits: SfuLimits;
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: number };
  readonly logger: Logger;
}

/** The rooms of the core without media: no socket, no certificate; offers never get here. */
export function relayHost({ limits, e2ee, logger }: RelayHostOptions): CoreHost {
  const sfu = new Sfu({
    random: systemRandom,
    ciphers: portableCiphers(),
    pool: new PacketPool(),
    // No offer is answered, so nobody is ever told of a certificate or an address.
    fingerprint: "",
    candidates: () => [],
    limits,
    unixOriginMs: Date.now() - systemClock.now(),
    e2ee,
    logger,
  });
  return new CoreHost(sfu, noSockets, logger);
}

/** Nothing is ever sent where nobody has a media path. */
const noSockets: DatagramEndpoint = {
  engine: "none",
  port: 0,
  addresses: [],
  stats: { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 },
  start: () => {},
  open: () => {},
  send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.length; i++) batch.packets[i]?.release();
    batch.length = 0;
  },
  close: () => Promise.resolve(),
};
