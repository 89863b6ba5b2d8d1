import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  DtlsClient,
  HashAlgorithm,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  SignatureAlgorithm,
} from "werift";
import { readU16 } from "../../src/base/bytes.ts";
import { createCertificate, type DtlsCertificate } from "../../src/io/certificate.ts";
import { WeriftDtls } from "../../src/io/werift_dtls.ts";
import { DtlsContent, HandshakeType, parseDtlsRecords } from "../../src/transport/dtls_handshake.ts";
import type { DtlsConnected, DtlsEvent } from "../../src/transport/dtls_port.ts";

const PEER = 9;
const certificates = await Promise.all([createCertificate(), createCertificate(), createCertificate()]);
const [serverCertificate, clientCertificate, otherCertificate] = certificates as [
  DtlsCertificate,
  DtlsCertificate,
  DtlsCertificate,
];

type Side = "client" | "server";

interface Wire {
  /** What becomes of the n-th datagram of a side, counted from 0: the datagrams that arrive in its place. */
  pass?(bytes: Uint8Array, from: Side, count: number): Uint8Array[];
  certificate?: string;
  key?: string;
  profiles?: (1 | 7)[];
  prepare?(client: DtlsClient): void;
}

interface Call {
  readonly events: DtlsEvent[];
  readonly client: DtlsClient;
  readonly dtls: WeriftDtls;
  /** The first event that is not a datagram. */
  readonly result: Promise<DtlsEvent>;
  /** Settles when the client has seen the end of the handshake. */
  readonly clientConnected: Promise<void>;
  /** Sends to the server as the client would. */
  inject(bytes: Uint8Array): void;
}

