import { assert, assertEquals } from "@std/assert";
import { readU16, readU32 } from "../base/bytes.ts";
import { PacketPool } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import { type IceCheck, iceCheck } from "../../tests/sim/ice_check.ts";
import { IceLite, PATH_HELD, SELECTED_QUIET } from "./ice_lite.ts";
import { Path } from "./path.ts";
import { HmacSha1 } from "./sha1.ts";
import { StunClass, StunView } from "./stun_message.ts";

const SELF = 7;

function setUp() {
  const ice = new IceLite(SELF, seededRandom(1));
  ice.setRemote("theirs", "their-password-is-not-used");
  const reply = new PacketPool().acquire();
  let transaction = 0;
  const credentials = () => ({ ufrag: ice.localUfrag, pwd: ice.localPwd });
  const send = (from: Path, now: number, check: Partial<IceCheck> = {}) => {
    const bytes = iceCheck({ local: credentials(), remoteUfrag: "theirs", transaction: ++transaction, ...check });
    return ice.handle(bytes, bytes.length, from, now, reply);
  };
  const answer = (pwd = ice.localPwd) => {
    const view = new StunView();
    assert(view.parse(reply.bytes, reply.length), "the reply is well-formed");
    assert(view.fingerprintOffset > 0 && view.fingerprintIsRight(), "the reply has a right FINGERPRINT");
    assert(view.integrityIsRight(new HmacSha1(new TextEncoder().encode(pwd))), "the reply has a right integrity");
    assertEquals(readU32(reply.bytes, 8), transaction);
    return view;
  };
  return { ice, reply, send, answer, credentials };
}

Deno.test("IceLite.handle() answers a check with the address it came from, IPv4", () => {
  const { ice, reply, send, answer } = setUp();
  const from = new Path(0, "192.0.2.1", 32853);
  assertEquals(send(from, 1000, { useCandidate: true }), "selected");
  const view = answer();
  assertEquals(view.messageClass, StunClass.success);
  assertEquals(reply.bytes[view.mappedOffset + 1], 1);
  assertEquals(readU16(reply.bytes, view.mappedOffset + 2) ^ 0x2112, 32853);
  assertEquals((readU32(reply.bytes, view.mappedOffset + 4) ^ 0x2112a442) >>> 0, 0xc0000201);
  assertEquals([ice.path, ice.nominated, ice.lastCheckAt, from.checkedAt], [from, true, 1000, 1000]);
});

