import { EventHub } from "./event_hub.ts";
import type { SignalingConnection } from "./signaling_connection.ts";
import { type HttpServer, startHttpServer } from "./websocket_server.ts";

/** Connections that wait to be accepted; more are turned away, since nobody takes them. */
const MAX_PENDING = 64;

/** Where connections of clients come from: any transport can be one. */
export interface TransportListener extends AsyncIterable<SignalingConnection>, AsyncDisposable {}

/**
 * A WebSocket server behind the same guard as `createServer`: an application takes its connections and hands them, for
 * example, to `Room.addParticipant`.
 *
 * Accept each connection at once: what its client says before somebody listens is lost.
 *
 * @example
 * ```ts
 * import { Room, WsListener } from "@seameet/cli";
 * import { assert } from "@std/assert";
 *
 * await using listener = WsListener.listen({ hostname: "127.0.0.1", port: 0 });
 * await using room = new Room({ name: "daily" });
 * const accepting = (async () => {
 *   for await (const signaling of listener) room.addParticipant({ signaling }).catch(console.error);
 * })();
 * assert(listener.address.port > 0);
 * await listener.close();
 * await accepting;
 * ```
 */
export class WsListener implements TransportListener {
  readonly #hub: EventHub<SignalingConnection> = new EventHub(MAX_PENDING);
  readonly #pending: AsyncIterableIterator<SignalingConnection> = this.#hub.subscribe();
  readonly #server: HttpServer;

  private constructor(options: { readonly hostname: string; readonly port: number }) {
    this.#server = startHttpServer({ ...options, onConnection: (connection) => this.#hub.emit(connection) });
  }

  /** Listens; port 0 picks a free one. @throws {SeaMeetError} `address_in_use` */
  static listen(options: { readonly hostname: string; readonly port: number }): WsListener {
    return new WsListener(options);
  }

  /** Where it listens. */
  get address(): { readonly hostname: string; readonly port: number } {
    return this.#server.addr;
  }

  /** Connections as they come; ends with `close`. One reader at a time. */
  [Symbol.asyncIterator](): AsyncIterator<SignalingConnection> {
    return { next: () => this.#pending.next() };
  }

  /** Closes every connection and stops. Any number of times. */
  async close(): Promise<void> {
    this.#hub.close();
    await this.#server.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
