import { type E2eeMode, SERVER_CONFIG_PATH, type ServerConfig } from "../signaling/server_config.ts";

/** How long the server may take; a lobby must not wait for a server that is not there. */
const TIMEOUT_MS = 5_000;

const MODES: readonly unknown[] = ["off", "default", "required"] satisfies E2eeMode[];

/**
 * Asks a server what it wants of end-to-end encryption, before joining: to preset a switch in the lobby.
 *
 * It protects from nobody: a server that wants to read along says `off`. `undefined` when the server does not say it (an older
 * one) or cannot be reached.
 *
 * @param url The server's address as for joining (`wss://meet.example.org/`).
 *
 * @example
 * ```ts
 * import { fetchServerConfig } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await fetchServerConfig("ws://127.0.0.1:1/"), undefined); // nobody is there
 * ```
 */
export async function fetchServerConfig(url: string): Promise<ServerConfig | undefined> {
  try {
    const address = new URL(SERVER_CONFIG_PATH, url);
    address.protocol = address.protocol.replace(/^ws/, "http");
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const config: unknown = response.ok ? await response.json() : undefined;
    const e2ee = typeof config === "object" && config !== null ? Reflect.get(config, "e2ee") : undefined;
    return MODES.includes(e2ee) ? { e2ee } : undefined;
  } catch {
    return undefined;
  }
}
