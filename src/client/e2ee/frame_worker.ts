import type { ParticipantId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import { type DecryptFailure, FrameDecryptor } from "./frame_decryptor.ts";
import { type EncryptFailure, FrameEncryptor } from "./frame_encryptor.ts";
import type { FrameDrops, FrameLike, FromWorker, ToWorker, TransformOptions } from "./worker_messages.ts";

/** Shortest time between two reports of dropped frames: a lost key drops a hundred a second. */
const REPORT_INTERVAL_MS: Millis = 1_000;

/** Participants that are kept count of at a time; more than a room holds is a mistake. */
const MAX_DROP_ENTRIES = 512;

/**
 * How long sound waits to be told whose it is: in large rooms a line carries whoever speaks, and the first packets of
 * somebody may be faster than the message that says so. Longer, and the sound after it would come late for good.
 */
const OWNER_PATIENCE_MS: Millis = 400;

/** How long packets of whoever had the line before are late and no more; what comes then is somebody's mistake, or worse. */
const LATE_MS: Millis = 2_000;

/** What a {@linkcode FrameWorker} needs from outside. */
export interface FrameWorkerOptions {
  /** Tells the page. */
  readonly post: (message: FromWorker) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => Millis;
  /** Calls back once after the given time. */
  readonly after: (delay: Millis, callback: () => void) => void;
}

/** One participant's state as a receiver sees it. */
interface Remote {
  readonly decryptor: FrameDecryptor;
  clearAllowed: boolean;
  /** Pictures were dropped since the last one that could be shown. */
  missingPictures: boolean;
}

/** One line on which others come. */
interface Line {
  owner: ParticipantId | undefined;
  /** Whose it was before: packets of theirs may still be on the way. */
  previous: ParticipantId | undefined;
  changedAt: Millis;
  /** Since when nothing could be decrypted, unless something has changed since. */
  failingSince: Millis | undefined;
  /** Lets what waits look again. */
  wake: () => void;
}

/** Why a frame is not shown; without a reason it is nothing to report. */
interface Refusal {
  readonly owner: ParticipantId | undefined;
  readonly reason?: DecryptFailure;
  /** It may be that of somebody whose line this becomes in a moment. */
  readonly mayWait: boolean;
}

/** Encrypts and decrypts the frames of one client, away from the page's own thread. */
export class FrameWorker {
  #options: FrameWorkerOptions;
  #self: ParticipantId = "";
  #encryptor = new FrameEncryptor("");
  #remotes = new Map<ParticipantId, Remote>();
  #lines = new Map<number, Line>();
  #drops = new Map<string, FrameDrops>();
  #reporting = false;

  /** Creates a worker that lets nothing through. */
  constructor(options: FrameWorkerOptions) {
    this.#options = options;
  }

  /** Does what the page says. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case "start":
        this.#self = message.self;
        this.#encryptor = new FrameEncryptor(message.self);
        this.#remotes.clear();
        return this.#bind(new Map());
      case "ownKey":
        return this.#encryptor.setKey(message.keyId, message.key);
      case "key":
        this.#remote(message.from).decryptor.addKey(message.keyId, message.key);
        return this.#lookAgain(message.from);
      case "purge":
        return this.#remote(message.from).decryptor.purge(message.keepKeyId);
      case "remove":
        return void this.#remotes.delete(message.from);
      case "allowClear":
        this.#remote(message.from).clearAllowed = message.allowed;
        return;
      case "bind":
        return this.#bind(new Map(message.owners));
      case "transform":
        return this.transform(message.readable, message.writable, message.options);
    }
  }

  /** Puts itself between two ends of a track. */
  transform(
    readable: ReadableStream<FrameLike>,
    writable: WritableStream<FrameLike>,
    options: TransformOptions,
  ): void {
    const step = options.operation === "encrypt"
      ? (frame: FrameLike) => this.#encrypt(frame, options.kind)
      : (frame: FrameLike) => this.#decrypt(frame, options.kind, options.line);
    const through = new TransformStream<FrameLike, FrameLike>({
      transform: async (frame, controller) => {
        // One bad frame must not end the stream.
        if (await step(frame).catch(() => false)) controller.enqueue(frame);
      },
    });
    // It ends with the track.
    readable.pipeThrough(through).pipeTo(writable).catch(() => {});
  }

  async #encrypt(frame: FrameLike, kind: "audio" | "video"): Promise<boolean> {
    // Padding without content.
    if (frame.data.byteLength === 0) return true;
    const result = await this.#encryptor.encrypt(kind, frame.getMetadata().mimeType, new Uint8Array(frame.data));
    if (typeof result === "string") return this.#drop(this.#self, result);
    frame.data = result.buffer;
    return true;
  }

  async #decrypt(frame: FrameLike, kind: "audio" | "video", number: number): Promise<boolean> {
    if (frame.data.byteLength === 0) return true;
    const line = this.#line(number);
    let refusal = await this.#open(frame, kind, line);
    while (kind === "audio" && refusal?.mayWait === true && await this.#mayHaveChanged(line)) {
      refusal = await this.#open(frame, kind, line);
    }
    if (refusal === undefined) {
      line.failingSince = undefined;
      return true;
    }
    const { owner, reason } = refusal;
    if (owner === undefined || reason === undefined) return false;
    if (kind === "video") this.#remote(owner).missingPictures = true;
    return this.#drop(owner, reason);
  }

  /** Decrypts a frame as one of whoever the line belongs to; says why not. */
  async #open(frame: FrameLike, kind: "audio" | "video", line: Line): Promise<Refusal | undefined> {
    const { owner, previous, changedAt } = line;
    if (owner === undefined) return { owner, mayWait: true };
    const remote = this.#remote(owner);
    if (!remote.decryptor.hasKey) return remote.clearAllowed ? undefined : { owner, reason: "no_key", mayWait: true };
    const now = this.#options.now();
    const result = await remote.decryptor.decrypt(new Uint8Array(frame.data), now);
    // The line may have gone to somebody else meanwhile; this picture must not be shown under that name.
    if (line.owner !== owner) return { owner, mayWait: false };
    if (typeof result === "string") {
      const mayBeLate = kind === "audio" && previous !== owner && now - changedAt < LATE_MS;
      if (mayBeLate && previous !== undefined) {
        const late = await this.#remote(previous).decryptor.decrypt(new Uint8Array(frame.data), now);
        if (typeof late !== "string") return { owner, mayWait: false };
      }
      return { owner, reason: result, mayWait: true };
    }
    if (kind === "video" && remote.missingPictures) {
      remote.missingPictures = false;
      this.#options.post({ type: "recovered", from: owner });
    }
    frame.data = result.buffer;
    return undefined;
  }

  /** Waits until the line has another owner or its owner another key; `false` when that takes too long. */
  async #mayHaveChanged(line: Line): Promise<boolean> {
    const now = this.#options.now();
    line.failingSince ??= now;
    const left = line.failingSince + OWNER_PATIENCE_MS - now;
    if (left <= 0) return false;
    let isWoken = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    line.wake = () => {
      isWoken = true;
      resolve();
    };
    this.#options.after(left, resolve);
    await promise;
    return isWoken;
  }

  #bind(owners: ReadonlyMap<number, ParticipantId>): void {
    for (const number of owners.keys()) this.#line(number);
    for (const [number, line] of this.#lines) {
      const owner = owners.get(number);
      if (owner === line.owner) continue;
      line.previous = line.owner;
      line.changedAt = this.#options.now();
      line.owner = owner;
      line.failingSince = undefined;
      line.wake();
    }
  }

  #lookAgain(owner: ParticipantId): void {
    for (const line of this.#lines.values()) if (line.owner === owner) line.wake();
  }

  #line(number: number): Line {
    let line = this.#lines.get(number);
    if (line === undefined) {
      line = { owner: undefined, previous: undefined, changedAt: -Infinity, failingSince: undefined, wake: () => {} };
      this.#lines.set(number, line);
    }
    return line;
  }

  #remote(id: ParticipantId): Remote {
    let remote = this.#remotes.get(id);
    if (remote === undefined) {
      remote = { decryptor: new FrameDecryptor(id), clearAllowed: false, missingPictures: false };
      this.#remotes.set(id, remote);
    }
    return remote;
  }

  #drop(participant: ParticipantId, reason: EncryptFailure | DecryptFailure): false {
    const key = `${participant} ${reason}`;
    const count = (this.#drops.get(key)?.count ?? 0) + 1;
    if (count > 1 || this.#drops.size < MAX_DROP_ENTRIES) this.#drops.set(key, { participant, reason, count });
    if (!this.#reporting) {
      this.#reporting = true;
      this.#options.after(REPORT_INTERVAL_MS, () => this.#report());
    }
    return false;
  }

  #report(): void {
    this.#reporting = false;
    this.#options.post({ type: "dropped", drops: [...this.#drops.values()] });
    this.#drops.clear();
  }
}
