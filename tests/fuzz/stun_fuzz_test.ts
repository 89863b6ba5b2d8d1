import { assert, assertEquals } from "@std/assert";
import { parseHex } from "../../src/base/bytes.ts";
import { PacketPool } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { WeriftDtls } from "../../src/io/werift_dtls.ts";
import { demux } from "../../src/transport/demux.ts";
import { HandshakeReassembler, MAX_HANDSHAKE_LENGTH, parseDtlsRecords } from "../../src/transport/dtls_handshake.ts";
import type { DtlsEvent } from "../../src/transport/dtls_port.ts";
import { IceLite } from "../../src/transport/ice_lite.ts";
import { Path } from "../../src/transport/path.ts";
import { HmacSha1 } from "../../src/transport/sha1.ts";
import { stunLocalUfrag, StunView } from "../../src/transport/stun_message.ts";
import { iceCheck } from "../sim/ice_check.ts";
import { below, checkInput, corpus, inputCount, mutate, seed } from "./harness.ts";

/** A handshake costs a key pair, so these targets take fewer inputs. */
const DTLS_SHARE = 10;

const REMOTE = "theirs";

function setUpIce() {
  const ice = new IceLite(1, seededRandom(1));
  ice.setRemote(REMOTE, "their-password");
  const local = { ufrag: ice.localUfrag, pwd: ice.localPwd };
  const seeds = [
    iceCheck({ local, remoteUfrag: REMOTE, useCandidate: true }),
    iceCheck({ local, remoteUfrag: REMOTE, role: "controlled" }),
    iceCheck({ local, remoteUfrag: REMOTE, attributes: [{ type: 0x7001, value: new Uint8Array(5) }] }),
    iceCheck({ local, remoteUfrag: REMOTE, integrity: false }),
    iceCheck({ local, remoteUfrag: REMOTE, messageClass: 1, fingerprint: false }),
  ];
  return { ice, local, seeds };
}

/** Brings the CRC of a damaged message up to date, so that it gets past FINGERPRINT to the checks behind. */
function withoutFingerprint(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const short = bytes.slice(0, Math.max(0, bytes.length - 8));
  if (short.length >= 20) new DataView(short.buffer).setUint16(2, short.length - 20);
  return short;
}

Deno.test("fuzz: StunView and demux() take anything", () => {
  const rng = seededRandom(seed());
  const view = new StunView();
  const key = new HmacSha1(new Uint8Array(3));
  const { seeds } = setUpIce();
  const check = (bytes: Uint8Array) => {
    demux(bytes, bytes.length);
    stunLocalUfrag(bytes, bytes.length);
    if (!view.parse(bytes, bytes.length)) return;
    assert(view.usernameOffset + view.usernameLength <= bytes.length && view.unknown.length <= 8);
    assert(!view.integrityIsRight(key));
    view.fingerprintIsRight();
    view.localUfrag();
  };
  for (const { bytes } of corpus("stun")) checkInput("stun", bytes, check);
  for (let i = 0; i < inputCount(); i++) checkInput("stun", mutate(seeds[below(rng, seeds.length)]!, rng), check);
  for (let i = 0; i < inputCount(); i++) {
    const noise = Uint8Array.from({ length: below(rng, 120) }, () => below(rng, 256));
    checkInput("stun", noise, check);
  }
});

Deno.test("fuzz: IceLite answers only what has the right credentials", () => {
  const rng = seededRandom(seed() + 1);
  const { ice, seeds } = setUpIce();
  const reply = new PacketPool().acquire();
  const check = (bytes: Uint8Array) => {
    const from = new Path(0, "192.0.2.1", 5000);
    const before = ice.lastCheckAt;
    const outcome = ice.handle(bytes, bytes.length, from, 1, reply);
    if (outcome === "checked" || outcome === "selected" || outcome === "refused") {
      // Only what stands behind MESSAGE-INTEGRITY may have changed.
      const intact = seeds.some((seed) => seed.slice(8, -8).every((byte, i) => byte === bytes[8 + i]));
      assert(intact, `${outcome} although the message was changed`);
      assert(reply.length > 0 && reply.length <= 160);
    } else {
      assertEquals([reply.length, ice.lastCheckAt, from.checkedAt], [0, before, -Infinity]);
    }
  };
  for (const { bytes } of corpus("stun")) checkInput("ice", bytes, check);
  for (let i = 0; i < inputCount(); i++) {
    const damaged = mutate(seeds[below(rng, seeds.length)]!, rng);
    checkInput("ice", i % 2 === 0 ? damaged : withoutFingerprint(damaged), check);
  }
});

