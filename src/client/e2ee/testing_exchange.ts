import type { ParticipantId } from "../../base/ids.ts";
import type { E2eePublicKeyMessage, E2eeSenderKeyMessage } from "../../signaling/messages.ts";
import { ManualScheduler } from "../testing_fakes.ts";
import { DeviceIdentity } from "./device_identity.ts";
import { FrameDecryptor } from "./frame_decryptor.ts";
import { FrameEncryptor } from "./frame_encryptor.ts";
import { type IdentityStore, memoryIdentityStore } from "./identity_store.ts";
import { KeyExchange } from "./key_exchange.ts";
import { TrustBook } from "./trust_book.ts";
import type { KeyChange } from "./types.ts";
import type { ToWorker } from "./worker_messages.ts";

/** A message about keys. */
export type KeyMessage = E2eePublicKeyMessage | E2eeSenderKeyMessage;

/** The room of the tests. */
export const ROOM = "daily";

const TEXT = new TextEncoder().encode("a frame of somebody");

/** One member with keys and what its worker would hold. */
export class TestMember {
  readonly id: ParticipantId = crypto.randomUUID();
  readonly name: string;
  readonly exchange: KeyExchange;
  readonly changes: KeyChange[] = [];
  readonly sent: KeyMessage[] = [];
  /** What its worker was told. */
  readonly told: ToWorker[] = [];
  readonly encryptor: FrameEncryptor;
  readonly decryptors: Map<ParticipantId, FrameDecryptor> = new Map();
  queue: Promise<void> = Promise.resolve();
  #saying: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(name: string, room: TestRoom, identity: DeviceIdentity, store: IdentityStore) {
    this.name = name;
    this.encryptor = new FrameEncryptor(this.id);
    this.exchange = new KeyExchange({
      self: this.id,
      roomId: ROOM,
      scheduler: room.scheduler,
      identity,
      trust: new TrustBook(store),
      send: (message) => {
        this.sent.push(message);
        room.relay(message);
        this.#saying.resolve();
        this.#saying = Promise.withResolvers();
      },
      worker: (message) => this.#handle(message),
      onChange: () => {},
      onKeyChange: (change) => this.changes.push(change),
    });
  }

  run(task: () => Promise<void>): void {
    this.queue = this.queue.then(task);
  }

  /** Waits until it has said something of this type that was not taken out of `sent`. */
  async says(type: KeyMessage["type"]): Promise<void> {
    while (!this.sent.some((message) => message.type === type)) await this.#saying.promise;
  }

  /** A frame as the server sees it. */
  async frame(): Promise<Uint8Array<ArrayBuffer>> {
    const frame = await this.encryptor.encrypt("audio", undefined, TEXT);
    if (typeof frame === "string") throw new Error(frame);
    return frame;
  }

  /** Says whether a frame that came as `from`'s can be read. */
  async reads(from: TestMember, frame: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const decrypted = await this.decryptors.get(from.id)?.decrypt(frame, 0);
    return decrypted instanceof Uint8Array && decrypted.toHex() === TEXT.toHex();
  }

  #handle(message: ToWorker): void {
    this.told.push(message);
    if (message.type === "ownKey") this.encryptor.setKey(message.keyId, message.key);
    else if (message.type === "remove") this.decryptors.delete(message.from);
    else if (message.type === "purge") this.decryptors.get(message.from)?.purge(message.keepKeyId);
    else if (message.type === "key") {
      const decryptor = this.decryptors.get(message.from) ?? new FrameDecryptor(message.from);
      this.decryptors.set(message.from, decryptor);
      decryptor.addKey(message.keyId, message.key);
    }
  }
}

/** A room whose server the test can bend. */
export class TestRoom {
  readonly scheduler = new ManualScheduler();
  readonly members: TestMember[] = [];
  /** What the server makes of a message for one recipient; as many as it likes. */
  bend: (message: KeyMessage, to: TestMember) => KeyMessage[] = (message) => [message];

  /** Somebody comes; the device is kept in `store`. */
  async join(name: string, store: IdentityStore = memoryIdentityStore()): Promise<TestMember> {
    const member = new TestMember(name, this, await DeviceIdentity.load(store), store);
    const peers = this.members.map(({ id }) => id);
    this.members.push(member);
    member.run(() => member.exchange.enter(peers));
    this.#tellMembers();
    await this.idle();
    return member;
  }

  /** Somebody goes. */
  async leave(member: TestMember): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1);
    this.#tellMembers();
    await this.idle();
  }

  /** Passes a message on. */
  relay(message: KeyMessage): void {
    for (const member of this.members) {
      if (member.id === message.from || (message.to !== undefined && message.to !== member.id)) continue;
      for (const bent of this.bend(message, member)) {
        const { exchange } = member;
        member.run(() =>
          bent.type === "e2ee_public_key" ? exchange.handlePublicKey(bent) : exchange.handleSenderKey(bent)
        );
      }
    }
  }

  /** Waits until nobody has anything more to do at this time. */
  async idle(): Promise<void> {
    let before: Promise<void>[];
    do {
      before = this.members.map(({ queue }) => queue);
      await Promise.all(before);
    } while (this.members.some(({ queue }, i) => queue !== before[i]));
  }

  /** Moves the clock. */
  async advance(span: number): Promise<void> {
    await this.scheduler.advance(span);
    await this.idle();
  }

  #tellMembers(): void {
    for (const member of this.members) {
      const others = this.members.filter((other) => other !== member)
        .map(({ id, name }) => ({ id, displayName: name, e2ee: true }));
      member.run(() => member.exchange.setMembers(others));
    }
  }
}
