import { silentLogger } from "../base/log.ts";
import { VERSION } from "../base/version.ts";
import type { ServeOptions } from "./cli_options.ts";
import { localAddresses } from "./local_addresses.ts";
import { openMediaSockets } from "./media_sockets.ts";
import { chooseEngine } from "./native/choose_engine.ts";
import { bundledApp } from "./web_app.ts";
import { countWorkers } from "./workers/worker_count.ts";

/** One thing looked at: what was found, and whether `serve` can work with it. */
export interface Finding {
  /** What was looked at. */
  readonly name: string;
  /** What was found, or why something is off and what to do about it. */
  readonly text: string;
  /** `serve` would not start. */
  readonly bad?: boolean;
}

/** `seameet doctor`: says what `serve` with the same options would find here. */
export async function examine(options: ServeOptions): Promise<Finding[]> {
  const addresses = localAddresses({ loopback: true });
  const app = options.web === undefined ? await bundledApp() : undefined;
  return [
    { name: "seameet", text: `${VERSION} on Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}` },
    { name: "Engine", ...attempt(() => chooseEngine(options.engine, silentLogger).why) },
    { name: "Addresses", text: [...options.publicIps, ...addresses].join(", ") },
    { name: "Media", ...attempt(() => openMedia(addresses, options.udpPort, countWorkers(options.workers))) },
    { name: "Workers", text: describeWorkers(countWorkers(options.workers)) },
    { name: "HTTP", ...attempt(() => openHttp(options.host, options.port)) },
    { name: "App", text: options.web ?? (app === undefined ? "not built: run the task build:web" : "built in") },
    ...options.notices.map((text) => ({ name: "Note", text })),
  ];
}

/** Prints what was found; returns the exit code, 1 when `serve` would not start. */
export async function doctor(options: ServeOptions): Promise<number> {
  const findings = await examine(options);
  for (const { name, text, bad } of findings) console.log(`${bad === true ? "✗" : "✓"} ${name.padEnd(10)} ${text}`);
  return findings.some(({ bad }) => bad === true) ? 1 : 0;
}

function attempt(look: () => string): Pick<Finding, "text" | "bad"> {
  try {
    return { text: look() };
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), bad: true };
  }
}

function openMedia(addresses: readonly string[], port: number, workers: number): string {
  const ports = Array.from({ length: workers }, (_, index) => port === 0 ? 0 : port + index);
  for (const each of ports) for (const socket of openMediaSockets(addresses, each)) socket.close();
  if (port === 0) return workers === 1 ? "any free UDP port" : `any ${workers} free UDP ports`;
  if (workers === 1) return `UDP port ${port} is free on every address`;
  return `UDP ports ${port} to ${port + workers - 1} are free on every address`;
}

function describeWorkers(workers: number): string {
  const cores = `cores here: ${navigator.hardwareConcurrency}`;
  return workers === 1 ? `none, the main thread carries all rooms (${cores})` : `${workers} (${cores})`;
}

function openHttp(hostname: string, port: number): string {
  using _listener = Deno.listen({ hostname, port });
  return port === 0 ? `any free TCP port of ${hostname}` : `TCP port ${port} is free on ${hostname}`;
}
