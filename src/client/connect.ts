import { SeaMeetClient } from "./client.ts";
import type { ConnectOptions } from "./options.ts";

/**
 * Creates a client, joins, and resolves when it is in the room.
 *
 * @throws {ClientError} when the server refuses for good.
 *
 * @example
 * ```ts
 * import { ClientError, connect } from "@seameet/cli/client";
 * import { assert } from "@std/assert";
 *
 * const refused = await connect({ url: "not an address", roomId: "daily", displayName: "Ada" }).catch((error) => error);
 * assert(refused instanceof ClientError);
 * ```
 */
export async function connect(options: ConnectOptions): Promise<SeaMeetClient> {
  const client = new SeaMeetClient(options);
  await client.join();
  return client;
}
