import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import type { E2eePublicKeyMessage } from "../../signaling/messages.ts";
import { DeviceIdentity } from "./device_identity.ts";
import { fromBase64, toBase64 } from "./encoding.ts";
import { memoryIdentityStore } from "./identity_store.ts";
import { safetyNumber } from "./safety_number.ts";
import { publicKeyStatement } from "./sealed_keys.ts";
import { type KeyMessage, ROOM, type TestMember, TestRoom } from "./testing_exchange.ts";

/** Says of each pair whether the second can read what the first sends now. */
async function everybodyReads(members: readonly TestMember[]): Promise<void> {
  for (const from of members) {
    const frame = await from.frame();
    for (const to of members) {
      if (to !== from) assert(await to.reads(from, frame), `${to.name} cannot read ${from.name}`);
    }
  }
}

function numberOf(member: TestMember, other: TestMember): string {
  return safetyNumber(member.exchange.identity, member.exchange.remotes.get(other.id)!.identity!);
}

Deno.test("the safety number is that of the original client", () => {
  const key = (fill: number) => Uint8Array.from({ length: 65 }, (_, i) => i === 0 ? 4 : fill);
  const expected = "11712 72390 94103 16721 30770 41077 04108 11630 91155 22321 80740 33035";
  assertEquals(safetyNumber(key(0x11), key(0x22)), expected);
  assertEquals(safetyNumber(key(0x22), key(0x11)), expected);
});

Deno.test("three members read each other, with a bounded number of messages", async () => {
  const room = new TestRoom();
  const members = [await room.join("Ada"), await room.join("Ben"), await room.join("Cleo")];
  await room.advance(250);
  await everybodyReads(members);
  const counts = members.map(({ sent }) => sent.length);
  assert(counts.every((count) => count <= 6), `messages sent: ${counts}`);
  await room.advance(60_000);
  assertEquals(members.map(({ sent }) => sent.length), counts, "nothing goes on by itself");
});

Deno.test("a newcomer can read nothing that was sent before, and everything a moment later", async () => {
  const room = new TestRoom();
  const ada = await room.join("Ada");
  await room.join("Ben");
  await room.advance(250);
  const recorded = await ada.frame();
  const cleo = await room.join("Cleo");
  const between = await ada.frame();
  await room.advance(250);
  assertEquals([await cleo.reads(ada, recorded), await cleo.reads(ada, between)], [false, false]);
  assert(await cleo.reads(ada, await ada.frame()));
});

Deno.test("who has left cannot read what is sent after", async () => {
  const room = new TestRoom();
  const members = [await room.join("Ada"), await room.join("Ben"), await room.join("Cleo")] as const;
  const [ada, ben, cleo] = members;
  await room.advance(250);
  await room.leave(cleo);
  // All that the server still relays reaches it too.
  for (const message of [...ada.sent, ...ben.sent]) {
    if (message.type === "e2ee_sender_key") await cleo.exchange.handleSenderKey({ ...message, to: cleo.id });
  }
  await room.advance(5_000);
  for (const from of [ada, ben]) {
    const frame = await from.frame();
    assertEquals(await cleo.reads(from, frame), false);
  }
  await everybodyReads([ada, ben]);
});

Deno.test("a sender's earlier key is forgotten five seconds after the next one came", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  const early = [await ada.frame(), await ada.frame()];
  await room.join("Cleo");
  await room.advance(4_900);
  assert(await ben.reads(ada, early[0]!), "still under way");
  await room.advance(200);
  assertEquals(await ben.reads(ada, early[1]!), false);
  assertEquals(ben.exchange.remotes.get(ada.id)?.keys.length, 1);
});

