/** werift's own peer connection as client of our server, over the real WebSocket and UDP. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  MediaStreamTrack,
  RTCPeerConnection,
  type RtcpPacket,
  RtcpRrPacket,
  RtcpSrPacket,
  type RTCRtpTransceiver,
  RtpHeader,
  RtpPacket,
  useOPUS,
  useSdesMid,
  useTransportWideCC,
  useVP8,
} from "werift";
import { madeAudio, type MadePayload, MadeVideo } from "./call_rtp.ts";
import { answeredLine, Inbox, ScriptedSignaling, soon } from "./call_signaling.ts";
import { startTestServer } from "./seed_server.ts";

const ROOM = "werift";
const FEEDBACK = [{ type: "nack" }, { type: "nack", parameter: "pli" }, { type: "transport-cc" }];
const FRAMES = 20;

/** A participant: a microphone, a camera, and one pair of lines for somebody else. */
class WeriftClient implements AsyncDisposable {
  readonly signaling: ScriptedSignaling;
  readonly microphone: RTCRtpTransceiver;
  readonly camera: RTCRtpTransceiver;
  /** How often the server asked the camera for a whole picture. */
  readonly keyframeRequests: Inbox<void> = new Inbox();
  answer = "";
  readonly #connection: RTCPeerConnection;

  private constructor(signaling: ScriptedSignaling, payloadTypes: { video: number; audio: number }) {
    this.signaling = signaling;
    this.#connection = new RTCPeerConnection({
      codecs: {
        audio: [useOPUS({ payloadType: payloadTypes.audio })],
        video: [useVP8({ payloadType: payloadTypes.video, rtcpFeedback: FEEDBACK })],
      },
      headerExtensions: { audio: [useSdesMid(), useTransportWideCC()], video: [useSdesMid(), useTransportWideCC()] },
      bundlePolicy: "max-bundle",
      iceServers: [],
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ["127.0.0.1"],
    });
    const sendonly = { direction: "sendonly" } as const;
    const recvonly = { direction: "recvonly" } as const;
    this.microphone = this.#connection.addTransceiver(new MediaStreamTrack({ kind: "audio" }), sendonly);
    this.camera = this.#connection.addTransceiver(new MediaStreamTrack({ kind: "video" }), sendonly);
    this.#connection.addTransceiver("audio", recvonly);
    this.#connection.addTransceiver("video", recvonly);
    this.camera.sender.onPictureLossIndication.subscribe(() => this.keyframeRequests.add());
  }

  /** Joins, negotiates and waits until DTLS is up. */
  static async connect(
    origin: string,
    name: string,
    payloadTypes: { video: number; audio: number },
  ): Promise<WeriftClient> {
    const client = new WeriftClient(await ScriptedSignaling.join(origin, ROOM, name), payloadTypes);
    await client.#negotiate();
    return client;
  }

  /** The line on which somebody's track comes. */
  async lineOf(other: WeriftClient, source: "microphone" | "camera"): Promise<RTCRtpTransceiver> {
    const mid = await this.signaling.lineOf(other.signaling.id, source);
    const line = this.#connection.getTransceivers().find((transceiver) => transceiver.mid === mid);
    assert(line !== undefined, `no line has mid ${mid}`);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
    await this.signaling[Symbol.asyncDispose]();
  }

  async #negotiate(): Promise<void> {
    const connected = new Promise<void>((resolve) => {
      this.#connection.connectionStateChange.subscribe((state) => state === "connected" && resolve());
    });
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    const { sdp } = this.#connection.localDescription!;
    this.answer = await this.signaling.offer(sdp, [
      { mid: this.microphone.mid!, source: "microphone" },
      { mid: this.camera.mid!, source: "camera" },
    ]);
    await this.#connection.setRemoteDescription({ type: "answer", sdp: this.answer });
    await soon(connected, "DTLS");
  }
}

/** Sends payloads one after the other; werift adds SSRC, payload number and extensions. */
async function send(line: RTCRtpTransceiver, made: readonly MadePayload[], firstSequence: number): Promise<void> {
  for (const [i, { payload, marker, timestamp }] of made.entries()) {
    const header = new RtpHeader({ sequenceNumber: (firstSequence + i) & 0xffff, timestamp, marker });
    await line.sender.sendRtp(new RtpPacket(header, Buffer.from(payload)));
  }
}

function packetsOf(line: RTCRtpTransceiver): Inbox<RtpPacket> {
  const inbox = new Inbox<RtpPacket>();
  line.receiver.track.onReceiveRtp.subscribe((packet) => inbox.add(packet));
  return inbox;
}

function rtcpOf(end: { onRtcp: { subscribe(listener: (packet: RtcpPacket) => void): unknown } }): Inbox<RtcpPacket> {
  const inbox = new Inbox<RtcpPacket>();
  end.onRtcp.subscribe((packet) => inbox.add(packet));
  return inbox;
}