/** Lets werift's DTLS client connect to ours over an in-memory wire, and waits until no timer is left. */
async function call(wire: Wire, test: (call: Call) => Promise<void>): Promise<void> {
  const events: DtlsEvent[] = [];
  const counts = { client: 0, server: 0 };
  const working: Promise<unknown>[] = [];
  const result = Promise.withResolvers<DtlsEvent>();
  const clientConnected = Promise.withResolvers<void>();
  const cross = (bytes: Uint8Array, from: Side) =>
    wire.pass === undefined ? [bytes] : wire.pass(bytes, from, counts[from]++);
  const transport = {
    type: "memory",
    address: { address: "", family: "IPv4", port: 0 },
    closed: false,
    onData: (_data: Buffer, _from: readonly [string, number]) => {},
    send: (data: Buffer) => {
      for (const bytes of cross(Uint8Array.from(data), "client")) queueMicrotask(() => dtls.receive(PEER, bytes));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const dtls = new WeriftDtls({
    certificate: serverCertificate,
    onEvent: (event) => {
      events.push(event);
      if (event.kind !== "dtls_send") return result.resolve(event);
      for (const bytes of cross(event.bytes, "server")) {
        queueMicrotask(() => transport.onData(Buffer.from(bytes), ["", 0]));
      }
    },
  });
  dtls.open(PEER);
  const client = new DtlsClient({
    transport,
    cert: wire.certificate ?? clientCertificate.certificatePem,
    key: wire.key ?? clientCertificate.keyPem,
    signatureHash: { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    srtpProfiles: wire.profiles ?? [ProtectionProfileAes128CmHmacSha1_80, ProtectionProfileAeadAes128Gcm],
    extendedMasterSecret: true,
  });
  const handle = client.onHandleHandshakes;
  client.onHandleHandshakes = (messages) => {
    const done = handle(messages);
    working.push(done.catch(() => {}));
    return done;
  };
  client.onConnect.subscribe(() => clientConnected.resolve());
  wire.prepare?.(client);
  working.push(client.connect().catch(() => {}));
  try {
    const inject = (bytes: Uint8Array) => dtls.receive(PEER, bytes);
    await test({ events, client, dtls, result: result.promise, clientConnected: clientConnected.promise, inject });
  } finally {
    // werift's client would otherwise start its flight anew, and its timers, when a message was lost.
    Object.defineProperty(client.dtls, "flight", { get: () => 99, set: () => {} });
    await dtls.closeAll();
    await Promise.all(working);
  }
}

async function assertConnects({ result, clientConnected, client }: Call): Promise<DtlsConnected> {
  const event = await result;
  assert(event.kind === "dtls_connected", JSON.stringify(event));
  await clientConnected;
  const { keyLength, saltLength } = event.profile === "AEAD_AES_128_GCM"
    ? { keyLength: 16, saltLength: 12 }
    : { keyLength: 16, saltLength: 14 };
  const keys = client.extractSessionKeys(keyLength, saltLength);
  assertEquals(Uint8Array.from(keys.localKey), event.remoteKeys.masterKey);
  assertEquals(Uint8Array.from(keys.localSalt), event.remoteKeys.masterSalt);
  assertEquals(Uint8Array.from(keys.remoteKey), event.localKeys.masterKey);
  assertEquals(Uint8Array.from(keys.remoteSalt), event.localKeys.masterSalt);
  const [sha256] = event.remoteFingerprints;
  assertEquals(sha256, { algorithm: "sha-256", value: clientCertificate.fingerprint });
  assertEquals(event.remoteFingerprints.map(({ algorithm }) => algorithm), ["sha-256", "sha-384", "sha-512"]);
  return event;
}

/** The type of the first handshake message of a datagram, 0 when there is none in the clear. */
function messageType(bytes: Uint8Array): number {
  const record = parseDtlsRecords(bytes)[0];
  return record?.contentType === DtlsContent.handshake && record.epoch === 0 ? record.payload[0]! : 0;
}

/** Cuts the handshake message of a datagram into two fragments, a datagram each. */
function cut(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  const body = bytes.subarray(25);
  const part = (offset: number, data: Uint8Array) => {
    const fragment = new Uint8Array(25 + data.length);
    fragment.set(bytes.subarray(0, 25));
    fragment.set(data, 25);
    const view = new DataView(fragment.buffer);
    view.setUint16(11, 12 + data.length);
    view.setUint16(20, offset);
    view.setUint16(23, data.length);
    return fragment;
  };
  return [part(0, body.subarray(0, at)), part(at, body.subarray(at))];
}

Deno.test("WeriftDtls connects with werift's client, prefers AEAD_AES_128_GCM and hands over keys and certificate", () =>
  call({}, async (made) => {
    const event = await assertConnects(made);
    assertEquals([event.profile, event.peer], ["AEAD_AES_128_GCM", PEER]);
    assertEquals(made.events.filter(({ kind }) => kind !== "dtls_send").length, 1);
  }));

Deno.test("WeriftDtls falls back to AES_CM_128_HMAC_SHA1_80", () =>
  call({ profiles: [ProtectionProfileAes128CmHmacSha1_80] }, async (made) => {
    const event = await assertConnects(made);
    assertEquals([event.profile, event.localKeys.masterSalt.length], ["AES_CM_128_HMAC_SHA1_80", 14]);
  }));

const LOSSES = [
  ["server", HandshakeType.helloVerifyRequest],
  ["server", HandshakeType.serverHello],
  ["server", HandshakeType.certificate],
  ["client", HandshakeType.certificate],
  ["client", HandshakeType.clientKeyExchange],
  ["client", HandshakeType.certificateVerify],
] as const;

Deno.test("WeriftDtls connects although any one message is lost once", () =>
  Promise.all(LOSSES.map(([side, type]) => {
    let sent = 0;
    const isIt = (bytes: Uint8Array, from: Side) => from === side && messageType(bytes) === type;
    const pass = (bytes: Uint8Array, from: Side) => isIt(bytes, from) && sent++ === 0 ? [] : [bytes];
    return call({ pass }, async (made) => {
      await assertConnects(made);
      assert(sent > 1, `message ${type} of the ${side} was sent again`);
    });
  })).then(() => {}));

Deno.test("WeriftDtls connects although the last flight of either side is lost once", () => {
  const isLast = (bytes: Uint8Array) =>
    parseDtlsRecords(bytes)[0]?.contentType === DtlsContent.changeCipherSpec || readU16(bytes, 3) === 1;
  return Promise.all((["client", "server"] as const).map((side) => {
    let sent = 0;
    const pass = (bytes: Uint8Array, from: Side) => from === side && isLast(bytes) && sent++ < 2 ? [] : [bytes];
    return call({ pass }, async (made) => {
      await assertConnects(made);
      assert(sent > 2, `the flight of the ${side} was sent again`);
      assertEquals(made.events.filter(({ kind }) => kind === "dtls_connected").length, 1);
    });
  })).then(() => {});
});

Deno.test("WeriftDtls takes fragments in reverse order and messages in duplicate", () => {
  const pass = (bytes: Uint8Array, from: Side) => {
    if (from === "server" || messageType(bytes) === 0) return [bytes];
    const [first, second] = cut(bytes, 30);
    return [second, second, first, bytes, second];
  };
  return call({ pass }, async (made) => {
    await assertConnects(made);
    assertEquals(made.events.filter(({ kind }) => kind !== "dtls_send").length, 1);
  });
});

Deno.test("WeriftDtls takes a client's flight in reverse order", () => {
  let held: Uint8Array[] = [];
  const pass = (bytes: Uint8Array, from: Side) => {
    if (from === "server" || messageType(bytes) === HandshakeType.clientHello) return [bytes];
    held.push(bytes);
    if (held.length < 5) return [];
    const flight = held.reverse();
    held = [];
    return flight;
  };
  return call({ pass }, async (made) => void await assertConnects(made));
});

Deno.test("WeriftDtls uses the first ClientKeyExchange, not one slipped in behind it", () => {
  const pass = (bytes: Uint8Array) => {
    if (messageType(bytes) !== HandshakeType.clientKeyExchange) return [bytes];
    const forged = bytes.slice();
    forged[40]! ^= 1;
    return [bytes, forged];
  };
  return call({ pass }, async (made) => void await assertConnects(made));
});

Deno.test("WeriftDtls does not connect a client that shows another's certificate", () =>
  call({ certificate: otherCertificate.certificatePem }, async ({ result, events }) => {
    assertEquals(await result, { kind: "dtls_closed", peer: PEER, reason: "certificate_not_proven" });
    assertEquals(events.filter(({ kind }) => kind === "dtls_connected").length, 0);
  }));

Deno.test("WeriftDtls does not connect a client without certificate", () => {
  const prepare = (client: DtlsClient) =>
    Object.defineProperty(client.dtls, "requestedCertificateTypes", { get: () => [], set: () => {} });
  return call({ prepare }, async ({ result }) => {
    assertEquals(await result, { kind: "dtls_closed", peer: PEER, reason: "no_client_certificate" });
  });
});

Deno.test("WeriftDtls does not connect a client whose CertificateVerify was changed", () => {
  const pass = (bytes: Uint8Array) => {
    if (messageType(bytes) === HandshakeType.certificateVerify) bytes[bytes.length - 1]! ^= 1;
    return [bytes];
  };
  return call({ pass }, async ({ result }) => {
    assertEquals(await result, { kind: "dtls_closed", peer: PEER, reason: "certificate_not_proven" });
  });
});

Deno.test("WeriftDtls does not connect a client without SRTP", () =>
  call({ profiles: [] }, async ({ result }) => {
    assertEquals(await result, { kind: "dtls_closed", peer: PEER, reason: "no_srtp_profile" });
  }));

Deno.test("WeriftDtls drops a Finished that is in the clear or damaged, and takes the right one after it", () => {
  const pass = (bytes: Uint8Array) => {
    if (readU16(bytes, 3) !== 1) return [bytes];
    const clear = Uint8Array.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 24, 20, 0, 0, 12, 0, 5, 0, 0, 0, 0, 0, 12]);
    const damaged = bytes.slice();
    damaged[30]! ^= 1;
    return [Uint8Array.from([...clear, ...new Uint8Array(12)]), damaged, bytes];
  };
  return call({ pass }, async (made) => void await assertConnects(made));
});

Deno.test("WeriftDtls keeps a connected peer whatever arrives without its keys", () => {
  const seen: Uint8Array[] = [];
  const pass = (bytes: Uint8Array, from: Side) => {
    if (from === "client") seen.push(bytes.slice());
    return [bytes];
  };
  return call({ pass }, async (made) => {
    await assertConnects(made);
    const before = made.events.length;
    for (const bytes of seen.filter((bytes) => readU16(bytes, 3) === 0)) made.inject(bytes);
    for (const epoch of [0, 1, 2]) {
      for (const contentType of [20, 21, 22, 23]) {
        made.inject(Uint8Array.from([contentType, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40]));
        made.inject(Uint8Array.from([contentType, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 9, 0, 40, ...new Uint8Array(40)]));
      }
    }
    assertEquals(made.events.length, before);
  });
});

Deno.test("WeriftDtls repeats its last flight for a repeated Finished, a bounded number of times", () => {
  let finished: Uint8Array | undefined;
  const pass = (bytes: Uint8Array, from: Side) => {
    if (from === "client" && readU16(bytes, 3) === 1) finished = bytes.slice();
    return [bytes];
  };
  return call({ pass }, async (made) => {
    await assertConnects(made);
    const before = made.events.length;
    made.inject(finished!);
    assertEquals(made.events.length, before + 2);
    for (let i = 0; i < 100; i++) made.inject(finished!);
    assertEquals(made.events.length, before + 32);
    assert(made.events.slice(before).every(({ kind }) => kind === "dtls_send"));
  });
});

Deno.test("WeriftDtls looks at few forged records: one of a datagram, and no more after many of them", () => {
  let finished: Uint8Array | undefined;
  const pass = (bytes: Uint8Array, from: Side) => {
    if (from === "client" && readU16(bytes, 3) === 1) finished = bytes.slice();
    return [bytes];
  };
  return call({ pass }, async (made) => {
    await assertConnects(made);
    const forged = Uint8Array.from([22, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40, ...new Uint8Array(40)]);
    const before = made.events.length;
    made.inject(Uint8Array.from([...forged, ...finished!]));
    assertEquals(made.events.length, before, "what comes behind a forged record is left alone");
    made.inject(finished!);
    assertEquals(made.events.length, before + 2);
    for (let i = 0; i < 100; i++) made.inject(forged);
    made.inject(finished!);
    assertEquals(made.events.length, before + 2, "and everything after too many of them");
  });
});

Deno.test("WeriftDtls.close() ends a handshake without an event", () =>
  call({}, async ({ dtls, events, inject }) => {
    await Promise.resolve();
    dtls.close(PEER);
    const before = events.length;
    inject(Uint8Array.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assertEquals(events.length, before);
    assert(events.every(({ kind }) => kind === "dtls_send"));
  }));