Deno.test("every two minutes all keys are new, and the safety number stays", async () => {
  const room = new TestRoom();
  const members = [await room.join("Ada"), await room.join("Ben")] as const;
  const [ada, ben] = members;
  for (const { exchange, run } of members) exchange.startRenewal(run.bind(exchange === ada.exchange ? ada : ben));
  await room.advance(250);
  const number = numberOf(ada, ben);
  const [point, keyId] = [ada.exchange.own.exchange[0]!.point, ada.exchange.own.active.keyId];
  await room.advance(119_000);
  await room.advance(2_000);
  await room.advance(300);
  assertNotEquals(toBase64(ada.exchange.own.exchange[0]!.point), toBase64(point));
  assert(ada.exchange.own.active.keyId > keyId);
  assertEquals([numberOf(ada, ben), numberOf(ben, ada)], [number, number]);
  await everybodyReads(members);
});

Deno.test("a sender key that comes before its public key is kept until that comes", async () => {
  const room = new TestRoom();
  const late: KeyMessage[] = [];
  const ada = await room.join("Ada");
  room.bend = (message, to) => {
    if (to !== ada || message.type !== "e2ee_public_key" || late.length > 0) return [message];
    late.push(message);
    return [];
  };
  const ben = await room.join("Ben");
  await room.advance(250);
  // Ben's key for Ada cannot be there yet, since Ada has said nothing; Ada hears the rest, then the first message.
  ada.run(() => ada.exchange.handlePublicKey(late[0] as E2eePublicKeyMessage));
  await room.idle();
  await room.advance(250);
  await everybodyReads([ada, ben]);

  // The other way round, at a renewal.
  const held: KeyMessage[] = [];
  room.bend = (message) => {
    if (message.type !== "e2ee_public_key") return [message];
    held.push(message);
    return [];
  };
  ada.run(() => ada.exchange.renew());
  await room.idle();
  await room.advance(250);
  assertEquals(await ben.reads(ada, await ada.frame()), false);
  ben.run(() => ben.exchange.handlePublicKey(held[0] as E2eePublicKeyMessage));
  await room.idle();
  assert(await ben.reads(ada, await ada.frame()));
});

Deno.test("sealed keys open for nobody else, under no other number, and never bring an old one back", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  const [sealed] = ada.sent.filter((message) => message.type === "e2ee_sender_key");
  const remote = ben.exchange.remotes.get(ada.id)!;
  const known = remote.keys.length;
  await ben.exchange.handleSenderKey({ ...sealed!, key_id: 77 });
  assertEquals(remote.keys.length, known, "another number");
  await ada.exchange.handleSenderKey({ ...sealed!, from: ben.id, to: ada.id, key_id: 78 });
  assert(ada.exchange.remotes.get(ben.id)!.keys.every(({ keyId }) => keyId < 78), "sent back");
  await ada.exchange.rotate();
  await room.idle();
  await room.advance(6_000);
  await ben.exchange.handleSenderKey(sealed!);
  assertEquals(remote.keys.map(({ keyId }) => keyId), [ada.exchange.own.active.keyId], "replayed");
});

Deno.test("a public key with a wrong signature, of another room or of another participant is dropped", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  const announced = ada.sent.find((message) => message.type === "e2ee_public_key")!;
  const eve = await DeviceIdentity.load(memoryIdentityStore());
  const point = fromBase64(announced.public_key)!;
  const points = ben.exchange.remotes.get(ada.id)!.points.length;
  const foreign = await eve.sign(publicKeyStatement("another room", ada.id, point));
  for (
    const forged of [
      { ...announced, signature: toBase64(new Uint8Array(64)) },
      { ...announced, identity_key: toBase64(eve.publicKey) },
      { ...announced, identity_key: toBase64(eve.publicKey), signature: toBase64(foreign) },
      { ...announced, public_key: "AAAA" },
      { ...announced, public_key: "not base64" },
    ]
  ) {
    await ben.exchange.handlePublicKey(forged);
    assertEquals(ben.exchange.remotes.get(ada.id)!.points.length, points);
    assertEquals(ben.changes, []);
  }
});

/** Puts Eve's identity in place of everybody's, as a server could that sits between. */
async function sitBetween(room: TestRoom): Promise<void> {
  const eve = await DeviceIdentity.load(memoryIdentityStore());
  const keys = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
  const signatures = new Map<string, string>();
  for (const { id } of room.members) {
    signatures.set(id, toBase64(await eve.sign(publicKeyStatement(ROOM, id, point))));
  }
  room.bend = (message) => {
    if (message.type !== "e2ee_public_key") return [];
    const signature = signatures.get(message.from);
    const identity_key = toBase64(eve.publicKey);
    return [{ ...message, public_key: toBase64(point), identity_key, signature }];
  };
}

