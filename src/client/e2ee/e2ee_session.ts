import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import type {
  ChatMessage,
  E2eePublicKeyMessage,
  E2eeSenderKeyMessage,
  ParticipantStatus,
} from "../../signaling/messages.ts";
import { ClientError } from "../client_error.ts";
import type { Emitter } from "../emitter.ts";
import type { Scheduler } from "../scheduler.ts";
import type { RoomSender } from "../room_sender.ts";
import type { ClientEvents } from "../types.ts";
import { decryptText, encryptText } from "./chat_cipher.ts";
import { DeviceIdentity } from "./device_identity.ts";
import { browserIdentityStore, memoryIdentityStore } from "./identity_store.ts";
import { KeyExchange } from "./key_exchange.ts";
import { browserTransform, encryptionSupport, MediaTransforms } from "./media_transforms.ts";
import type { RemoteKeys } from "./remote_keys.ts";
import { TrustBook } from "./trust_book.ts";
import type { E2eeOptions, Encryption, EncryptionState, ParticipantEncryption } from "./types.ts";
import type { FromWorker, WorkerLike } from "./worker_messages.ts";

/** How long the worker's script may take to load. */
const WORKER_TIMEOUT_MS: Millis = 15_000;

/** Shortest time between two requests for a whole picture of one participant. */
const KEYFRAME_INTERVAL_MS: Millis = 1_000;

/** Lines of ours whose text is kept until the server sends them back. */
const MAX_SENT_LINES = 200;

/** What an {@linkcode E2eeSession} needs from outside. */
export interface E2eeSessionOptions {
  /** Our id. */
  readonly self: ParticipantId;
  /** The room. */
  readonly roomId: RoomId;
  /** What the application chose. */
  readonly e2ee: E2eeOptions;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** Where events go. */
  readonly events: Emitter<ClientEvents>;
  /** Writes messages. */
  readonly sender: RoomSender;
}

/** End-to-end encryption of one client: keys, frames and chat, in the order in which messages come. */
export class E2eeSession implements Encryption {
  /** What puts the worker between tracks and network. */
  readonly transforms: MediaTransforms;
  #options: E2eeSessionOptions;
  #worker: WorkerLike;
  #ownsWorker: boolean;
  #exchange: KeyExchange | undefined;
  #queue: Promise<void>;
  #statuses = new Map<ParticipantId, ParticipantEncryption>();
  #askedFor = new Set<ParticipantId>();
  #sent = new Map<string, string>();
  #cancelTimeout: () => void;
  #closed = false;

  /**
   * Starts the worker.
   *
   * @throws {ClientError} `e2ee_unsupported` when the browser cannot do it, `e2ee_failed` when there is no worker to be had.
   */
  constructor(options: E2eeSessionOptions) {
    this.#options = options;
    const { worker, environment = {} } = options.e2ee;
    const support = environment.support ?? encryptionSupport();
    if (support === "none") {
      const text =
        "This browser cannot encrypt from end to end: it has neither RTCRtpScriptTransform nor encoded streams, or the page is not secure";
      throw new ClientError("e2ee_unsupported", text);
    }
    this.#ownsWorker = typeof worker === "string" || worker instanceof URL;
    this.#worker = startWorker(worker);
    this.#worker.addEventListener("message", ({ data }) => this.#hear(data));
    this.#worker.addEventListener("error", () => this.#fail("The frame worker failed"));
    this.#worker.postMessage({ type: "start", self: options.self });
    this.transforms = new MediaTransforms(this.#worker, support, environment.makeTransform ?? browserTransform);
    this.#cancelTimeout = this.#ownsWorker
      ? options.scheduler.after(WORKER_TIMEOUT_MS, () => this.#fail("The frame worker did not start"))
      : () => {};
    this.#queue = this.#start();
  }

  /** A session where the application wants one. @throws {ClientError} as the constructor. */
  static start(e2ee: E2eeOptions | undefined, options: Omit<E2eeSessionOptions, "e2ee">): E2eeSession | undefined {
    return e2ee?.mode === "on" ? new E2eeSession({ ...options, e2ee }) : undefined;
  }

  /** We are in the room. */
  handleReady(peers: readonly ParticipantId[]): void {
    this.#run((exchange) => exchange.enter(peers));
  }

  /** The others in the room. */
  handleMembers(members: readonly ParticipantStatus[]): void {
    const list = members.map(({ id, display_name, e2ee }) => ({ id, displayName: display_name ?? "", e2ee }));
    this.#run(async (exchange) => {
      await exchange.setMembers(list);
      for (const id of this.#statuses.keys()) if (!exchange.remotes.has(id)) this.#statuses.delete(id);
    });
  }

  /** A key came. */
  handleKey(message: E2eePublicKeyMessage | E2eeSenderKeyMessage): void {
    this.#run((exchange) =>
      message.type === "e2ee_public_key" ? exchange.handlePublicKey(message) : exchange.handleSenderKey(message)
    );
  }