async function clientHellos(): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for (const browser of ["chromium", "firefox"]) {
    const text = await Deno.readTextFile(new URL(`../data/${browser}_client_hello.hex`, import.meta.url));
    blocks.push(...text.trim().split(/\n\s*\n/).map((block) => parseHex(block)!));
  }
  return blocks;
}

Deno.test("fuzz: DTLS records and fragments take anything and hold bounded memory", async () => {
  const rng = seededRandom(seed() + 2);
  const hellos = await clientHellos();
  const inbox = new HandshakeReassembler();
  const check = (bytes: Uint8Array) => {
    for (const { payload } of parseDtlsRecords(bytes)) {
      for (const { body } of inbox.add(payload)) assert(body.length <= MAX_HANDSHAKE_LENGTH);
    }
    assert(inbox.pendingBytes <= 6 * MAX_HANDSHAKE_LENGTH);
  };
  for (const { bytes } of corpus("dtls")) checkInput("dtls records", bytes, check);
  for (let i = 0; i < inputCount(); i++) {
    checkInput("dtls records", mutate(hellos[below(rng, hellos.length)]!, rng), check);
  }
});

Deno.test("fuzz: WeriftDtls survives damaged ClientHellos, also behind a right cookie", async () => {
  const rng = seededRandom(seed() + 3);
  const hellos = await clientHellos();
  const events: DtlsEvent[] = [];
  const dtls = new WeriftDtls({ certificate: await createCertificate(), onEvent: (event) => events.push(event) });
  const check = (bytes: Uint8Array) => {
    dtls.open(1);
    dtls.receive(1, bytes);
    for (const hello of hellos.slice(0, 2)) dtls.receive(1, hello);
    const cookie = cookieOf(events);
    if (cookie !== undefined) dtls.receive(1, mutate(secondHello(hellos.slice(0, 2), cookie), rng));
    dtls.receive(1, bytes);
    assert(events.every(({ kind }) => kind !== "dtls_connected"));
    assert(events.length < 100);
    events.length = 0;
    dtls.close(1);
  };
  try {
    for (const { bytes } of corpus("dtls")) checkInput("dtls", bytes, check);
    for (let i = 0; i < Math.ceil(inputCount() / DTLS_SHARE); i++) {
      checkInput("dtls", mutate(hellos[below(rng, hellos.length)]!, rng), check);
    }
  } finally {
    await dtls.closeAll();
  }
});

/** The cookie of the last HelloVerifyRequest: the datagram's header takes 25 bytes, version and length three more. */
function cookieOf(events: readonly DtlsEvent[]): Uint8Array | undefined {
  const last = events.findLast((event) => event.kind === "dtls_send" && event.bytes[13] === 3);
  return last?.kind === "dtls_send" ? last.bytes.subarray(28) : undefined;
}

/** The ClientHello of two datagrams in one, with a cookie and as the second message. */
function secondHello(hello: readonly Uint8Array[], cookie: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = hello.flatMap((bytes) => parseDtlsRecords(bytes)).flatMap(({ payload }) => [...payload.subarray(12)]);
  const at = 35 + body[34]!;
  body.splice(at, 1, cookie.length, ...cookie);
  const length = [body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff];
  const message = [1, ...length, 0, 1, 0, 0, 0, ...length, ...body];
  return Uint8Array.from([
    22,
    254,
    253,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    9,
    message.length >> 8,
    message.length & 0xff,
    ...message,
  ]);
}
