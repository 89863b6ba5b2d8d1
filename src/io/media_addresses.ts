import type { Logger } from "../base/log.ts";
import type { Millis } from "../base/time.ts";
import { type Candidate, hostCandidates } from "../sdp/candidate.ts";
import type { DatagramEndpoint } from "./udp_socket.ts";

/** How often the machine is asked for its addresses: a laptop that changes its network is found again within the time of an ICE restart. */
const LOOK_INTERVAL_MS: Millis = 5_000;

/** What `MediaAddresses` is made with. */
export interface MediaAddressesOptions {
  /** Addresses announced beside the local ones, first. */
  readonly publicIps: readonly string[];
  /** Looks for the local addresses; left out when they are fixed. */
  readonly lookForAddresses?: (() => readonly string[]) | undefined;
  readonly logger: Logger;
}

/**
 * The addresses that clients are told, following those of the machine.
 *
 * A socket is opened on an address that appears. One that vanishes is announced no more; its socket stays and serves
 * again when the address comes back.
 */
export class MediaAddresses {
  /** What answers announce now. */
  candidates: readonly Candidate[];
  /** Stops looking. */
  readonly stop: () => void;
  readonly #endpoint: DatagramEndpoint;
  readonly #options: MediaAddressesOptions;
  /** Addresses on which no socket could be opened, so that it is said once. */
  readonly #refused: Set<string> = new Set();
  #present: readonly string[];

  constructor(endpoint: DatagramEndpoint, options: MediaAddressesOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#present = [...endpoint.addresses];
    this.candidates = this.#announce();
    const { lookForAddresses } = options;
    if (lookForAddresses === undefined) {
      this.stop = () => {};
      return;
    }
    const timer = setInterval(() => this.follow(lookForAddresses()), LOOK_INTERVAL_MS);
    this.stop = () => clearInterval(timer);
  }

  /** Compares with the addresses that are there now. */
  follow(found: readonly string[]): void {
    const { logger } = this.#options;
    const vanished = this.#present.filter((address) => !found.includes(address));
    const appeared = found.filter((address) => !this.#present.includes(address) && this.#open(address));
    if (vanished.length === 0 && appeared.length === 0) return;
    for (const address of appeared) logger.log("info", "io", "A local address has appeared", { address });
    for (const address of vanished) logger.log("warn", "io", "A local address has vanished", { address });
    this.#present = [...this.#present.filter((address) => !vanished.includes(address)), ...appeared];
    this.candidates = this.#announce();
  }

  #open(address: string): boolean {
    if (this.#endpoint.addresses.includes(address)) return true;
    try {
      this.#endpoint.open(address);
      this.#refused.delete(address);
      return true;
    } catch (error) {
      if (this.#refused.has(address)) return false;
      this.#refused.add(address);
      const detail = error instanceof Error ? error.message : String(error);
      this.#options.logger.log("warn", "io", "A local address has appeared, but cannot be used", { address, detail });
      return false;
    }
  }

  #announce(): readonly Candidate[] {
    const { port } = this.#endpoint;
    return hostCandidates([...this.#options.publicIps, ...this.#present].map((address) => ({ address, port })));
  }
}
