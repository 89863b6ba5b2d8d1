import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import {
  HandshakeReassembler,
  handshakeRecord,
  HandshakeType,
  parseDtlsRecords,
} from "../../transport/dtls_handshake.ts";
import { createCertificate } from "../certificate.ts";
import { DtlsSession } from "../dtls_session.ts";
import { clientIdentity, DtlsClient, type DtlsClientResult } from "./dtls_client.ts";

const serverCertificate = await createCertificate();
const identity = clientIdentity(await createCertificate());

/** Turns of the event loop after which nothing more can come: werift answers within a few. */
const SETTLED_TURNS = 30;

/** What a test does to the datagrams; `undefined` loses one. */
interface Meddler {
  toClient?: (bytes: Uint8Array) => Uint8Array | undefined;
  toServer?: (bytes: Uint8Array) => Uint8Array | undefined;
  fingerprint?: string;
}

type ServerResult = Parameters<ConstructorParameters<typeof DtlsSession>[1]["connected"]>[0];

/** A client and our server in memory, in virtual time for the client. */
class Handshake implements AsyncDisposable {
  readonly client: DtlsClient;
  readonly events: string[] = [];
  clientResult: DtlsClientResult | undefined;
  serverResult: ServerResult | undefined;
  /** Datagrams that the client sent. */
  sent = 0;
  now = 0;
  readonly #server: DtlsSession;
  readonly #working: Promise<void>[] = [];