/** Checks that the packets are what was sent, whole and in order, with the numbers of the answer. */
function assertForwarded(
  packets: readonly RtpPacket[],
  sent: readonly MadePayload[],
  line: { ssrc: number; payloadType: number },
): void {
  assertEquals(packets.map(({ payload }) => Uint8Array.from(payload)), sent.map(({ payload }) => payload));
  assertEquals(packets.map(({ header }) => header.marker), sent.map(({ marker }) => marker));
  const [first] = packets;
  assert(first !== undefined);
  for (const [i, { header }] of packets.entries()) {
    assertEquals({ ssrc: header.ssrc, payloadType: header.payloadType }, line);
    assertEquals(header.sequenceNumber, (first.header.sequenceNumber + i) & 0xffff);
    assertEquals((header.timestamp - first.header.timestamp) >>> 0, sent[i]!.timestamp - sent[0]!.timestamp);
  }
}

Deno.test("werift's peer connections exchange VP8 and opus through the server, with reports and keyframe requests", async () => {
  await using server = await startTestServer();
  await using ada = await WeriftClient.connect(server.origin, "Ada", { video: 96, audio: 111 });
  await using ben = await WeriftClient.connect(server.origin, "Ben", { video: 120, audio: 109 });
  const [camera, microphone] = [await ben.lineOf(ada, "camera"), await ben.lineOf(ada, "microphone")];
  const [pictures, sounds] = [packetsOf(camera), packetsOf(microphone)];
  const [reportsToAda, reportsToBen] = [rtcpOf(ada.camera.sender), rtcpOf(camera.receiver)];

  await ada.keyframeRequests.count(1, "PLI for the newcomer");
  const video = new MadeVideo();
  const sentVideo = Array.from({ length: FRAMES }, (_, i) => video.next(i === 0)).flat();
  await send(ada.camera, sentVideo, 65_500);
  const sentAudio = Array.from({ length: FRAMES }, (_, i) => madeAudio(i));
  await send(ada.microphone, sentAudio, 30);
  assertForwarded(
    await pictures.count(sentVideo.length, "VP8 packets"),
    sentVideo,
    answeredLine(ben.answer, camera.mid!, "VP8"),
  );
  assertForwarded(
    await sounds.count(sentAudio.length, "opus packets"),
    sentAudio,
    answeredLine(ben.answer, microphone.mid!, "opus"),
  );

  const before = ada.keyframeRequests.all.length;
  await camera.receiver.sendRtcpPLI(answeredLine(ben.answer, camera.mid!, "VP8").ssrc);
  await ada.keyframeRequests.count(before + 1, "PLI of the viewer");

  const report = await reportsToAda.until(
    (all) =>
      all.flatMap((packet) => packet instanceof RtcpRrPacket || packet instanceof RtcpSrPacket ? packet.reports : [])
        .find(({ ssrc }) => ssrc === ada.camera.sender.ssrc),
    "receiver report",
  );
  assertEquals(report.packetsLost, 0);
  const senderReport = await reportsToBen.until(
    (all) => all.find((packet) => packet instanceof RtcpSrPacket),
    "sender report",
  );
  assertEquals(senderReport.ssrc, answeredLine(ben.answer, camera.mid!, "VP8").ssrc);
  assertEquals(senderReport.senderInfo.packetCount, sentVideo.length);
});

Deno.test("a packet that werift's sender lost on the way is asked for by the server and still reaches werift's receiver", async () => {
  await using server = await startTestServer();
  await using ada = await WeriftClient.connect(server.origin, "Ada", { video: 96, audio: 111 });
  await using ben = await WeriftClient.connect(server.origin, "Ben", { video: 120, audio: 109 });
  const pictures = packetsOf(await ben.lineOf(ada, "camera"));
  const lost = new Inbox<number>();
  ada.camera.sender.onGenericNack.subscribe((nack) => nack.lost.forEach((sequence) => lost.add(sequence)));
  await ada.keyframeRequests.count(1, "PLI for the newcomer");

  const video = new MadeVideo();
  const made = Array.from({ length: FRAMES }, (_, i) => video.next(i === 0)).flat();
  const gap = 31; // the number 10 after the wrap
  await send(ada.camera, made.slice(0, gap), 65_515);
  await send(ada.camera, made.slice(gap + 1), 65_515 + gap + 1);
  assertEquals((await lost.count(1, "NACK"))[0], (65_515 + gap) & 0xffff);
  await send(ada.camera, made.slice(gap, gap + 1), 65_515 + gap);

  const packets = await pictures.count(made.length, "VP8 packets");
  const first = packets[0]!.header.sequenceNumber;
  const inOrder = packets.toSorted((a, b) =>
    ((a.header.sequenceNumber - first) & 0xffff) - ((b.header.sequenceNumber - first) & 0xffff)
  );
  assertEquals(inOrder.map(({ payload }) => Uint8Array.from(payload)), made.map(({ payload }) => payload));
});