Deno.test("a server that sits between from the start makes the safety numbers differ", async () => {
  const room = new TestRoom();
  const eve = await DeviceIdentity.load(memoryIdentityStore());
  room.bend = () => [];
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await sitBetween(room);
  await ada.exchange.enter([ben.id]);
  await ben.exchange.enter([ada.id]);
  await room.idle();
  assertNotEquals(numberOf(ada, ben), numberOf(ben, ada));
  assertEquals(eve.publicKey.length, 65);
});

Deno.test("a key that changes during the call is refused loudly, and nothing is encrypted for it", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  assertEquals(numberOf(ada, ben), numberOf(ben, ada));
  await sitBetween(room);
  await ben.exchange.renew();
  await room.advance(300);
  assertEquals(ada.changes, [{ participant: ben.id, scope: "call", wasVerified: false, held: true }]);
  const sent = ada.sent.length;
  await ada.exchange.rotate();
  assertEquals(ada.sent.length, sent);
});

Deno.test("a verified person is recognised next time; another key under that name is held until accepted", async () => {
  const [adas, bens] = [memoryIdentityStore(), memoryIdentityStore()];
  const first = new TestRoom();
  const [ada, ben] = [await first.join("Ada", adas), await first.join("Ben", bens)];
  assertEquals(ada.exchange.remotes.get(ben.id)?.trust, "new");
  const number = numberOf(ada, ben);
  await ada.exchange.accept(ada.exchange.remotes.get(ben.id)!, true);

  const second = new TestRoom();
  const [again, same] = [await second.join("Ada", adas), await second.join("Ben", bens)];
  await second.advance(250);
  assertEquals(again.exchange.remotes.get(same.id)?.trust, "verified");
  assertEquals(same.exchange.remotes.get(again.id)?.trust, "known");
  assertEquals(numberOf(again, same), number, "stable over calls");
  assertEquals(again.changes, []);

  const third = new TestRoom();
  const [once, other] = [await third.join("Ada", adas), await third.join("Ben")];
  await third.advance(250);
  const change = { participant: other.id, scope: "name", wasVerified: true, held: true } as const;
  assertEquals(once.changes, [change]);
  assertEquals(await other.reads(once, await once.frame()), false);
  assertEquals(await once.reads(other, await other.frame()), false);
  const held = once.exchange.remotes.get(other.id)!;
  assertEquals(await once.exchange.accept(held, true, number), false, "another number was compared than is there now");
  assertEquals([held.held, held.trust], [true, "changed"]);
  assertEquals(await other.reads(once, await once.frame()), false);
  const shown = once.exchange.numberOf(held);
  once.run(async () => assert(await once.exchange.accept(held, false, shown)));
  await third.idle();
  await third.advance(250);
  await everybodyReads([once, other]);
});

Deno.test("after a reconnection all keys are handed out again", async () => {
  const room = new TestRoom();
  const members = [await room.join("Ada"), await room.join("Ben"), await room.join("Cleo")] as const;
  const [ada, ben] = members;
  await room.advance(250);
  room.bend = (_, to) => to === ben ? [] : [_];
  await ada.exchange.renew();
  await room.advance(10_000);
  assertEquals(await ben.reads(ada, await ada.frame()), false, "it has missed the new key");
  room.bend = (message) => [message];
  ben.run(() => ben.exchange.enter(members.filter((member) => member !== ben).map(({ id }) => id)));
  await room.idle();
  await room.advance(250);
  await everybodyReads(members);
});

