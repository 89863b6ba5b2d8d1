/** A client of the basic protocol, which has no identity key and answers every public key with its own, in a room with ours. */
import { assert, assertEquals } from "@std/assert";
import type { E2eePublicKeyMessage, E2eeSenderKeyMessage } from "../../signaling/messages.ts";
import { decryptText, encryptText } from "./chat_cipher.ts";
import { fromBase64, toBase64 } from "./encoding.ts";
import { FrameDecryptor } from "./frame_decryptor.ts";
import { FrameEncryptor } from "./frame_encryptor.ts";
import { safetyNumber } from "./safety_number.ts";
import { type ExchangeKeys, makeExchangeKeys, openKey, type SealContext, sealKey } from "./sealed_keys.ts";
import { ROOM, type TestMember, TestRoom } from "./testing_exchange.ts";

/** How often a server passes the same public key to the same member. */
const MAX_REPEATS = 3;

/** The other end, beside a room with one of our members. */
class BasicClient {
  readonly id: string = crypto.randomUUID();
  readonly senderKey: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(32));
  keys: { keyId: number; raw: Uint8Array<ArrayBuffer> } | undefined;
  heard = 0;
  /** It is importing a public key, and loses what comes meanwhile. */
  deaf = false;
  readonly exchange: ExchangeKeys;
  #room: TestRoom;
  #ours: TestMember;
  #passed = 0;

  constructor(room: TestRoom, ours: TestMember, exchange: ExchangeKeys) {
    this.#room = room;
    this.#ours = ours;
    this.exchange = exchange;
  }

  announce(): void {
    if (++this.#passed > MAX_REPEATS) return;
    const message: E2eePublicKeyMessage = {
      type: "e2ee_public_key",
      from: this.id,
      room_id: ROOM,
      public_key: toBase64(this.exchange.point),
    };
    this.#ours.run(() => this.#ours.exchange.handlePublicKey(message));
  }

  /** Deals with all our member has said since it was last asked. */
  async listen(): Promise<void> {
    for (const message of this.#ours.sent.splice(0)) {
      if (message.type === "e2ee_public_key") await this.#takePublicKey(message);
      else if (message.to === this.id && !this.deaf) await this.#takeSenderKey(message);
    }
    await this.#room.idle();
  }

  async #takePublicKey(message: E2eePublicKeyMessage): Promise<void> {
    this.heard++;
    this.announce();
    const context = this.#context(fromBase64(message.public_key)!, true, 0);
    const sealed = toBase64(await sealKey(this.exchange, context, this.senderKey));
    const sent = { type: "e2ee_sender_key", from: this.id, to: this.#ours.id, room_id: ROOM, key_id: 0 } as const;
    this.#ours.run(() => this.#ours.exchange.handleSenderKey({ ...sent, encrypted_key: sealed }));
  }

  async #takeSenderKey(message: E2eeSenderKeyMessage): Promise<void> {
    const point = this.#ours.exchange.own.exchange[0]!.point;
    const context = this.#context(point, false, message.key_id);
    const raw = await openKey(this.exchange, context, fromBase64(message.encrypted_key)!);
    if (raw !== undefined) this.keys = { keyId: message.key_id, raw };
  }

  #context(theirs: Uint8Array<ArrayBuffer>, isOurs: boolean, keyId: number): SealContext {
    const self = { id: this.id, point: this.exchange.point, identity: undefined };
    const other = { id: this.#ours.id, point: theirs, identity: undefined };
    return { roomId: ROOM, keyId, from: isOurs ? self : other, to: isOurs ? other : self };
  }
}

async function start() {
  const room = new TestRoom();
  const ours = await room.join("Ada");
  const basic = new BasicClient(room, ours, await makeExchangeKeys());
  ours.run(() => ours.exchange.setMembers([{ id: basic.id, displayName: "Old", e2ee: true }]));
  return { room, ours, basic };
}

Deno.test("a client of the basic protocol and ours read each other, and the exchange ends", async () => {
  const { room, ours, basic } = await start();
  basic.announce();
  await room.idle();
  for (let round = 0; round < 20; round++) await basic.listen();
  await room.advance(250);
  await basic.listen();
  assert(basic.heard <= 3, `${basic.heard} public keys of ours`);

  const frame = await ours.frame();
  const decryptor = new FrameDecryptor(ours.id);
  decryptor.addKey(basic.keys!.keyId, basic.keys!.raw);
  assert(await decryptor.decrypt(frame, 0) instanceof Uint8Array);

  const encryptor = new FrameEncryptor(basic.id);
  encryptor.setKey(0, basic.senderKey);
  const theirs = await encryptor.encrypt("audio", undefined, new Uint8Array([1, 2, 3]));
  assert(theirs instanceof Uint8Array);
  assertEquals(await ours.decryptors.get(basic.id)!.decrypt(theirs, 0), new Uint8Array([1, 2, 3]));

  const line = await encryptText(basic.senderKey, "hello");
  assertEquals(await decryptText(ours.exchange.remotes.get(basic.id)!.keys.map(({ raw }) => raw), line), "hello");
  const remote = ours.exchange.remotes.get(basic.id)!;
  assertEquals(remote.trust, "none");
  const point = ours.exchange.own.exchange[0]!.point;
  assertEquals(safetyNumber(point, remote.points[0]!), safetyNumber(basic.exchange.point, point));
});

Deno.test("a key that such a client loses while it imports ours comes a second time", async () => {
  const { room, ours, basic } = await start();
  basic.announce();
  await room.idle();
  basic.deaf = true;
  await basic.listen();
  assertEquals(basic.keys, undefined);
  basic.deaf = false;
  await room.scheduler.advance(350);
  await ours.says("e2ee_sender_key");
  await basic.listen();
  assertEquals(basic.keys?.raw.toHex(), ours.exchange.own.active.raw.toHex());
});

Deno.test("whoever has shown an identity is not believed without it", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  const stripped: E2eePublicKeyMessage = {
    type: "e2ee_public_key",
    from: ben.id,
    room_id: ROOM,
    public_key: toBase64((await makeExchangeKeys()).point),
  };
  await ada.exchange.handlePublicKey(stripped);
  assertEquals(ada.changes, [{ participant: ben.id, scope: "call", wasVerified: false, held: true }]);
  const sent = ada.sent.length;
  await ada.exchange.rotate();
  assertEquals(ada.sent.length, sent, "no unbound key goes out");
});
