import { SeaMeetError } from "../../base/errors.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import type { Millis } from "../../base/time.ts";
import type { Grant } from "../../sfu/member.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import type { Accepted, EngineChoice, HostConnection, HostListener, HostReport, RoomHost } from "./room_host.ts";
import { WorkerLink } from "./worker_link.ts";
import type { HostSettings, WorkerAnswer, WorkerReply } from "./worker_messages.ts";

/** How long a worker may take to load its modules and open its sockets. */
const START_TIMEOUT_MS: Millis = 30_000;

/** How long a worker may take to say goodbye before it is ended anyway. */
const CLOSE_TIMEOUT_MS: Millis = 5_000;

/** The pause before a worker is started again; it doubles each time, up to the longest, so that a fault that comes back costs little. */
const FIRST_RESTART_MS: Millis = 100;
const MAX_RESTART_MS: Millis = 30_000;

/** A worker that has run this long has done its work: the next pause is the first one again. */
const STABLE_MS: Millis = 60_000;

/** Hears of a worker's end and of its start after that, beside what happens in its rooms. */
export interface WorkerHostListener extends HostListener {
  /** All its rooms are gone. */
  onLost(reason: string): void;
  /** It runs again and can take rooms. */
  onRestarted(): void;
}

/** What a worker host is made with. */
export interface WorkerHostOptions {
  readonly name: string;
  readonly settings: HostSettings;
  readonly logger: Logger;
  readonly createWorker: () => Worker;
  readonly listener: WorkerHostListener;
}

/** A core in a worker, and another one on the same port whenever that worker has ended. */
export class WorkerHost implements RoomHost {
  readonly name: string;
  packetsPerSecond = 0;
  udpPort: number;
  addresses: readonly string[] = [];
  engine: EngineChoice = { name: "portable", why: "" };
  readonly #options: WorkerHostOptions;
  readonly #connections: Map<ConnectionId, HostConnection> = new Map();
  #link: WorkerLink | undefined;
  #running = false;
  #startedAt: Millis = 0;
  #failures = 0;
  #starting: PromiseWithResolvers<void> | undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #lastBeat: { at: Millis; sent: number } | undefined;

  private constructor(options: WorkerHostOptions) {
    this.#options = options;
    this.name = options.name;
    this.udpPort = options.settings.udpPort;
  }

  /** Starts the first worker. @throws {SeaMeetError} what starting a core throws, or `io` when it takes too long. */
  static async start(options: WorkerHostOptions): Promise<WorkerHost> {
    const host = new WorkerHost(options);
    await host.#launch();
    return host;
  }

  get running(): boolean {
    return this.#running;
  }

