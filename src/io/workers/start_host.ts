import type { Logger } from "../../base/log.ts";
import { localAddresses } from "../local_addresses.ts";
import { chooseEngine } from "../native/choose_engine.ts";
import { SfuHost } from "../sfu_host.ts";
import type { HostListener } from "./room_host.ts";
import type { HostSettings } from "./worker_messages.ts";

/** Starts a core in this thread. `engineLogger` hears which engine was chosen and why. */
export function startHost(
  name: string,
  settings: HostSettings,
  listener: HostListener,
  logger: Logger,
  engineLogger: Logger = logger,
): Promise<SfuHost> {
  const { mediaAddresses, udpPort, publicIps, limits, e2ee, initialBitrateBps } = settings;
  const look = () => localAddresses({ loopback: true });
  return SfuHost.start({
    name,
    engine: chooseEngine(settings.engine, engineLogger),
    addresses: mediaAddresses ?? look(),
    lookForAddresses: mediaAddresses === undefined ? look : undefined,
    udpPort,
    publicIps,
    limits,
    initialBitrateBps,
    e2ee,
    logger,
    listener,
  });
}
