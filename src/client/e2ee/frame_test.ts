import { assertEquals, assertNotEquals } from "@std/assert";
import { FrameDecryptor } from "./frame_decryptor.ts";
import { FrameEncryptor } from "./frame_encryptor.ts";
import { additionalData, clearBytes, frameHeader, writeFrame } from "./frame_layout.ts";
import { KeyChain } from "./key_chain.ts";
import { HmacSha256, sha256 } from "./sha256.ts";

const SENDER = "00000000-0000-4000-8000-000000000001";
const OTHER = "00000000-0000-4000-8000-000000000002";
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const bytes = (hex: string) => Uint8Array.fromHex(hex);
const hex = (value: Uint8Array | string) => typeof value === "string" ? value : value.toHex();

/** What the client this protocol comes from computes for the key above (shared/spec/e2ee.md section 7). */
const VECTORS = [
  {
    keyId: 0,
    messageKeys: [
      "bbd73db4f78eaa6cd7ba90395ad73cf6c081c3df97fb344032f385d31d1bd47b",
      "6134561f9baefd46ab65cd95eb0b540ebeb28bafc7dbf389186a6c5abb4a7834",
    ],
    salt: "5846bddb63f0f00f6a85fcfc",
    audio: "0000000001008eb4a34637c79525295e17b0622beb9efb305700",
    video: "9120000000000002e0bcfbb2fd2ffad395b5fa908b0f5d9c56b8b3452003",
  },
  {
    keyId: 300,
    messageKeys: [
      "395ac60ba241d113ac98d8cb1b6d4da5b61a068b46a5877040ca022074263ccc",
      "83618d3acc78129ff674a09ee767655231ea1269532f38c7357f82ebd9186e25",
    ],
    salt: "a4f5a2bc3d40def9928c6013",
    audio: "2c00000001a2dde9eaab7cf1016baa2fa366268847cc0ebece00",
    video: "9120002c00000002e19f5270cac53d552c4155fc9ff51fbc58c970ff2503",
  },
];
const AUDIO = bytes("78aabbcc");
const VIDEO = bytes("9120000102030405");

/** An encryptor with the key, and frames 1 to `count` of it. */
async function framesOf(count: number, keyId = 0, sender = SENDER): Promise<Uint8Array<ArrayBuffer>[]> {
  const encryptor = new FrameEncryptor(sender);
  encryptor.setKey(keyId, KEY);
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0; i < count; i++) frames.push(sealed(await encryptor.encrypt("audio", undefined, AUDIO)));
  return frames;
}

function sealed(result: Uint8Array<ArrayBuffer> | string): Uint8Array<ArrayBuffer> {
  if (typeof result === "string") throw new Error(`not encrypted: ${result}`);
  return result;
}

function decryptor(keyId = 0, sender = SENDER): FrameDecryptor {
  const made = new FrameDecryptor(sender);
  made.addKey(keyId, KEY);
  return made;
}

Deno.test("SHA-256 and its HMAC are those of the browser, at every length around a block", async () => {
  const secret = bytes("000102030405060708090a0b0c0d0e0f");
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  for (let length = 0; length < 200; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7);
    assertEquals(hex(sha256(data)), hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data))));
    const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
    assertEquals(hex(new HmacSha256(secret).sign(data)), hex(expected));
  }
});

Deno.test("chains and frames are byte for byte those of the original client", async () => {
  for (const { keyId, messageKeys, salt, audio, video } of VECTORS) {
    const chain = KeyChain.start(KEY, keyId);
    assertEquals(hex(chain.nonce(0)), salt);
    assertEquals([hex(chain.take()), hex(chain.take())], messageKeys);
    const encryptor = new FrameEncryptor(SENDER);
    encryptor.setKey(keyId, KEY);
    assertEquals(hex(await encryptor.encrypt("audio", "audio/opus", AUDIO)), audio);
    assertEquals(hex(await encryptor.encrypt("video", "video/VP8", VIDEO)), video);
    const receiver = decryptor(keyId);
    assertEquals(hex(await receiver.decrypt(bytes(video), 0)), hex(VIDEO));
    assertEquals(hex(await receiver.decrypt(bytes(audio), 0)), hex(AUDIO));
  }
});

Deno.test("the clear bytes are those the packetiser reads, and frames too short for them do no harm", () => {
  const key = new Uint8Array(20);
  const delta = new Uint8Array(20).fill(1);
  assertEquals(clearBytes("audio", "audio/opus", key), 0);
  assertEquals([clearBytes("video", "video/VP8", key), clearBytes("video", "video/VP8", delta)], [10, 3]);
  assertEquals([clearBytes("video", "video/VP9", key), clearBytes("video", undefined, delta)], [10, 3]);
  assertEquals([
    clearBytes("video", "video/VP8", key.subarray(0, 9)),
    clearBytes("video", "video/VP8", key.subarray(0, 2)),
  ], [3, 0]);
  assertEquals([clearBytes("video", "video/H264", key), clearBytes("video", "video/AV1", key)], [undefined, undefined]);
});

Deno.test("without a key, and for a codec that cannot be encrypted, a frame is kept back", async () => {
  const encryptor = new FrameEncryptor(SENDER);
  assertEquals(await encryptor.encrypt("video", "video/VP8", VIDEO), "no_key");
  encryptor.setKey(0, KEY);
  assertEquals(await encryptor.encrypt("video", "video/H264", VIDEO), "codec_unsupported");
});