Deno.test("a server that makes somebody leave and come back brings no frame and no key back", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  const recorded = await ada.frame();
  assert(await ben.reads(ada, recorded));
  const said = ada.sent.filter((message) => message.to === undefined || message.to === ben.id);
  const others = [{ id: ada.id, displayName: ada.name, e2ee: true }];
  await ben.exchange.setMembers([]);
  await ben.exchange.setMembers(others);
  for (const message of said) {
    if (message.type === "e2ee_public_key") await ben.exchange.handlePublicKey(message);
    else await ben.exchange.handleSenderKey(message);
  }
  assertEquals(await ben.reads(ada, recorded), false);
  assertEquals(ben.changes, [], "it is still the same device");
  await ada.exchange.enter([ben.id]);
  await room.idle();
  await room.advance(250);
  await everybodyReads([ada, ben]);
});

Deno.test("whoever comes back under the same id has the same identity, or is refused loudly", async () => {
  const room = new TestRoom();
  const [ada, ben] = [await room.join("Ada"), await room.join("Ben")];
  await room.advance(250);
  await ada.exchange.setMembers([]);
  await ada.exchange.setMembers([{ id: ben.id, displayName: "", e2ee: true }]);
  await sitBetween(room);
  await ben.exchange.renew();
  await room.idle();
  assertEquals(ada.changes, [{ participant: ben.id, scope: "call", wasVerified: false, held: true }]);
  assertEquals(ada.exchange.remotes.get(ben.id)?.given, false);
});

Deno.test("whoever is given the name of somebody who was met is compared with them", async () => {
  const adas = memoryIdentityStore();
  const first = new TestRoom();
  const [ada, ben] = [await first.join("Ada", adas), await first.join("Ben")];
  await ada.exchange.accept(ada.exchange.remotes.get(ben.id)!, true);

  const second = new TestRoom();
  const [again, other] = [await second.join("Ada", adas), await second.join("")];
  await second.advance(250);
  assertEquals([again.exchange.remotes.get(other.id)?.trust, again.changes], ["new", []]);
  await again.exchange.setMembers([{ id: other.id, displayName: "Ben", e2ee: true }]);
  assertEquals(again.changes, [{ participant: other.id, scope: "name", wasVerified: true, held: true }]);
});

Deno.test("what was allowed in the clear ends with the first key", async () => {
  const room = new TestRoom();
  const ada = await room.join("Ada");
  room.bend = (message, to) => to === ada ? [] : [message];
  const ben = await room.join("Ben");
  const remote = ada.exchange.remotes.get(ben.id)!;
  remote.unencryptedAllowed = true;
  const [announced] = ben.sent.filter((message) => message.type === "e2ee_public_key");
  await ada.exchange.handlePublicKey(announced!);
  assertEquals([remote.unencryptedAllowed, ada.told.at(-1)], [
    false,
    { type: "allowClear", from: ben.id, allowed: false },
  ]);
});

Deno.test("whatever comes, goes, reconnects and renews at once, in the end everybody reads everybody", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const source = seededRandom(seed);
    const random = () => source.next();
    const pick = (room: TestRoom) => room.members[Math.floor(random() * room.members.length)]!;
    const room = new TestRoom();
    for (const name of ["Ada", "Ben", "Cleo"]) await room.join(name);
    for (let step = 0; step < 12; step++) {
      const member = pick(room);
      const chance = random();
      if (chance < 0.2 && room.members.length < 5) await room.join(`member ${step}`);
      else if (chance < 0.35 && room.members.length > 2) await room.leave(member);
      else if (chance < 0.6) member.run(() => member.exchange.renew());
      else {
        // It has missed what was said for a while.
        room.bend = (message, to) => to === member ? [] : [message];
        const other = pick(room);
        other.run(() => other.exchange.renew());
        await room.idle();
        await room.advance(random() * 12_000);
        room.bend = (message) => [message];
        const others = room.members.filter((one) => one !== member).map(({ id }) => id);
        member.run(() => member.exchange.enter(others));
      }
      if (random() < 0.5) await room.idle();
      if (random() < 0.5) await room.advance(random() * 6_000);
    }
    await room.idle();
    await room.advance(300);
    await everybodyReads(room.members).catch((cause) => {
      throw new Error(`seed ${seed}`, { cause });
    });
  }
});