  addConnection(connection: HostConnection): void {
    if (!this.#running) return;
    this.#connections.set(connection.id, connection);
    this.#link?.send({ kind: "connect", id: connection.id });
  }

  removeConnection(id: ConnectionId, lost = false): void {
    if (this.#connections.delete(id)) this.#link?.send({ kind: "disconnect", id, lost });
  }

  async join(from: ConnectionId, message: JoinMessage, grant: Grant): Promise<void> {
    await this.#link?.call({ kind: "join", from, message, grant });
  }

  async message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): Promise<Accepted> {
    return (await this.#link?.call({ kind: "message", from, message }))?.accepted;
  }

  async removeParticipant(room: RoomId, participant: ParticipantId): Promise<boolean> {
    return (await this.#link?.call({ kind: "remove", room, participant }))?.accepted ?? false;
  }

  async report(room?: RoomId): Promise<HostReport | undefined> {
    return this.#running ? (await this.#link?.call({ kind: "report", room }))?.report : undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    const link = this.#link;
    if (link === undefined) return;
    if (this.#running) {
      const late = setTimeout(() => link.end(), CLOSE_TIMEOUT_MS);
      await link.call({ kind: "close" });
      clearTimeout(late);
    }
    this.#running = false;
    link.end();
    this.#starting?.reject(new SeaMeetError("closed", `${this.name} is closed`));
  }

  async #launch(): Promise<void> {
    const { name, settings, logger, listener, createWorker } = this.#options;
    const started = this.#starting = Promise.withResolvers<void>();
    const link = new WorkerLink(createWorker(), {
      onReply: (reply) => {
        if (reply.kind === "started") this.#begin(link, reply, started.resolve);
        else if (reply.kind === "failed") started.reject(new SeaMeetError(reply.code, reply.message));
        else this.#pass(reply, listener, logger);
      },
      onBeat: (answer) => this.#beat(answer),
      onLost: (reason) => {
        started.reject(new SeaMeetError("io", `Cannot start ${name}: ${reason}`));
        this.#lost(reason);
      },
    });
    this.#link = link;
    const late = setTimeout(
      () => started.reject(new SeaMeetError("io", `Cannot start ${name}: it takes too long`)),
      START_TIMEOUT_MS,
    );
    // The same port as before: clients were told it, and firewalls let it through.
    link.send({ kind: "start", name, settings: { ...settings, udpPort: this.udpPort } });
    try {
      await started.promise;
    } catch (error) {
      link.end();
      this.#link = undefined;
      throw error;
    } finally {
      this.#starting = undefined;
      clearTimeout(late);
    }
  }

  #begin(
    link: WorkerLink,
    { udpPort, addresses, engine }: Extract<WorkerReply, { kind: "started" }>,
    done: () => void,
  ) {
    this.udpPort = udpPort;
    this.addresses = addresses;
    this.engine = engine;
    this.#running = true;
    this.#startedAt = performance.now();
    this.#lastBeat = undefined;
    link.watch();
    done();
  }

  #pass(
    reply: Exclude<WorkerReply, { kind: "started" | "failed" | "answer" }>,
    listener: WorkerHostListener,
    logger: Logger,
  ): void {
    switch (reply.kind) {
      case "text":
        return this.#connections.get(reply.to)?.send(reply.text);
      case "end":
        return this.#connections.get(reply.to)?.close(reply.code, reply.reason);
      case "event":
        return listener.onEvent(reply.event);
      case "membership":
        return listener.onMembership(reply.change);
      case "load":
        return listener.onLoad?.(reply.change);
      case "log":
        return logger.log(reply.level, reply.module, reply.message, { ...reply.fields, host: this.name });
    }
  }

  #beat({ sent = 0, addresses = this.addresses }: WorkerAnswer): void {
    const at = performance.now();
    if (this.#lastBeat !== undefined) {
      this.packetsPerSecond = (sent - this.#lastBeat.sent) / ((at - this.#lastBeat.at) / 1_000);
    }
    this.#lastBeat = { at, sent };
    this.addresses = addresses;
  }

  #lost(reason: string): void {
    if (!this.#running) return;
    this.#running = false;
    this.#link = undefined;
    this.packetsPerSecond = 0;
    this.#connections.clear();
    if (performance.now() - this.#startedAt >= STABLE_MS) this.#failures = 0;
    if (this.#closed) return;
    const { logger, listener, name } = this.#options;
    logger.log("error", "io", "A worker has ended: its calls are interrupted", { host: name, reason });
    listener.onLost(reason);
    this.#restartLater();
  }

  #restartLater(): void {
    const delay = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#failures);
    this.#failures++;
    this.#restartTimer = setTimeout(() => void this.#restart(), delay);
  }

  async #restart(): Promise<void> {
    const { logger, listener, name } = this.#options;
    try {
      await this.#launch();
    } catch (error) {
      if (this.#closed) return;
      const reason = error instanceof Error ? error.message : String(error);
      logger.log("error", "io", "A worker cannot be started again", { host: name, reason });
      // Deno does not end a thread that is caught in an endless loop, and its port stays taken with it. Where any port
      // will do another one is taken; else the rooms stay on the other workers until the process is restarted.
      const inUse = error instanceof SeaMeetError && error.code === "address_in_use";
      if (inUse && this.#options.settings.udpPort === 0) this.udpPort = 0;
      this.#restartLater();
      return;
    }
    logger.log("info", "io", "A worker has been started again", { host: name, port: this.udpPort });
    listener.onRestarted();
  }
}
