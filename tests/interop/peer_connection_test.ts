/** Both ends of a `PeerConnection` over real sockets, and sound and pictures through `Peer`. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { MediaStreamTrack, RTCPeerConnection, RtpHeader, RtpPacket, useOPUS, useSdesMid, useVP8 } from "werift";
import {
  type EventStream,
  gain,
  Peer,
  PeerConnection,
  type PeerEvent,
  ProcessorChain,
  SeaMeetError,
} from "../../mod.ts";
import { Inbox } from "./call_signaling.ts";
import { loudestTone, toneSource } from "./media_judge.ts";
import { PATIENCE_MS } from "./patience.ts";

const LOCAL = { mediaAddresses: ["127.0.0.1"], engine: "portable" } as const;

/** The next event of a type; fails when it does not come. */
async function next<Type extends PeerEvent["type"]>(
  events: EventStream<PeerEvent>,
  type: Type,
): Promise<Extract<PeerEvent, { type: Type }>> {
  const is = (event: PeerEvent): event is Extract<PeerEvent, { type: Type }> => event.type === type;
  const timer = setTimeout(() => events.return?.(), PATIENCE_MS);
  try {
    for (;;) {
      const { value, done } = await events.next();
      assert(!done, `"${type}" did not come`);
      if (is(value)) return value;
    }
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("two ends: packets both ways, keyframe requests, later lines, the end", async () => {
  await using server = new PeerConnection(LOCAL);
  await using client = new PeerConnection({ engine: "portable" });
  const toServer = await client.addLine("audio", "sendonly");
  const pictures = await client.addLine("video", "recvonly");
  const atServer = server.events();
  const atClient = client.events();
  await client.setAnswer(await server.acceptOffer(await client.createOffer()));
  const added = await next(atServer, "mediaAdded");
  assertEquals(added, { type: "mediaAdded", mid: toServer, kind: "audio", direction: "receive" });
  assertEquals((await next(atServer, "mediaAdded")).mid, pictures);
  await next(atClient, "connected");
  await next(atServer, "connected");

  assert(client.writeRtp({ mid: toServer, payload: Uint8Array.of(0xf8, 0xff, 0xfe), timestamp: 960, marker: true }));
  const { mid, packet } = await next(atServer, "rtpReceived");
  assertEquals([mid, [...packet.payload], packet.marker], [toServer, [0xf8, 0xff, 0xfe], true]);

  // The descriptor of a picture's first packet (RFC 7741 section 4.2), and the head of a keyframe of 16 × 16.
  const keyframe = Uint8Array.of(0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 0);
  const sending = setInterval(() => {
    server.writeRtp({ mid: pictures, payload: keyframe, timestamp: 3_000, marker: true });
  }, 50);
  const picture = await next(atClient, "rtpReceived");
  clearInterval(sending);
  assertEquals([picture.mid, picture.packet.payload.at(-1)], [pictures, 0]);
  client.requestKeyframe(pictures);
  assertEquals((await next(atServer, "keyframeRequest")).mid, pictures);

  // A second line is negotiated on the same path.
  const later = await client.addLine("video", "sendonly");
  await client.setAnswer(await server.acceptOffer(await client.createOffer()));
  assertEquals((await next(atClient, "mediaAdded")).mid, later);
  assertEquals(client.writeRtp({ mid: "99", payload: keyframe, timestamp: 0, marker: true }), false);

  await client.close();
  assertEquals((await next(atClient, "disconnected")).reason, "closed");
  await server.close();
  await next(atServer, "disconnected");
  await assertRejects(() => server.acceptOffer(""), SeaMeetError, "closed");
});

Deno.test("a candidate that comes after the answer is tried too; roles are kept apart; nonsense is refused", async () => {
  await using server = new PeerConnection(LOCAL);
  await using client = new PeerConnection({ engine: "portable" });
  await client.addLine("audio", "sendonly");
  await assertRejects(() => client.acceptOffer(""), SeaMeetError, "this side offers");
  await assertRejects(() => client.setAnswer("nonsense"), SeaMeetError);
  const answer = await server.acceptOffer(await client.createOffer());
  await assertRejects(() => server.createOffer(), SeaMeetError, "this side answers");
  await assertRejects(() => server.acceptOffer("nonsense"), SeaMeetError);
  const [line = ""] = /^a=(candidate:.*)\r$/m.exec(answer)?.slice(1) ?? [];
  // The answer names an address where nobody is.
  const events = client.events();
  await client.setAnswer(answer.replace(line, line.replace("127.0.0.1", "127.0.0.9")));
  client.addIceCandidate("candidate: nonsense");
  client.addIceCandidate(line);
  await next(events, "connected");
});

Deno.test("Peer: a tone through both ends, halved by a processor on the way in", async () => {
  await using server = new PeerConnection(LOCAL);
  await using client = new PeerConnection({ engine: "portable" });
  const emitted: unknown[] = [];
  using listener = new Peer(server, {
    onEvent: (event) => emitted.push(event),
    processor: new ProcessorChain([gain(-6), {
      processAudio: () => emitted.length === 0 ? { emit: "first" } : "forward",
    }]),
  });
  using speaker = new Peer(client);
  await client.addLine("audio", "sendonly");
  await client.setAnswer(await server.acceptOffer(await client.createOffer()));
  const track = await speaker.publishAudio(toneSource(440, 0.5));
  const { toneHz, toneLevel } = await loudestTone(listener.audio());
  assertAlmostEquals(toneHz, 440, 5);
  // The level that the source has, 6 dB down.
  assertAlmostEquals(toneLevel, 0.5 * 10 ** (-6 / 20), 0.03);
  assertEquals(emitted, ["first"]);
  track.close();
});

Deno.test("werift's full ICE agent answers our offer: packets both ways", async () => {
  await using ours = new PeerConnection(LOCAL);
  const theirs = new RTCPeerConnection({
    codecs: { audio: [useOPUS({ payloadType: 111 })], video: [useVP8({ payloadType: 96 })] },
    headerExtensions: { audio: [useSdesMid()], video: [useSdesMid()] },
    bundlePolicy: "max-bundle",
    iceServers: [],
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  try {
    const sound = await ours.addLine("audio", "sendonly");
    const picture = await ours.addLine("video", "recvonly");
    const events = ours.events();
    const heard = new Inbox<RtpPacket>();
    theirs.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((packet) => heard.add(packet)));
    await theirs.setRemoteDescription({ type: "offer", sdp: await ours.createOffer() });
    const camera = theirs.getTransceivers().find(({ kind }) => kind === "video");
    assert(camera !== undefined);
    camera.setDirection("sendonly");
    await camera.sender.replaceTrack(new MediaStreamTrack({ kind: "video" }));
    // werift answers "active" to every offer, also to one that has said so itself (RFC 4145 section 4.1 leaves "passive").
    const { sdp } = await theirs.createAnswer();
    await theirs.setLocalDescription({ type: "answer", sdp: sdp.replaceAll("a=setup:active", "a=setup:passive") });
    await ours.setAnswer(theirs.localDescription!.sdp);
    await next(events, "connected");

    assert(ours.writeRtp({ mid: sound, payload: Uint8Array.of(0xf8, 0xff, 0xfe), timestamp: 960, marker: true }));
    const [first] = await heard.count(1, "packet of ours");
    assertEquals([...first!.payload], [0xf8, 0xff, 0xfe]);
    const sending = setInterval(() => {
      const header = new RtpHeader({ sequenceNumber: 1, timestamp: 3_000, marker: true });
      void camera.sender.sendRtp(new RtpPacket(header, Buffer.from([0x10, 0x01, 0x02, 0x03])));
    }, 50);
    try {
      const { mid, packet } = await next(events, "rtpReceived");
      assertEquals([mid, [...packet.payload]], [picture, [0x10, 0x01, 0x02, 0x03]]);
    } finally {
      clearInterval(sending);
    }
  } finally {
    await theirs.close();
  }
});
