import { assert, assertEquals } from "@std/assert";
import { parseHex, readU16 } from "../base/bytes.ts";
import {
  DtlsContent,
  HandshakeReassembler,
  handshakeRecord,
  HandshakeType,
  parseClientHello,
  parseDtlsRecords,
} from "../transport/dtls_handshake.ts";
import type { DtlsEvent } from "../transport/dtls_port.ts";
import { createCertificate } from "./certificate.ts";
import { WeriftDtls } from "./werift_dtls.ts";

const certificate = await createCertificate();

/** Datagrams as a browser sent them, blank lines in between. */
async function captured(name: string): Promise<Uint8Array[]> {
  const text = await Deno.readTextFile(new URL(`../../tests/data/${name}.hex`, import.meta.url));
  return text.trim().split(/\n\s*\n/).map((block) => parseHex(block)!);
}

function messages(events: readonly DtlsEvent[]) {
  const inbox = new HandshakeReassembler();
  return events.flatMap((event) => event.kind === "dtls_send" ? parseDtlsRecords(event.bytes) : [])
    .filter(({ contentType }) => contentType === DtlsContent.handshake)
    .flatMap(({ payload }) => inbox.add(payload));
}

/** The record of the browser's ClientHello with the cookie that a HelloVerifyRequest asked for. */
function withCookie(hello: readonly Uint8Array[], cookie: Uint8Array, change: (body: Uint8Array) => void = () => {}) {
  const inbox = new HandshakeReassembler();
  const [message] = hello.flatMap((bytes) => parseDtlsRecords(bytes)).flatMap(({ payload }) => inbox.add(payload));
  const at = 35 + message!.body[34]!;
  const body = new Uint8Array(message!.body.length + cookie.length);
  body.set(message!.body.subarray(0, at));
  body[at] = cookie.length;
  body.set(cookie, at + 1);
  body.set(message!.body.subarray(at + 1), at + 1 + cookie.length);
  change(body);
  return handshakeRecord({ type: HandshakeType.clientHello, sequence: 1, body }, 9);
}

async function withDtls(test: (dtls: WeriftDtls, events: DtlsEvent[]) => Promise<void>): Promise<void> {
  const events: DtlsEvent[] = [];
  const dtls = new WeriftDtls({ certificate, onEvent: (event) => events.push(event) });
  dtls.open(1);
  try {
    await test(dtls, events);
  } finally {
    await dtls.closeAll();
  }
}

/** Brings a session to where the client's flight is awaited; returns the types of our flight. */
function answerHello(
  dtls: WeriftDtls,
  events: DtlsEvent[],
  hello: readonly Uint8Array[],
  change?: (b: Uint8Array) => void,
) {
  for (const bytes of hello) dtls.receive(1, bytes);
  const [verify] = messages(events.splice(0));
  assertEquals(verify?.type, HandshakeType.helloVerifyRequest);
  dtls.receive(1, withCookie(hello, verify!.body.subarray(3), change));
  return messages(events);
}

