import { silentLogger } from "../../base/log.ts";
import { SeaMeetError } from "../../base/errors.ts";
import { checkNameLength } from "../name_lengths.ts";
import { startHttpServer } from "../websocket_server.ts";
import { runConnection, type SignalingHooks } from "./run_connection.ts";
import { SignalingState, type SignalingStateOptions } from "./signaling_state.ts";

/** Options of `createSignalingServer`. */
export interface SignalingServerOptions extends SignalingStateOptions, SignalingHooks {
  /** Where to listen (0.0.0.0). */
  readonly hostname?: string;
  /** Port; 0 picks a free one (3001). */
  readonly port?: number;
  /** Lets everybody join who can reach the server; needed where there is no `authenticate`. */
  readonly allowUnauthenticatedJoins?: boolean;
  /** Web origins whose pages may connect, beside those of the server's own host name; `"*"` for all. */
  readonly allowOrigin?: readonly string[] | "*";
}

/** A running signaling server without media. */
export interface SignalingServer extends AsyncDisposable {
  /** Where it listens. */
  readonly address: { readonly hostname: string; readonly port: number };
  /** Its rooms. */
  readonly state: SignalingState;
  /** Says goodbye to everybody and stops. Any number of times. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 3001;

/**
 * Starts a WebSocket server that carries no media: rooms, chat, state of the members, and messages from one client to
 * another, so that browsers connect to each other directly.
 *
 * @throws {SeaMeetError} `config` without an authentication policy, `address_in_use`
 *
 * @example
 * ```ts
 * import { createSignalingServer, WsSignaling } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createSignalingServer({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   allowUnauthenticatedJoins: true,
 * });
 * await using client = await WsSignaling.connect(`ws://127.0.0.1:${server.address.port}`);
 * client.send({ type: "join", participant: crypto.randomUUID(), room_id: "daily" });
 * for await (const message of client.messages()) {
 *   assertEquals(message.type, "ready");
 *   break;
 * }
 * ```
 */
export async function createSignalingServer(options: SignalingServerOptions): Promise<SignalingServer> {
  if (options.authenticate === undefined && options.allowUnauthenticatedJoins !== true) {
    const text =
      "No authentication policy configured: pass authenticate, or allowUnauthenticatedJoins to let everybody in";
    throw new SeaMeetError("config", text);
  }
  checkNameLength("maxRoomIdLength", options.maxRoomIdLength);
  checkNameLength("maxDisplayNameLength", options.maxDisplayNameLength);
  const state = await SignalingState.create(options);
  const http = startHttpServer({
    hostname: options.hostname ?? "0.0.0.0",
    port: options.port ?? DEFAULT_PORT,
    allowOrigin: options.allowOrigin ?? [],
    onConnection: (connection) => void runConnection(connection, state, options),
    logger: options.logger ?? silentLogger,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    closing ??= (async () => {
      await state.close();
      await http.close();
    })();
  return { address: http.addr, state, close, [Symbol.asyncDispose]: close };
}