  /** Encrypts a line of chat and hands it to `send`; a line that cannot be encrypted is not sent. */
  encryptChat(text: string, send: (content: string, keyId: number) => void): void {
    this.#run(async ({ own }) => {
      const { keyId, raw } = own.active;
      const content = await encryptText(raw, text);
      this.#sent.set(content, text);
      for (const oldest of this.#sent.keys()) {
        if (this.#sent.size <= MAX_SENT_LINES) break;
        this.#sent.delete(oldest);
      }
      send(content, keyId);
    });
  }

  /** Reads a line of chat, after all keys that came before it; hands over `undefined` for one that cannot be read. */
  readChat(message: ChatMessage, done: (text: string | undefined) => void): void {
    this.#run(async (exchange) => {
      if (!message.encrypted) return done(message.content);
      const own = this.#sent.get(message.content);
      if (message.from === this.#options.self && own !== undefined) return done(own);
      const keys = exchange.remotes.get(message.from)?.keys ?? [];
      done(await decryptText(keys.map(({ raw }) => raw), message.content));
    });
  }

  statusOf(participant: ParticipantId): ParticipantEncryption | undefined {
    return this.#statuses.get(participant);
  }

  safetyNumber(participant: ParticipantId): string | undefined {
    return this.#statuses.get(participant)?.safetyNumber;
  }

  markVerified(participant: ParticipantId, verified = true, compared?: string): Promise<boolean> {
    return this.#accept(participant, verified, compared);
  }

  acceptKey(participant: ParticipantId, shown?: string): Promise<boolean> {
    return this.#accept(participant, false, shown);
  }

  allowUnencrypted(participant: ParticipantId, allowed = true): void {
    this.#run((exchange) => {
      const remote = exchange.remotes.get(participant);
      if (remote === undefined) return;
      remote.unencryptedAllowed = allowed;
      this.#worker.postMessage({ type: "allowClear", from: participant, allowed });
      this.#changed(remote);
    });
  }

  /** Ends all of it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimeout();
    this.#exchange?.close();
    this.transforms.reset();
    if (this.#ownsWorker) this.#worker.terminate();
  }

  async #start(): Promise<void> {
    const { self, roomId, e2ee, scheduler, sender } = this.#options;
    let store = e2ee.identityStore ?? browserIdentityStore();
    let identity: DeviceIdentity;
    try {
      identity = await DeviceIdentity.load(store);
    } catch (cause) {
      const text =
        "This browser keeps no keys: others will see another device next time, and nothing is remembered about them";
      this.#report(new ClientError("e2ee_failed", text, { cause }));
      store = memoryIdentityStore();
      identity = await DeviceIdentity.load(store);
    }
    if (this.#closed) return;
    this.#exchange = new KeyExchange({
      self,
      roomId,
      scheduler,
      identity,
      trust: new TrustBook(store),
      send: (message) => this.#closed || sender.key(message),
      worker: (message) => this.#worker.postMessage(message),
      onChange: (remote) => this.#changed(remote),
      onKeyChange: (change) => this.#options.events.emit("keychanged", change),
    });
    this.#exchange.startRenewal((task) => this.#run(task));
  }

  /** One after another: what a key message needs may still be on its way into place. */
  #run(task: (exchange: KeyExchange) => void | Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.#exchange !== undefined && !this.#closed) await task(this.#exchange);
    }).catch((cause) => this.#report(new ClientError("e2ee_failed", "Encryption failed", { cause })));
    return this.#queue;
  }

  async #accept(participant: ParticipantId, verified: boolean, number?: string): Promise<boolean> {
    let taken = false;
    await this.#run(async (exchange) => {
      const remote = exchange.remotes.get(participant);
      taken = remote !== undefined && await exchange.accept(remote, verified, number);
    });
    return taken;
  }

  #changed(remote: RemoteKeys): void {
    const before = this.#statuses.get(remote.id);
    const status: ParticipantEncryption = {
      state: stateOf(remote),
      trust: remote.trust,
      safetyNumber: this.#exchange?.numberOf(remote),
      unencryptedAllowed: remote.unencryptedAllowed,
    };
    if (before !== undefined && same(before, status)) return;
    this.#statuses.set(remote.id, status);
    const { events } = this.#options;
    events.emit("encryptionchanged", { participant: remote.id, encryption: status });
    if (status.safetyNumber !== undefined && status.safetyNumber !== before?.safetyNumber) {
      events.emit("safetynumber", { participant: remote.id, safetyNumber: status.safetyNumber });
    }
  }

  #hear(message: FromWorker): void {
    if (this.#closed) return;
    if (message.type === "ready") this.#cancelTimeout();
    else if (message.type === "recovered") this.#askForPicture(message.from);
    else for (const drop of message.drops) this.#options.events.emit("decryptfailed", drop);
  }

  #askForPicture(from: ParticipantId): void {
    if (this.#askedFor.has(from)) return;
    this.#askedFor.add(from);
    this.#options.scheduler.after(KEYFRAME_INTERVAL_MS, () => this.#askedFor.delete(from));
    this.#options.sender.requestKeyframe(from);
  }

  #fail(text: string): void {
    this.#report(new ClientError("e2ee_failed", `${text}: nothing can be sent or shown`));
  }

  #report(error: ClientError): void {
    if (!this.#closed) this.#options.events.emit("error", error);
  }
}

function startWorker(worker: E2eeOptions["worker"]): WorkerLike {
  if (worker === undefined) {
    throw new ClientError("e2ee_failed", "Encryption needs the frame worker: option e2ee.worker");
  }
  if (typeof worker !== "string" && !(worker instanceof URL)) return worker;
  try {
    return new Worker(worker, { type: "module" });
  } catch (cause) {
    throw new ClientError("e2ee_failed", "The browser does not start the frame worker", { cause });
  }
}

function stateOf(remote: RemoteKeys): EncryptionState {
  if (remote.held) return "held";
  if (remote.points.length === 0 && !remote.e2ee) return "unencrypted";
  return remote.keys.length > 0 && remote.given ? "encrypted" : "exchanging";
}

function same(a: ParticipantEncryption, b: ParticipantEncryption): boolean {
  return a.state === b.state && a.trust === b.trust && a.safetyNumber === b.safetyNumber &&
    a.unencryptedAllowed === b.unencryptedAllowed;
}