Deno.test("a frame that is given out as another participant's is refused", async () => {
  const [frame] = await framesOf(1);
  assertEquals(await decryptor(0, OTHER).decrypt(frame!, 0), "forged");
  assertEquals(hex(await decryptor().decrypt(frame!, 0)), hex(AUDIO));
});

Deno.test("no byte of a frame can be changed", async () => {
  const encryptor = new FrameEncryptor(SENDER);
  encryptor.setKey(0, KEY);
  const frame = sealed(await encryptor.encrypt("video", "video/VP8", VIDEO));
  for (let at = 0; at < frame.length; at++) {
    const changed = frame.slice();
    // The top bit of the trailer means nothing.
    changed[at]! ^= 1;
    assertNotEquals(hex(await decryptor().decrypt(changed, 0)), hex(VIDEO), `byte ${at}`);
  }
});

Deno.test("frames come in any order, each once", async () => {
  const frames = await framesOf(40);
  const receiver = decryptor();
  const order = frames.map((_, i) => (i * 17) % 40);
  const seen = await Promise.all(order.map((i) => receiver.decrypt(frames[i]!, 0)));
  assertEquals(seen.map(hex), frames.map(() => hex(AUDIO)));
  for (const frame of frames) assertEquals(await receiver.decrypt(frame, 0), "replayed");
});

Deno.test("a late joiner reads the 30,000th frame at once, and those before it that are still under way", async () => {
  const frames = await framesAt(29_990, 12);
  const receiver = decryptor();
  assertEquals(hex(await receiver.decrypt(frames[10]!, 0)), hex(AUDIO));
  assertEquals(hex(await receiver.decrypt(frames[3]!, 0)), hex(AUDIO));
});

Deno.test("forged counters move neither the window nor the chain, and cannot be used to waste time", async () => {
  const frames = await framesOf(3);
  const receiver = decryptor();
  const forged = frames[0]!.slice();
  new DataView(forged.buffer).setUint32(1, 20_000);
  assertEquals(await receiver.decrypt(forged, 0), "forged");
  assertEquals(await receiver.decrypt(forged, 999), "replayed", "not looked at: it would cost as much again");
  for (const frame of frames) assertEquals(hex(await receiver.decrypt(frame, 999)), hex(AUDIO));
  assertEquals(await receiver.decrypt(forged, 1_000), "forged");
});

Deno.test("a member that leaps far with genuine frames is followed once a second, so that it takes nobody's time", async () => {
  const receiver = decryptor();
  const [first] = await framesAt(5_000, 1);
  const [second, near] = await framesAt(10_000, 2);
  assertEquals(hex(await receiver.decrypt(first!, 0)), hex(AUDIO));
  assertEquals(await receiver.decrypt(second!, 999), "replayed");
  assertEquals(hex(await receiver.decrypt(second!, 1_000)), hex(AUDIO));
  assertEquals(hex(await receiver.decrypt(near!, 1_000)), hex(AUDIO));
});

Deno.test("numbers that share their low byte are told apart, and purged keys are gone", async () => {
  const [old, , , , late] = await framesOf(5, 1);
  const [fresh, second] = await framesOf(2, 257);
  const receiver = decryptor(1);
  receiver.addKey(257, KEY);
  assertEquals(hex(await receiver.decrypt(old!, 0)), hex(AUDIO));
  assertEquals(hex(await receiver.decrypt(fresh!, 0)), hex(AUDIO));
  receiver.purge(257);
  assertEquals(await receiver.decrypt(late!, 0), "forged");
  assertEquals(hex(await receiver.decrypt(second!, 0)), hex(AUDIO));
});

Deno.test("the same key again starts nothing anew", async () => {
  const frames = await framesOf(2);
  const receiver = decryptor();
  await receiver.decrypt(frames[0]!, 0);
  receiver.addKey(0, KEY);
  assertEquals(await receiver.decrypt(frames[0]!, 0), "replayed");
});

Deno.test("whatever bytes come, they are dropped", async () => {
  const receiver = decryptor();
  for (let length = 0; length < 60; length++) {
    for (const fill of [0, 1, 0x7f, 0xff]) {
      const result = await receiver.decrypt(new Uint8Array(length).fill(fill), 0);
      assertEquals(typeof result, "string", `${length} × ${fill}`);
    }
  }
  assertEquals(await new FrameDecryptor(SENDER).decrypt(new Uint8Array(99), 0), "no_key");
});

/** `count` frames of the key from number `first` on. */
async function framesAt(first: number, count: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const chain = KeyChain.start(KEY, 0);
  while (chain.next < first) chain.skip();
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0; i < count; i++) {
    const iv = chain.nonce(chain.next);
    const header = frameHeader(new Uint8Array(0), 0, chain.next);
    const key = await crypto.subtle.importKey("raw", chain.take(), "AES-GCM", false, ["encrypt"]);
    const algorithm = { name: "AES-GCM", iv, additionalData: additionalData(SENDER, header) };
    frames.push(writeFrame(header, new Uint8Array(await crypto.subtle.encrypt(algorithm, key, AUDIO))));
  }
  return frames;
}