for (const browser of ["chromium", "firefox"]) {
  Deno.test(`WeriftDtls answers ${browser}'s ClientHello with a DTLS 1.2 flight that asks for a certificate`, () =>
    withDtls(async (dtls, events) => {
      const hello = (await captured(`${browser}_client_hello`)).slice(0, 2);
      assertEquals(hello.length, 2, "the ClientHello comes in two datagrams");
      const flight = answerHello(dtls, events, hello);
      assertEquals(flight.map(({ type }) => type), [2, 11, 12, 13, 14]);
      assertEquals(readU16(flight[0]!.body, 0), 0xfefd);
      const sessionLength = flight[0]!.body[34]!;
      assertEquals(readU16(flight[0]!.body, 35 + sessionLength), 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
      const extensions = flight[0]!.body.subarray(38 + sessionLength);
      const text = Array.from(extensions, (byte) => byte.toString(16).padStart(2, "0")).join("");
      assert(text.includes("000e0005000200070"), `use_srtp with AEAD_AES_128_GCM in ${text}`);
    }));
}

Deno.test("WeriftDtls puts Firefox's ClientHello together from two different cuts of it", () =>
  withDtls(async (dtls, events) => {
    const [a1, a2, b1, b2] = await captured("firefox_client_hello");
    for (const bytes of [a2!, b2!, b2!]) dtls.receive(1, bytes);
    assertEquals(events, []);
    dtls.receive(1, b1!);
    assertEquals(messages(events).map(({ type }) => type), [HandshakeType.helloVerifyRequest]);
    dtls.receive(1, a1!);
    dtls.receive(1, a2!);
    assertEquals(messages(events).length, 2, "the same question again");
  }));

Deno.test("WeriftDtls is not disturbed by a forged ClientHello before and after the genuine one", () =>
  withDtls(async (dtls, events) => {
    const hello = (await captured("chromium_client_hello")).slice(0, 2);
    const forged = (await captured("firefox_client_hello")).slice(0, 2);
    for (const bytes of [...forged, ...hello, ...forged]) dtls.receive(1, bytes);
    const cookie = messages(events.splice(0))[0]!.body.subarray(3);
    dtls.receive(1, withCookie(forged, new Uint8Array(20)));
    assertEquals(messages(events.splice(0)).map(({ type }) => type), [HandshakeType.helloVerifyRequest]);
    dtls.receive(1, withCookie(hello, cookie));
    assertEquals(messages(events).length, 5);
    const count = events.length;
    for (const bytes of forged) dtls.receive(1, bytes);
    assertEquals(events.length, count);
  }));

Deno.test("WeriftDtls ends a session whose client sends an empty certificate", () =>
  withDtls(async (dtls, events) => {
    answerHello(dtls, events, (await captured("chromium_client_hello")).slice(0, 2));
    events.length = 0;
    dtls.receive(1, handshakeRecord({ type: HandshakeType.certificate, sequence: 2, body: new Uint8Array(3) }));
    assertEquals(events, [{ kind: "dtls_closed", peer: 1, reason: "no_client_certificate" }]);
    dtls.receive(1, handshakeRecord({ type: HandshakeType.certificate, sequence: 2, body: new Uint8Array(3) }));
    assertEquals(events.length, 1);
  }));

Deno.test("WeriftDtls ends a session without a cipher suite or version in common", async () => {
  const hello = (await captured("chromium_client_hello")).slice(0, 2);
  const noSuites = (body: Uint8Array) => {
    const at = 36 + body[34]! + body[35 + body[34]!]!;
    body.fill(0x11, at + 2, at + 2 + readU16(body, at));
  };
  await withDtls(async (dtls, events) => {
    answerHello(dtls, events, hello, noSuites);
    await Promise.resolve();
    assertEquals(events, [{ kind: "dtls_closed", peer: 1, reason: "dtls_no_common_parameters" }]);
  });
  await withDtls((dtls, events) => {
    answerHello(dtls, events, hello, (body) => body[1] = 0xff);
    assertEquals(events, [{ kind: "dtls_closed", peer: 1, reason: "dtls_version" }]);
    return Promise.resolve();
  });
});

Deno.test("WeriftDtls repeats its flight for a repeated ClientHello, a bounded number of times", () =>
  withDtls(async (dtls, events) => {
    const hello = (await captured("chromium_client_hello")).slice(0, 2);
    for (const bytes of hello) dtls.receive(1, bytes);
    const again = withCookie(hello, messages(events.splice(0))[0]!.body.subarray(3));
    for (let i = 0; i < 100; i++) dtls.receive(1, again);
    assertEquals(events.filter(({ kind }) => kind === "dtls_send").length, 5 * 17);
  }));

Deno.test("WeriftDtls ignores peers that are not open", async () => {
  const events: DtlsEvent[] = [];
  const dtls = new WeriftDtls({ certificate, onEvent: (event) => events.push(event) });
  const hello = (await captured("chromium_client_hello")).slice(0, 2);
  for (const bytes of hello) dtls.receive(1, bytes);
  dtls.open(1);
  dtls.close(1);
  dtls.close(2);
  for (const bytes of hello) dtls.receive(1, bytes);
  await dtls.closeAll();
  assertEquals(events, []);
});

Deno.test("parseClientHello() finds nothing in a hello that is cut anywhere before its cookie", async () => {
  const inbox = new HandshakeReassembler();
  const hello = (await captured("chromium_client_hello")).slice(0, 2);
  const [message] = hello.flatMap((bytes) => parseDtlsRecords(bytes)).flatMap(({ payload }) => inbox.add(payload));
  const end = 36 + message!.body[34]!;
  for (let length = 0; length < end; length++) {
    assertEquals(parseClientHello({ ...message!, body: message!.body.slice(0, length) }), undefined);
  }
  assert(parseClientHello({ ...message!, body: message!.body.slice(0, end) }) !== undefined);
});
