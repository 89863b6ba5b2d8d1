import { type Logger, silentLogger } from "../../base/log.ts";
import {
  DEFAULT_E2EE_JOIN_TIMEOUT_MS,
  DEFAULT_MAX_CHAT_HISTORY,
  DEFAULT_MAX_ROOM_MEMBERS,
  DEFAULT_MAX_ROOMS,
} from "../../signaling/limits.ts";
import type { EngineKind } from "../native/choose_engine.ts";
import type { SfuHost } from "../sfu_host.ts";
import { SignalingState, type SignalingStateOptions } from "./signaling_state.ts";

/** Options of `SfuServer.start`. */
export interface SfuServerOptions extends SignalingStateOptions {
  /** Media port, the same on every local address (10000); 0 picks a free one. */
  readonly udpPort?: number;
  /** Addresses under which clients reach the media port from outside. */
  readonly publicIp?: string | readonly string[];
  /** Local addresses to open media sockets on; every usable one by default. */
  readonly mediaAddresses?: readonly string[];
  /** What a receiver's path is taken to carry before it is measured, in kilobits per second (1,000). */
  readonly initialBitrateKbps?: number;
  /** What moves and encrypts packets (`auto`). */
  readonly engine?: EngineKind;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

const DEFAULT_UDP_PORT = 10_000;

/**
 * A forwarding unit with its media sockets, but without a signaling transport: connections are the application's, and
 * `runConnection(connection, server.state)` runs each.
 *
 * @example
 * ```ts
 * import { SfuServer } from "@seameet/cli/sfu";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using server = await SfuServer.start({ udpPort: 0, mediaAddresses: ["127.0.0.1"] });
 * assert(server.udpPort > 0);
 * assertEquals([server.addresses, server.state.carriesMedia], [["127.0.0.1"], true]);
 * ```
 */
export class SfuServer implements AsyncDisposable {
  /** Its rooms, for `runConnection`. */
  readonly state: SignalingState;
  readonly #host: SfuHost;

  private constructor(host: SfuHost, eventBuffer: number | undefined) {
    this.#host = host;
    this.state = new SignalingState(host, true, eventBuffer);
  }

  /**
   * Opens the media sockets; what they need (DTLS, ciphers) is loaded now, not with this entry point.
   *
   * @throws {SeaMeetError} `address_in_use`, `config`, `unstable_net_required`
   */
  static async start(options: SfuServerOptions = {}): Promise<SfuServer> {
    const { startHost } = await import("../workers/start_host.ts");
    const { publicIp = [], engine = "auto", mediaAddresses, udpPort = DEFAULT_UDP_PORT, e2ee } = options;
    const settings = {
      engine,
      mediaAddresses,
      udpPort,
      initialBitrateBps: options.initialBitrateKbps === undefined ? undefined : 1_000 * options.initialBitrateKbps,
      publicIps: typeof publicIp === "string" ? [publicIp] : publicIp,
      limits: {
        maxRoomMembers: options.maxRoomMembers ?? DEFAULT_MAX_ROOM_MEMBERS,
        maxRooms: options.maxRooms ?? DEFAULT_MAX_ROOMS,
        maxChatHistory: options.maxChatHistory ?? DEFAULT_MAX_CHAT_HISTORY,
      },
      e2ee: {
        required: e2ee?.required ?? false,
        joinTimeoutMs: e2ee?.joinTimeoutMs ?? DEFAULT_E2EE_JOIN_TIMEOUT_MS,
      },
    };
    // The state observes the host by itself.
    const listener = { onEvent: () => {}, onMembership: () => {} };
    const host = await startHost("main", settings, listener, options.logger ?? silentLogger);
    return new SfuServer(host, options.eventBuffer);
  }

  /** Media port of all sockets. */
  get udpPort(): number {
    return this.#host.udpPort;
  }

  /** Local addresses of the media sockets. */
  get addresses(): readonly string[] {
    return this.#host.addresses;
  }

  /** Says goodbye to everybody, ends all media, closes the sockets. */
  close(): Promise<void> {
    return this.state.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
