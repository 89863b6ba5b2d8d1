import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import type { E2eePublicKeyMessage, E2eeSenderKeyMessage } from "../../signaling/messages.ts";
import type { Scheduler } from "../scheduler.ts";
import { type DeviceIdentity, isSignedBy } from "./device_identity.ts";
import { fromBase64, sameBytes, toBase64 } from "./encoding.ts";
import { OwnKeys } from "./own_keys.ts";
import { PastKeys } from "./past_keys.ts";
import { safetyNumber } from "./safety_number.ts";
import { type OfferedKeys, RemoteKeys, type SenderKey } from "./remote_keys.ts";
import { isPoint, openKey, publicKeyStatement, type SealContext, sealKey } from "./sealed_keys.ts";
import type { TrustBook } from "./trust_book.ts";
import type { KeyChange } from "./types.ts";
import type { ToWorker } from "./worker_messages.ts";

/** How often keys change while nobody comes or goes. */
const RENEWAL_MS: Millis = 120_000;

/** How long a sender's earlier keys are kept after a new one has come, for frames that are under way. */
const KEY_GRACE_MS: Millis = 5_000;

/** Clients of the basic protocol lose a key that comes while they still import the public key before it: they get it again. */
const REPEAT_FOR_BASIC_MS: Millis = 300;

/** A member as the exchange sees it. */
export interface ExchangeMember {
  /** Its id. */
  readonly id: ParticipantId;
  /** The name it is pinned under. */
  readonly displayName: string;
  /** Says that it has announced a key. */
  readonly e2ee: boolean;
}

/** What a {@linkcode KeyExchange} needs from outside. */
export interface KeyExchangeOptions {
  /** Our id. */
  readonly self: ParticipantId;
  /** The room; keys of one room open nothing in another. */
  readonly roomId: RoomId;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** Our device's identity. */
  readonly identity: DeviceIdentity;
  /** Who was met before. */
  readonly trust: TrustBook;
  /** Sends a message of ours. */
  readonly send: (message: E2eePublicKeyMessage | E2eeSenderKeyMessage) => void;
  /** Tells the frame worker. */
  readonly worker: (message: ToWorker) => void;
  /** Something about somebody is different now. */
  readonly onChange: (remote: RemoteKeys) => void;
  /** Somebody's identity is not the expected one. */
  readonly onKeyChange: (change: KeyChange) => void;
}

/**
 * Hands out our sender keys and takes those of others.
 *
 * Every method must be called after the one before has finished: keys and what they need come as messages in order, and
 * importing takes time.
 */
export class KeyExchange {
  /** The others. */
  readonly remotes: Map<ParticipantId, RemoteKeys> = new Map();
  /** Ours. */
  readonly own: OwnKeys;
  #options: KeyExchangeOptions;
  /** Who was in the room when we came, and so heard our first announcement. */
  #present: ReadonlySet<ParticipantId> = new Set();
  #cancels = new Set<() => void>();
  #past = new PastKeys();

  /** Makes the first key and gives it to the worker. */
  constructor(options: KeyExchangeOptions) {
    this.#options = options;
    this.own = new OwnKeys(options.scheduler, (key) => this.#useKey(key));
    this.#useKey(this.own.active);
  }

  /** Our identity key, 65 bytes. */
  get identity(): Uint8Array<ArrayBuffer> {
    return this.#options.identity.publicKey;
  }

  /** We are in the room (again), with `peers`: everybody hears our key, and is asked for theirs. */
  async enter(peers: readonly ParticipantId[]): Promise<void> {
    for (const remote of this.remotes.values()) remote.given = false;
    this.#present = new Set(peers);
    await this.own.renewExchange();
    await this.#announce({ replyWanted: true });
  }

  /** Takes who is in the room, without ourselves. Who is gone can read nothing that is sent from now on. */
  async setMembers(members: readonly ExchangeMember[]): Promise<void> {
    const present = new Set(members.map(({ id }) => id));
    const gone = [...this.remotes.values()].filter(({ id }) => !present.has(id));
    for (const { id, identity } of gone) {
      this.remotes.delete(id);
      this.#options.worker({ type: "remove", from: id });
      this.#past.left(id, identity);
    }
    for (const { id, displayName, e2ee } of members) {
      const known = this.remotes.get(id);
      const remote = known ?? new RemoteKeys(id, displayName);
      if (known === undefined) remote.told = this.#present.has(id);
      this.remotes.set(id, remote);
      if (known !== undefined && known.name !== displayName) await this.#rename(known, displayName);
      if (known !== undefined && known.e2ee === e2ee) continue;
      remote.e2ee = e2ee;
      this.#options.onChange(remote);
    }
    if (gone.some(({ given }) => given)) await this.rotate();
  }

  /** Everything new: called every two minutes. */
  async renew(): Promise<void> {
    await this.own.renewExchange();
    await this.#announce({});
    await this.rotate();
  }

  /** Makes a new sender key and gives it to everybody who may have it. */
  async rotate(): Promise<void> {
    const key = this.own.rotate();
    for (const remote of this.remotes.values()) await this.#give(remote, key);
  }

  /** Somebody's public key. Malformed and wrongly signed ones are dropped. */
  async handlePublicKey(message: E2eePublicKeyMessage): Promise<void> {
    const remote = this.remotes.get(message.from);
    if (remote === undefined) return;
    const offered = await this.#readOffer(message);
    if (offered === undefined) return;
    const expected = remote.points.length > 0 ? remote.identity : this.#past.identityOf(remote.id);
    if (expected !== undefined && !sameIdentity(expected, offered.identity)) {
      return this.#refuse(remote, offered);
    }
    const isNew = await this.#take(remote, offered);
    const isBasic = remote.identity === undefined;
    if (message.reply_wanted === true) remote.told = remote.given = false;
    // Basic clients forget ours with their own, and need it again before they can open anything.
    if (!remote.told || (isNew && isBasic)) await this.#announce({ to: remote });
    // What was sealed for its earlier key may have come when it could not be opened any more.
    await this.#giveTo(remote, isBasic || isNew);
    await this.#openDeferred(remote);
  }

  /** Somebody's sealed sender key. */
  async handleSenderKey(message: E2eeSenderKeyMessage): Promise<void> {
    const remote = this.remotes.get(message.from);
    if (remote === undefined || message.to !== this.#options.self || message.key_id <= remote.highest) return;
    const raw = remote.held ? undefined : await this.#open(remote, message);
    // It may be ahead of the public key that it needs.
    if (raw === undefined) return remote.defer(message);
    if (!remote.addKey({ keyId: message.key_id, raw })) return;
    this.#options.worker({ type: "key", from: remote.id, keyId: message.key_id, key: raw });
    this.#after(KEY_GRACE_MS, () => {
      if (this.remotes.get(remote.id) !== remote) return;
      remote.purge(message.key_id);
      this.#options.worker({ type: "purge", from: remote.id, keepKeyId: message.key_id });
    });
    this.#options.onChange(remote);
  }

