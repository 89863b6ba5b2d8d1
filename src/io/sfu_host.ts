import type { RoomId } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";
import { PacketPool } from "../base/packet_pool.ts";
import type { SfuLimits } from "../sfu/core.ts";
import type { SfuOutput } from "../sfu/outputs.ts";
import { Sfu } from "../sfu/sfu.ts";
import { createCertificate } from "./certificate.ts";
import { systemClock } from "./clock.ts";
import { CoreHost } from "./core_host.ts";
import { MediaAddresses } from "./media_addresses.ts";
import type { Engine } from "./native/choose_engine.ts";
import { systemRandom } from "./system_random.ts";
import type { DatagramEndpoint, EndpointStats } from "./udp_socket.ts";
import { WeriftDtls } from "./werift_dtls.ts";
import type { EngineChoice, HostListener, HostReport, RoomHost } from "./workers/room_host.ts";

/** What a host is made with. */
export interface SfuHostOptions {
  /** For logs and statistics. */
  readonly name: string;
  /** Local addresses to open media sockets on. */
  readonly addresses: readonly string[];
  /** Looks for the addresses again, so that those which appear or vanish are followed; left out when they are fixed. */
  readonly lookForAddresses?: (() => readonly string[]) | undefined;
  /** Media port of all of them; 0 picks a free one. */
  readonly udpPort: number;
  /** Addresses announced beside the local ones, first. */
  readonly publicIps: readonly string[];
  /** What moves and encrypts packets. */
  readonly engine: Engine;
  readonly limits: SfuLimits;
  /** What a receiver's path is taken to carry at first; the engine's default when left out. */
  readonly initialBitrateBps?: number | undefined;
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: number };
  readonly logger: Logger;
  /** Hears what happens in rooms. */
  readonly listener: HostListener;
}

/** One core with the world around it: media sockets, DTLS, a clock, and the connections of its members. */
export class SfuHost extends CoreHost implements RoomHost {
  readonly name: string;
  readonly running = true;
  /** Rooms in this thread are never weighed against others. */
  readonly packetsPerSecond = 0;
  readonly #endpoint: DatagramEndpoint;
  readonly #dtls: WeriftDtls;
  readonly #engine: Engine;
  readonly #stopLooking: () => void;

  private constructor(options: SfuHostOptions, certificate: Awaited<ReturnType<typeof createCertificate>>) {
    const pool = new PacketPool();
    const endpoint = options.engine.endpoint(options.addresses, options.udpPort, pool, options.logger);
    const announced = new MediaAddresses(endpoint, options);
    const sfu = new Sfu({
      random: systemRandom,
      ciphers: options.engine.ciphers,
      pool,
      fingerprint: certificate.fingerprint,
      candidates: () => announced.candidates,
      limits: options.limits,
      unixOriginMs: Date.now() - systemClock.now(),
      e2ee: options.e2ee,
      ...(options.initialBitrateBps === undefined ? {} : { initialBitrateBps: options.initialBitrateBps }),
      logger: options.logger,
    });
    super(sfu, endpoint, options.logger);
    this.name = options.name;
    this.#endpoint = endpoint;
    this.#engine = options.engine;
    this.#stopLooking = announced.stop;
    this.#dtls = new WeriftDtls({
      certificate,
      onEvent: (event) => this.driver.feed((sfu, now) => sfu.handleDtls(event, now)),
    });
    this.observe(options.listener);
    this.driver.start();
  }

  /** Opens the sockets, makes a certificate and starts to run. */
  static async start(options: SfuHostOptions): Promise<SfuHost> {
    return new SfuHost(options, await createCertificate());
  }

  /** Media port of all sockets. */
  get udpPort(): number {
    return this.#endpoint.port;
  }

  /** Local addresses of the media sockets. */
  get addresses(): readonly string[] {
    return this.#endpoint.addresses;
  }

  /** Which engine moves the packets, and why this one. */
  get engine(): EngineChoice {
    const { name, why } = this.#engine;
    return { name, why };
  }

  /** Rooms and counters now; with `room` of that one room only. */
  override report(room?: RoomId): HostReport {
    return { ...super.report(room), sockets: this.socketStats };
  }

  /** What the media sockets have done. */
  get socketStats(): EndpointStats {
    return { ...this.#endpoint.stats };
  }

  /** Says goodbye to everybody, ends all media, closes the sockets. */
  override async close(): Promise<void> {
    await super.close();
    this.#stopLooking();
    await this.#dtls.closeAll();
    await this.#endpoint.close();
  }

  protected override takeMedia(output: SfuOutput): void {
    switch (output.kind) {
      case "keyframe_wanted":
        output.track.onKeyframeWanted();
        break;
      case "dtls_open":
        this.#dtls.open(output.peer);
        break;
      case "dtls_close":
        this.#dtls.close(output.peer);
        break;
      case "dtls_datagram":
        this.#dtls.receive(output.peer, output.bytes);
        break;
    }
  }
}