  constructor({ toClient, toServer, fingerprint = serverCertificate.fingerprint }: Meddler = {}) {
    this.#server = new DtlsSession(serverCertificate, {
      send: (bytes) => {
        const changed = toClient === undefined ? bytes : toClient(bytes.slice());
        if (changed !== undefined) setImmediate(() => this.client.receive(changed, this.now));
      },
      connected: (result) => {
        this.serverResult = result;
        this.events.push("server connected");
      },
      closed: (reason) => this.events.push(`server ${reason}`),
      working: (promise) => this.#working.push(promise),
    });
    this.client = new DtlsClient(identity, [{ algorithm: "sha-256", value: fingerprint }], {
      send: (bytes) => {
        this.sent++;
        const changed = toServer === undefined ? bytes : toServer(bytes.slice());
        if (changed !== undefined) setImmediate(() => this.#server.receive(changed));
      },
      connected: (result) => {
        this.clientResult = result;
        this.events.push("client connected");
      },
      closed: (reason) => this.events.push(`client ${reason}`),
    });
  }

  /** Lets it run until nothing comes any more; then lets the client's next timer fire, up to `until`. */
  async run(until = 0): Promise<this> {
    if (!this.client.started) this.client.start(this.now);
    for (;;) {
      for (let turn = 0; turn < SETTLED_TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      const next = this.client.nextTimeout();
      if (next > until) return this;
      this.now = next;
      this.client.handleTimeout(next);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    this.#server.close();
    await Promise.all(this.#working);
  }
}

/** Changes whole messages of one type in the server's datagrams. */
function changing(type: number, change: (body: Uint8Array) => void): Meddler {
  return {
    toClient: (bytes) => {
      const inbox = new HandshakeReassembler();
      const [record] = parseDtlsRecords(bytes);
      const [message] = record === undefined || record.epoch !== 0 ? [] : inbox.add(record.payload);
      if (message === undefined || message.type !== type) return bytes;
      change(message.body);
      return handshakeRecord(message);
    },
  };
}

Deno.test("DtlsClient connects to our server, and both have the same keys", async () => {
  await using both = await new Handshake().run();
  assertEquals(both.events.toSorted(), ["client connected", "server connected"]);
  const { clientResult, serverResult } = both;
  assert(clientResult !== undefined && serverResult !== undefined);
  assertEquals(clientResult.profile, "AEAD_AES_128_GCM");
  assertEquals(clientResult.localKeys, serverResult.remoteKeys);
  assertEquals(clientResult.remoteKeys, serverResult.localKeys);
  assertEquals(serverResult.remoteFingerprints[0]!.value, identity.fingerprint);
  assertEquals(both.sent, 3, "two ClientHellos and one flight");
  assertEquals(both.client.nextTimeout(), Infinity);
});

Deno.test("DtlsClient shows itself to nobody whose certificate was not announced", async () => {
  const other = serverCertificate.fingerprint.replace(/^../, (first) => first === "00" ? "01" : "00");
  await using both = await new Handshake({ fingerprint: other }).run();
  assertEquals(both.events, ["client fingerprint_mismatch"]);
  assertEquals(both.sent, 2, "nothing after the ClientHellos");
});

Deno.test("DtlsClient takes no key that the certificate's owner has not signed", async () => {
  const changes: readonly ((body: Uint8Array) => void)[] = [
    (body) => body[body.length - 1] = body.at(-1)! ^ 1, // the signature
    (body) => body[20] = body[20]! ^ 1, // the key
  ];
  for (const change of changes) {
    await using both = await new Handshake(changing(HandshakeType.serverKeyExchange, change)).run();
    assertEquals(both.events, ["client certificate_not_proven"]);
    assertEquals(both.sent, 2);
  }
});

Deno.test("DtlsClient refuses a ServerHello without SRTP, extended master secret or a suite of ours", async () => {
  const changes: readonly [string, (body: Uint8Array) => void][] = [
    ["dtls_version", (body) => body[1] = 0xff],
    ["dtls_no_common_parameters", (body) => body[36 + body[34]!] = 0],
    ["no_extended_master_secret", (body) => replaceExtension(body, 23)],
    ["no_srtp_profile", (body) => replaceExtension(body, 14)],
  ];
  for (const [reason, change] of changes) {
    await using both = await new Handshake(changing(HandshakeType.serverHello, change)).run();
    assertEquals(both.events, [`client ${reason}`]);
  }
});

/** Gives an extension a number that means nothing. */
function replaceExtension(body: Uint8Array, type: number): void {
  for (let at = 35 + body[34]! + 5; at + 4 <= body.length; at += 4 + ((body[at + 2]! << 8) | body[at + 3]!)) {
    if (((body[at]! << 8) | body[at + 1]!) === type) body[at] = 0x7a;
  }
}

Deno.test("DtlsClient is connected by nothing but the server's own Finished", async () => {
  // Every encrypted record of the server is damaged, and an unencrypted Finished put before it.
  const meddler: Meddler = {
    toClient: (bytes) => {
      const records = parseDtlsRecords(bytes);
      const sealed = records.find(({ epoch }) => epoch === 1);
      if (sealed === undefined) return bytes;
      sealed.payload[sealed.payload.length - 1]! ^= 1;
      const forged = handshakeRecord({ type: HandshakeType.finished, sequence: 7, body: new Uint8Array(12) });
      return new Uint8Array([...forged, ...bytes]);
    },
  };
  await using both = await new Handshake(meddler).run(60_000);
  assertEquals(both.events.filter((event) => event.startsWith("client")), ["client dtls_timeout"]);
});

Deno.test("DtlsClient repeats flights until they arrive", async () => {
  for (const lost of [[0, 1], [2, 3]]) {
    let count = 0;
    const meddler: Meddler = { toServer: (bytes) => lost.includes(count++) ? undefined : bytes };
    await using both = await new Handshake(meddler).run(15_000);
    assertEquals(both.events.toSorted(), ["client connected", "server connected"], `lost ${lost}`);
  }
  for (const lost of [[0, 3], [1, 2], [6]]) {
    let count = 0;
    const meddler: Meddler = { toClient: (bytes) => lost.includes(count++) ? undefined : bytes };
    await using both = await new Handshake(meddler).run(15_000);
    assertEquals(both.events.toSorted(), ["client connected", "server connected"], `lost of the server's ${lost}`);
  }
});

Deno.test("DtlsClient gives up after 20 seconds without an answer", async () => {
  await using both = await new Handshake({ toServer: () => undefined }).run(60_000);
  assertEquals(both.events, ["client dtls_timeout"]);
  assertEquals(both.now, 20_000);
});

Deno.test("DtlsClient says goodbye to the server, which hears it", async () => {
  await using both = await new Handshake().run();
  both.client.close();
  await both.run();
  assertEquals(both.events.at(-1), "server dtls_close_notify");
});

Deno.test("DtlsClient believes no alert that is not encrypted, and throws at nothing", async () => {
  await using both = new Handshake();
  both.client.start(0);
  both.client.receive(Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40), 0);
  for (let i = 0; i < 3_000; i++) both.client.receive(crypto.getRandomValues(new Uint8Array(i % 100)), 0);
  for (let type = 0; type < 30; type++) {
    const body = crypto.getRandomValues(new Uint8Array(type * 3));
    if (type !== HandshakeType.serverHello) continue;
    both.client.receive(handshakeRecord({ type, sequence: 9, body }), 0);
  }
  await both.run();
  assert(both.events.includes("client connected"), both.events.join());
});