  /** The number to compare: of the identities; of the short-lived keys with clients of the basic protocol, as those compute it. */
  numberOf(remote: RemoteKeys): string | undefined {
    const shown = remote.offered ?? { identity: remote.identity, point: remote.points[0] };
    if (shown.identity !== undefined) return safetyNumber(this.identity, shown.identity);
    const point = this.own.exchange[0]?.point;
    return shown.point && point && safetyNumber(point, shown.point);
  }

  /**
   * The person takes the key of somebody for good that was held back or has changed, verified or not.
   *
   * @param number What the person was shown; with another by now nothing is done, and the answer is `false`.
   */
  async accept(remote: RemoteKeys, verified: boolean, number?: string): Promise<boolean> {
    if (number !== undefined && number !== this.numberOf(remote)) return false;
    const { offered } = remote;
    this.#past.forget(remote.id);
    if (offered !== undefined) {
      // Nothing that came under the earlier identity holds any more.
      this.#options.worker({ type: "remove", from: remote.id });
      Object.assign(remote, { offered: undefined, identity: offered.identity, points: [], keys: [], highest: -1 });
      remote.addPoint(offered.point);
    }
    const { roomId, trust } = this.#options;
    if (remote.identityText !== undefined) await trust.pin(roomId, remote.name, remote.identityText, verified);
    remote.trust = remote.identity === undefined ? "none" : verified ? "verified" : "known";
    const wasHeld = remote.held;
    remote.held = false;
    this.#options.onChange(remote);
    if (!wasHeld) return true;
    await this.#giveTo(remote, remote.identity === undefined);
    await this.#openDeferred(remote);
    return true;
  }