Deno.test("IceLite.handle() answers a check with the address it came from, IPv6", () => {
  const { reply, send, answer } = setUp();
  assertEquals(send(new Path(1, "2001:db8::7", 5000), 0), "selected");
  const view = answer();
  assertEquals(reply.bytes[view.mappedOffset + 1], 2);
  const plain = Array.from({ length: 16 }, (_, i) => reply.bytes[view.mappedOffset + 4 + i]! ^ reply.bytes[4 + i]!);
  assertEquals(plain, [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
});

Deno.test("IceLite.handle() gives no answer and keeps nothing without the right credentials", () => {
  const { ice, reply, send } = setUp();
  const from = new Path(0, "192.0.2.1", 5000);
  const local = { ufrag: ice.localUfrag, pwd: ice.localPwd };
  const wrong: [string, Partial<IceCheck>][] = [
    ["no integrity", { integrity: false }],
    ["wrong password", { local: { ...local, pwd: local.pwd.slice(1) } }],
    ["the client's password", { local: { ...local, pwd: "their-password-is-not-used" } }],
    ["wrong local ufrag", { local: { ...local, ufrag: "wrong" } }],
    ["wrong remote ufrag", { remoteUfrag: "wrong" }],
    ["longer remote ufrag", { remoteUfrag: "theirs2" }],
    ["unknown attribute, wrong password", {
      local: { ...local, pwd: "" },
      attributes: [{ type: 0x7777, value: new Uint8Array(1) }],
    }],
    ["wrong role, no integrity", { role: "controlled", integrity: false }],
  ];
  for (const [name, check] of wrong) {
    reply.length = 5;
    assertEquals(send(from, 1000, check), "unauthenticated", name);
    assertEquals(reply.length, 0, name);
  }
  assertEquals([ice.path, ice.lastCheckAt, from.checkedAt], [undefined, -Infinity, -Infinity]);
});

Deno.test("IceLite.handle() gives no answer to a check with a wrong FINGERPRINT, but needs none", () => {
  const { ice, reply, send } = setUp();
  const from = new Path(0, "192.0.2.1", 5000);
  const bytes = iceCheck({ local: { ufrag: ice.localUfrag, pwd: ice.localPwd }, remoteUfrag: "theirs" });
  bytes[bytes.length - 1]! ^= 1;
  assertEquals(ice.handle(bytes, bytes.length, from, 0, reply), "malformed");
  assertEquals(reply.length, 0);
  assertEquals(send(from, 0, { fingerprint: false }), "selected");
});

Deno.test("IceLite.handle() refuses a controlled client with 487", () => {
  const { ice, send, answer } = setUp();
  assertEquals(send(new Path(0, "192.0.2.1", 5000), 0, { role: "controlled", useCandidate: true }), "refused");
  assertEquals([answer().messageClass, answer().errorCode], [StunClass.error, 487]);
  assertEquals([ice.path, ice.lastCheckAt], [undefined, -Infinity]);
  assertEquals(send(new Path(0, "192.0.2.1", 5000), 0, { role: "none" }), "selected");
});

Deno.test("IceLite.handle() refuses unknown attributes that must be understood with 420 and names them", () => {
  const { reply, send, answer } = setUp();
  const attributes = [{ type: 0x7001, value: new Uint8Array(3) }, { type: 0x001c, value: new Uint8Array(32) }];
  assertEquals(send(new Path(0, "192.0.2.1", 5000), 0, { attributes }), "refused");
  assertEquals(answer().errorCode, 420);
  const text = Array.from(reply.bytes.subarray(0, reply.length), (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert(text.includes("000a00047001001c"), text);
  const optional = [{ type: 0xc057, value: new Uint8Array(4) }, { type: 0xc001, value: new Uint8Array(4) }];
  assertEquals(send(new Path(0, "192.0.2.1", 5000), 0, { attributes: optional }), "selected");
});

Deno.test("IceLite.handle() ignores indications and responses", () => {
  const { ice, reply, send } = setUp();
  for (const messageClass of [StunClass.indication, StunClass.success, StunClass.error]) {
    assertEquals(send(new Path(0, "192.0.2.1", 5000), 0, { messageClass }), "ignored");
    assertEquals(reply.length, 0);
  }
  assertEquals([ice.path, ice.lastCheckAt], [undefined, -Infinity]);
});

Deno.test("IceLite follows the client's nominations to a new address and back", () => {
  const { ice, send } = setUp();
  const wifi = new Path(0, "192.0.2.1", 5000);
  const mobile = new Path(0, "198.51.100.9", 6000);
  assertEquals(send(wifi, 0), "selected");
  assertEquals(ice.nominated, false);
  assertEquals(send(mobile, 10), "checked", "the first path stays as long as none is nominated");
  assertEquals(send(mobile, 20, { useCandidate: true }), "selected");
  assertEquals(send(wifi, 30), "checked");
  assertEquals(ice.path, mobile);
  assertEquals(send(mobile, 40, { useCandidate: true }), "checked");
  assertEquals(send(wifi, 50, { useCandidate: true }), "selected");
  assertEquals(ice.path, wifi);
});

Deno.test("IceLite leaves a selected path that has gone quiet", () => {
  const { ice, send } = setUp();
  const first = new Path(0, "192.0.2.1", 5000);
  const second = new Path(0, "192.0.2.1", 5001);
  send(first, 0, { useCandidate: true });
  assertEquals(send(second, SELECTED_QUIET - 1), "checked");
  assertEquals(send(second, SELECTED_QUIET), "selected");
  assertEquals([ice.path, ice.nominated], [second, false]);
});

Deno.test("IceLite.handle() leaves a path to the peer that uses it, until it falls quiet", () => {
  const { ice, reply, send } = setUp();
  const from = new Path(0, "192.0.2.1", 5000);
  from.peer = SELF + 1;
  from.checkedAt = 100;
  assertEquals(send(from, 99 + PATH_HELD, { useCandidate: true }), "ignored");
  assertEquals([reply.length, ice.path, from.checkedAt], [0, undefined, 100]);
  assertEquals(send(from, 100 + PATH_HELD, { useCandidate: true }), "selected");
  from.peer = SELF;
  assertEquals(send(from, 101 + PATH_HELD), "checked");
});

Deno.test("IceLite.setRemote() restarts with new credentials and answers the old ones until the new are used", () => {
  const { ice, send, answer } = setUp();
  const from = new Path(0, "192.0.2.1", 5000);
  assertEquals(ice.setRemote("theirs", "their-password-is-not-used"), false, "nothing has changed");
  const old = { ufrag: ice.localUfrag, pwd: ice.localPwd };
  send(from, 0, { useCandidate: true });
  assertEquals(ice.setRemote("changed", "another-password"), true);
  assert(ice.localUfrag !== old.ufrag && ice.localPwd !== old.pwd);
  assertEquals(ice.path, from, "media goes on meanwhile");

  assertEquals(send(from, 10, { local: old }), "checked");
  answer(old.pwd);
  assertEquals(send(from, 20), "unauthenticated", "the new ufrag of ours with the client's old one");
  assertEquals([ice.acceptsUfrag(old.ufrag), ice.acceptsUfrag(ice.localUfrag)], [true, true]);
  assertEquals(send(from, 30, { remoteUfrag: "changed", useCandidate: true }), "checked");
  answer();
  assertEquals(ice.acceptsUfrag(old.ufrag), false);
  assertEquals(send(from, 40, { local: old }), "unauthenticated");
});

Deno.test("IceLite.setRemote() keeps the credentials in use over two restarts in a row", () => {
  const { ice, send } = setUp();
  const from = new Path(0, "192.0.2.1", 5000);
  const first = { ufrag: ice.localUfrag, pwd: ice.localPwd };
  send(from, 0);
  ice.setRemote("second", "p2");
  const second = { ufrag: ice.localUfrag, pwd: ice.localPwd };
  ice.setRemote("third", "p3");
  assertEquals(send(from, 1, { local: first }), "checked");
  assertEquals(send(from, 2, { local: second, remoteUfrag: "second" }), "unauthenticated");
  assertEquals(send(from, 3, { remoteUfrag: "third" }), "checked");
});

Deno.test("IceLite does not answer before the client's credentials are known", () => {
  const ice = new IceLite(SELF, seededRandom(2));
  const reply = new PacketPool().acquire();
  const bytes = iceCheck({ local: { ufrag: ice.localUfrag, pwd: ice.localPwd }, remoteUfrag: "" });
  assertEquals(ice.handle(bytes, bytes.length, new Path(0, "192.0.2.1", 1), 0, reply), "unauthenticated");
});

Deno.test("IceLite makes credentials of the length that RFC 8445 asks for, new ones for each peer", () => {
  const random = seededRandom(3);
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const ice = new IceLite(i, random);
    assert(/^[A-Za-z0-9+/]{4,256}$/.test(ice.localUfrag) && /^[A-Za-z0-9+/]{22,256}$/.test(ice.localPwd));
    seen.add(ice.localUfrag).add(ice.localPwd);
  }
  assertEquals(seen.size, 200);
});
