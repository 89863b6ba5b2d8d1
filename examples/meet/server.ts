/**
 * The example server: the meeting app, a shared access code or open rooms, a rate limit, and every event in the log.
 *
 * deno task build:web && deno run --unstable-net -A examples/meet/server.ts
 *
 * | variable             | meaning                                                             |
 * | -------------------- | ------------------------------------------------------------------- |
 * | `PORT`               | HTTP and WebSocket, 3001 when absent                                |
 * | `UDP_PORT`           | media, 10000 when absent                                            |
 * | `PUBLIC_IP`          | address to announce besides those of this machine; several by comma |
 * | `TRUSTED_PROXY`      | address or range of a proxy whose X-Forwarded-For is believed       |
 * | `SEAMEET_AUTH_TOKEN` | secret that a client must present to join; absent: OPEN mode        |
 * | `SEAMEET_E2EE`       | `off`, `default` or `required`: end-to-end encryption in the app    |
 * | `SEAMEET_LOG`        | `info`, `debug`, `info,sfu=debug`; `RUST_LOG` is understood as well |
 */
import { fileURLToPath } from "node:url";
import {
  consoleLogger,
  createServer,
  directorySource,
  type Logger,
  onEndSignal,
  parseLogLevels,
  SeaMeetError,
  sharedToken,
  staticFiles,
  type TimedServerEvent,
  tokenBucket,
} from "../../server.ts";

/** The app, as `deno task build:web` leaves it. */
const APP = fileURLToPath(new URL("./dist", import.meta.url));

/** An offer, its candidates and a burst of chat at once; a flood is stopped after a second. */
const MESSAGES_AT_ONCE = 200;
const MESSAGES_PER_SECOND = 200;

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof SeaMeetError || error instanceof RangeError ? error.message : error);
    Deno.exit(1);
  }
}

async function main(): Promise<void> {
  const secret = Deno.env.get("SEAMEET_AUTH_TOKEN") ?? "";
  const logger = consoleLogger({
    levels: logLevels(Deno.env.get("SEAMEET_LOG") ?? Deno.env.get("RUST_LOG") ?? "info"),
  });
  const server = await createServer({
    ws: { hostname: "0.0.0.0", port: portFromEnvironment("PORT", 3001) },
    udpPort: portFromEnvironment("UDP_PORT", 10_000),
    publicIp: listFromEnvironment("PUBLIC_IP"),
    trustedProxies: listFromEnvironment("TRUSTED_PROXY"),
    ...(secret === "" ? { allowUnauthenticatedJoins: true } : { authenticate: sharedToken(secret) }),
    rateCheck: tokenBucket({ capacity: MESSAGES_AT_ONCE, refillPerSecond: MESSAGES_PER_SECOND }),
    e2ee: encryptionFromEnvironment(),
    handleHttp: staticFiles(directorySource(APP)),
    logger,
  });
  const stop = onEndSignal((_signal, count) => count > 1 ? Deno.exit(1) : void server.close());
  console.log(`Meeting app  http://localhost:${server.wsAddress.port}/`);
  console.log(`Media        UDP port ${server.udpPort} on ${server.mediaAddresses.join(", ")}`);
  console.log(`Joining      ${secret === "" ? "OPEN: everybody who reaches this server" : "with the shared secret"}`);
  await logEvents(server.events(), logger);
  await server.finished;
  stop();
}

/** Writes every event until the server closes; a slow terminal loses old events and holds up nobody. */
async function logEvents(events: AsyncIterable<TimedServerEvent>, logger: Logger): Promise<void> {
  for await (const { type, timestamp: _, ...facts } of events) {
    const fields = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)]));
    // One per message and candidate: too much for every day.
    logger.log(type === "messageReceived" ? "debug" : "info", "meet", type, fields);
  }
}

function listFromEnvironment(name: string): string[] {
  return (Deno.env.get(name) ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function encryptionFromEnvironment(): { required: boolean; default: boolean } {
  const mode = Deno.env.get("SEAMEET_E2EE") ?? "off";
  if (!["", "off", "default", "required"].includes(mode)) {
    throw new RangeError(`Cannot read SEAMEET_E2EE: "${mode}" is not off, default or required`);
  }
  return { required: mode === "required", default: mode === "default" };
}

function portFromEnvironment(name: string, fallback: number): number {
  const text = Deno.env.get(name) ?? "";
  if (text === "") return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new RangeError(`Cannot read ${name}: "${text}" is not a port number`);
}

function logLevels(text: string) {
  const levels = parseLogLevels(text);
  if (!("unreadable" in levels)) return levels;
  throw new RangeError(`Cannot read the log level "${levels.unreadable}"`);
}