  /** Starts changing keys now and then. */
  startRenewal(enqueue: (task: () => Promise<void>) => void): void {
    this.#after(RENEWAL_MS, () => {
      enqueue(() => this.renew());
      this.startRenewal(enqueue);
    });
  }

  /** Ends all waiting. */
  close(): void {
    this.own.close();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  async #readOffer(message: E2eePublicKeyMessage): Promise<OfferedKeys | undefined> {
    const point = fromBase64(message.public_key);
    if (point === undefined || !await isPoint(point)) return undefined;
    if (message.identity_key === undefined || message.signature === undefined) return { identity: undefined, point };
    const identity = fromBase64(message.identity_key);
    const signature = fromBase64(message.signature);
    if (identity === undefined || signature === undefined) return undefined;
    const statement = publicKeyStatement(this.#options.roomId, message.from, point);
    return await isSignedBy(identity, signature, statement) ? { identity, point } : undefined;
  }

  async #take(remote: RemoteKeys, { identity, point }: OfferedKeys): Promise<boolean> {
    const isFirst = remote.points.length === 0 || remote.identity === undefined && identity !== undefined;
    const isNew = remote.addPoint(point);
    remote.e2ee = true;
    if (isFirst) {
      remote.identity = identity;
      this.#refuseClear(remote);
      await this.#assess(remote);
    }
    if (isNew) this.#options.onChange(remote);
    return isNew;
  }

  /** What was allowed of somebody without a key ends with the first one: else it could be kept away and clear frames put in its place. */
  #refuseClear(remote: RemoteKeys): void {
    if (!remote.unencryptedAllowed) return;
    remote.unencryptedAllowed = false;
    this.#options.worker({ type: "allowClear", from: remote.id, allowed: false });
  }

  /** Only the server can change a name during a call: whoever gets that of another is compared with them. */
  async #rename(remote: RemoteKeys, name: string): Promise<void> {
    remote.name = name;
    const before = remote.trust;
    if (remote.points.length === 0 || before === "changed") return;
    await this.#assess(remote);
    if (before === "verified" && remote.trust !== "changed") remote.trust = before;
    this.#options.onChange(remote);
  }

  /** Compares with who was met before; a stranger's key is remembered. */
  async #assess(remote: RemoteKeys): Promise<void> {
    const { roomId, trust, onKeyChange } = this.#options;
    const finding = await trust.find(roomId, remote.name, remote.identityText);
    remote.trust = finding.trust;
    if (finding.trust === "new" && remote.identityText !== undefined) {
      await trust.pin(roomId, remote.name, remote.identityText, false);
    }
    if (finding.trust !== "changed") return;
    remote.held = finding.wasVerified;
    onKeyChange({ participant: remote.id, scope: "name", wasVerified: finding.wasVerified, held: remote.held });
  }

  /** An identity never changes under one participant id: either somebody sits between, or a page that was cloned. */
  #refuse(remote: RemoteKeys, offered: OfferedKeys): void {
    const isRepeated = remote.offered !== undefined && sameIdentity(remote.offered.identity, offered.identity) &&
      sameBytes(remote.offered.point, offered.point);
    remote.offered = offered;
    if (isRepeated) return;
    const wasVerified = remote.trust === "verified";
    remote.trust = "changed";
    remote.held = true;
    this.#options.onChange(remote);
    this.#options.onKeyChange({ participant: remote.id, scope: "call", wasVerified, held: true });
  }

  async #announce({ to, replyWanted = false }: { to?: RemoteKeys; replyWanted?: boolean }): Promise<void> {
    const { self, roomId, identity, send } = this.#options;
    const point = this.own.exchange[0]?.point;
    if (point === undefined) return;
    const signature = await identity.sign(publicKeyStatement(roomId, self, point));
    send({
      type: "e2ee_public_key",
      from: self,
      room_id: roomId,
      public_key: toBase64(point),
      identity_key: toBase64(identity.publicKey),
      signature: toBase64(signature),
      ...(to === undefined ? {} : { to: to.id }),
      ...(replyWanted ? { reply_wanted: true } : {}),
    });
    for (const remote of to === undefined ? this.remotes.values() : [to]) remote.told = true;
  }

  /** Somebody needs our key: one that no frame before was encrypted with, so that it cannot read what was recorded. */
  async #giveTo(remote: RemoteKeys, repeat: boolean): Promise<void> {
    if (remote.given && !repeat) return;
    if (!remote.given && this.own.pending === undefined && !remote.held) return await this.rotate();
    await this.#give(remote, this.own.newest);
  }

  async #give(remote: RemoteKeys, key: SenderKey, isRepetition = false): Promise<void> {
    const { self, roomId, identity, send, onChange } = this.#options;
    const [point] = remote.points;
    const [exchange] = this.own.exchange;
    if (remote.held || point === undefined || exchange === undefined) return;
    const context: SealContext = {
      roomId,
      from: { id: self, point: exchange.point, identity: identity.publicKey },
      to: { id: remote.id, point, identity: remote.identity },
      keyId: key.keyId,
    };
    const sealed = await sealKey(exchange, context, key.raw);
    remote.given = true;
    onChange(remote);
    send({
      type: "e2ee_sender_key",
      from: self,
      to: remote.id,
      room_id: roomId,
      encrypted_key: toBase64(sealed),
      key_id: key.keyId,
    });
    if (remote.identity !== undefined || isRepetition) return;
    this.#after(REPEAT_FOR_BASIC_MS, () => {
      if (this.remotes.get(remote.id) === remote && this.own.newest === key) void this.#give(remote, key, true);
    });
  }

  async #open(remote: RemoteKeys, message: E2eeSenderKeyMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { self, roomId, identity } = this.#options;
    const sealed = fromBase64(message.encrypted_key);
    if (sealed === undefined) return undefined;
    for (const exchange of this.own.exchange) {
      for (const point of remote.points) {
        const context: SealContext = {
          roomId,
          from: { id: remote.id, point, identity: remote.identity },
          to: { id: self, point: exchange.point, identity: identity.publicKey },
          keyId: message.key_id,
        };
        const raw = await openKey(exchange, context, sealed);
        if (raw !== undefined) return this.#past.isFresh(exchange, raw) ? raw : undefined;
      }
    }
    return undefined;
  }

  async #openDeferred(remote: RemoteKeys): Promise<void> {
    if (remote.held) return;
    for (const message of remote.takeDeferred()) await this.handleSenderKey(message);
  }

  #useKey({ keyId, raw }: SenderKey): void {
    this.#options.worker({ type: "ownKey", keyId, key: raw });
  }

  #after(delay: Millis, callback: () => void): void {
    const cancel = this.#options.scheduler.after(delay, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }
}

function sameIdentity(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}
