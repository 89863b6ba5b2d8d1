/** libdatachannel (OpenSSL's DTLS, another SRTP, another ICE) as client of our server; RTP and RTCP are written by hand. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import nodeDataChannel from "npm:node-datachannel@0.33.4";
import type { PeerConnection, Track } from "npm:node-datachannel@0.33.4";
import { madeAudio, type MadePayload, MadeVideo } from "./call_rtp.ts";
import { answeredLine, Inbox, ScriptedSignaling, soon } from "./call_signaling.ts";
import { startTestServer } from "./seed_server.ts";

const ROOM = "libdatachannel";
const FRAMES = 20;
const CAMERA = "camera-line";
const MICROPHONE = "microphone-line";
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const NACK = 1;
const PLI = 1;

/** What one client sends with. */
interface Numbers {
  readonly video: number;
  readonly rtx: number;
  readonly audio: number;
  readonly cameraSsrc: number;
  readonly microphoneSsrc: number;
}

/** The parts of a received RTP packet that tests look at. */
interface Received {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** One packet out of an RTCP compound. */
interface Control {
  readonly type: number;
  /** Number of reports, or the kind of feedback. */
  readonly count: number;
  readonly view: DataView;
}

/** A line of a client: what comes on it, sorted into RTP and RTCP. */
class Line {
  readonly rtp: Inbox<Received> = new Inbox();
  readonly rtcp: Inbox<Control> = new Inbox();
  readonly track: Track;

  constructor(track: Track) {
    this.track = track;
    track.onMessage((message) => {
      const bytes = Uint8Array.from(message);
      const second = bytes[1] ?? 0;
      if (second >= 192 && second <= 223) { for (const packet of controls(bytes)) this.rtcp.add(packet); }
      else this.rtp.add(received(bytes));
    });
  }

  /** Sends feedback about what comes on this line. */
  feedback(type: number, kind: number, mediaSsrc: number, more: readonly number[] = []): void {
    const words = [0, mediaSsrc, ...more];
    const view = new DataView(new ArrayBuffer(4 + 4 * words.length));
    view.setUint8(0, 0x80 | kind);
    view.setUint8(1, type);
    view.setUint16(2, words.length);
    words.forEach((word, i) => view.setUint32(4 + 4 * i, word));
    this.track.sendMessageBinary(Buffer.from(view.buffer));
  }
}

/** A participant: a microphone, a camera, and one pair of lines for somebody else. */
class NativeClient implements AsyncDisposable {
  readonly signaling: ScriptedSignaling;
  readonly numbers: Numbers;
  answer = "";
  readonly #connection: PeerConnection;
  readonly #lines: Map<string, Line> = new Map();

  private constructor(signaling: ScriptedSignaling, numbers: Numbers) {
    this.signaling = signaling;
    this.numbers = numbers;
    this.#connection = new nodeDataChannel.PeerConnection(signaling.id, {
      iceServers: [],
      disableAutoNegotiation: true,
    });
    this.#addLine("audio", MICROPHONE, numbers.microphoneSsrc);
    this.#addLine("video", CAMERA, numbers.cameraSsrc);
    this.#addLine("audio", "audio-for-others");
    this.#addLine("video", "video-for-others");
  }

  /** Joins, negotiates and waits until DTLS is up. */
  static async connect(origin: string, name: string, numbers: Numbers): Promise<NativeClient> {
    const client = new NativeClient(await ScriptedSignaling.join(origin, ROOM, name), numbers);
    await client.#negotiate();
    return client;
  }

  get camera(): Line {
    return this.#lines.get(CAMERA)!;
  }

  get microphone(): Line {
    return this.#lines.get(MICROPHONE)!;
  }

  /** The line on which somebody's track comes, with its name. */
  async lineOf(other: NativeClient, source: "microphone" | "camera"): Promise<{ line: Line; mid: string }> {
    const mid = await this.signaling.lineOf(other.signaling.id, source);
    const line = this.#lines.get(mid);
    assert(line !== undefined, `no line has mid ${mid}`);
    return { line, mid };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.#connection.onStateChange((state) => state === "closed" && resolve())
    );
    this.#connection.close();
    await soon(closed, "the end of the connection");
    await this.signaling[Symbol.asyncDispose]();
  }

  #addLine(kind: "audio" | "video", mid: string, ssrc?: number): void {
    const direction = ssrc === undefined ? "RecvOnly" : "SendOnly";
    let media;
    if (kind === "audio") {
      media = new nodeDataChannel.Audio(mid, direction);
      media.addOpusCodec(this.numbers.audio);
    } else {
      media = new nodeDataChannel.Video(mid, direction);
      media.addVP8Codec(this.numbers.video);
      media.addRTXCodec(this.numbers.rtx, this.numbers.video, 90_000);
    }
    if (ssrc !== undefined) media.addSSRC(ssrc, "made", "stream", mid);
    this.#lines.set(mid, new Line(this.#connection.addTrack(media)));
  }

  async #negotiate(): Promise<void> {
    const connection = this.#connection;
    const connected = new Promise<void>((resolve) =>
      connection.onStateChange((state) => state === "connected" && resolve())
    );
    const gathered = new Promise<void>((resolve) =>
      connection.onGatheringStateChange((state) => state === "complete" && resolve())
    );
    connection.setLocalDescription("offer");
    await soon(gathered, "candidates");
    this.answer = await this.signaling.offer(connection.localDescription()!.sdp, [
      { mid: MICROPHONE, source: "microphone" },
      { mid: CAMERA, source: "camera" },
    ]);
    connection.setRemoteDescription(this.answer, "answer");
    await soon(connected, "DTLS");
  }
}

/** Sends made-up payloads with plain headers, without extensions. */
function send(
  line: Line,
  made: readonly MadePayload[],
  first: { ssrc: number; payloadType: number; sequence: number },
) {
  for (const [i, { payload, marker, timestamp }] of made.entries()) {
    const packet = new Uint8Array(12 + payload.length);
    const view = new DataView(packet.buffer);
    view.setUint8(0, 0x80);
    view.setUint8(1, (marker ? 0x80 : 0) | first.payloadType);
    view.setUint16(2, (first.sequence + i) & 0xffff);
    view.setUint32(4, timestamp);
    view.setUint32(8, first.ssrc);
    packet.set(payload, 12);
    assert(line.track.sendMessageBinary(Buffer.from(packet)), "libdatachannel sends");
  }
}

function received(bytes: Uint8Array<ArrayBuffer>): Received {
  const view = new DataView(bytes.buffer);
  const second = view.getUint8(1);
  let start = 12 + 4 * (view.getUint8(0) & 0x0f);
  if ((view.getUint8(0) & 0x10) !== 0) start += 4 + 4 * view.getUint16(start + 2);
  return {
    ssrc: view.getUint32(8),
    payloadType: second & 0x7f,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    marker: second >= 0x80,
    payload: bytes.subarray(start),
  };
}

function controls(bytes: Uint8Array<ArrayBuffer>): Control[] {
  const found: Control[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, at);
    found.push({ type: view.getUint8(1), count: view.getUint8(0) & 0x1f, view });
    at += 4 + 4 * view.getUint16(2);
  }
  return found;
}

/** The blocks of a receiver report. */
function reportBlocks({ type, count, view }: Control): DataView[] {
  if (type !== RECEIVER_REPORT) return [];
  return Array.from({ length: count }, (_, i) => new DataView(view.buffer, view.byteOffset + 8 + 24 * i, 24));
}

/** Checks that the packets are what was sent, whole and in order, with the numbers of the answer. */
function assertForwarded(
  packets: readonly Received[],
  sent: readonly MadePayload[],
  line: { ssrc: number; payloadType: number },
): void {
  assertEquals(packets.map(({ payload }) => payload), sent.map(({ payload }) => payload));
  assertEquals(packets.map(({ marker }) => marker), sent.map(({ marker }) => marker));
  const [first] = packets;
  assert(first !== undefined);
  for (const [i, { ssrc, payloadType, sequence, timestamp }] of packets.entries()) {
    assertEquals({ ssrc, payloadType }, line);
    assertEquals(sequence, (first.sequence + i) & 0xffff);
    assertEquals((timestamp - first.timestamp) >>> 0, sent[i]!.timestamp - sent[0]!.timestamp);
  }
}

async function exchange(origin: string): Promise<void> {
  const adasNumbers = { video: 96, rtx: 97, audio: 111, cameraSsrc: 0x11111111, microphoneSsrc: 0x22222222 };
  const bensNumbers = { video: 120, rtx: 121, audio: 109, cameraSsrc: 0x33333333, microphoneSsrc: 0x44444444 };
  await using ada = await NativeClient.connect(origin, "Ada", adasNumbers);
  await using ben = await NativeClient.connect(origin, "Ben", bensNumbers);
  const camera = await ben.lineOf(ada, "camera");
  const microphone = await ben.lineOf(ada, "microphone");
  const answered = answeredLine(ben.answer, camera.mid, "VP8");
  const keyframeRequests = (all: readonly Control[]) =>
    all.filter(({ type, count, view }) =>
      type === PAYLOAD_FEEDBACK && count === PLI && view.getUint32(8) === adasNumbers.cameraSsrc
    );

  await ada.camera.rtcp.until((all) => keyframeRequests(all)[0], "PLI for the newcomer");
  const video = new MadeVideo();
  const sentVideo = Array.from({ length: FRAMES }, (_, i) => video.next(i === 0)).flat();
  send(ada.camera, sentVideo, { ssrc: adasNumbers.cameraSsrc, payloadType: adasNumbers.video, sequence: 65_500 });
  const sentAudio = Array.from({ length: FRAMES }, (_, i) => madeAudio(i));
  send(ada.microphone, sentAudio, { ssrc: adasNumbers.microphoneSsrc, payloadType: adasNumbers.audio, sequence: 7 });
  const pictures = await camera.line.rtp.count(sentVideo.length, "VP8 packets");
  assertForwarded(pictures, sentVideo, answered);
  assertForwarded(
    await microphone.line.rtp.count(sentAudio.length, "opus packets"),
    sentAudio,
    answeredLine(ben.answer, microphone.mid, "opus"),
  );

  // What the viewer says it has lost comes again, as RTX.
  const [lost, lostAt] = [pictures[40]!, 40];
  camera.line.feedback(TRANSPORT_FEEDBACK, NACK, answered.ssrc, [lost.sequence * 0x1_0000]);
  const again = (await camera.line.rtp.count(sentVideo.length + 1, "packets"))[sentVideo.length]!;
  assertEquals(again.payloadType, bensNumbers.rtx);
  assertEquals(new DataView(again.payload.slice().buffer).getUint16(0), lost.sequence);
  assertEquals(again.payload.subarray(2), sentVideo[lostAt]!.payload);
  assertEquals(again.timestamp, lost.timestamp);

  const before = keyframeRequests(ada.camera.rtcp.all).length;
  camera.line.feedback(PAYLOAD_FEEDBACK, PLI, answered.ssrc);
  await ada.camera.rtcp.until((all) => keyframeRequests(all)[before], "PLI of the viewer");

  const report = await ada.camera.rtcp.until(
    (all) => all.flatMap(reportBlocks).find((block) => block.getUint32(0) === adasNumbers.cameraSsrc),
    "receiver report",
  );
  assertEquals(report.getUint32(4), 0, "nothing was lost");
  assertEquals(report.getUint16(8), 1, "the numbers went round once");
  assertEquals(report.getUint16(10), (65_500 + sentVideo.length - 1) & 0xffff);
}

Deno.test("libdatachannel's peers exchange VP8 and opus through the server, with RTX, reports and keyframe requests", async () => {
  const warnings: string[] = [];
  nodeDataChannel.initLogger("Warning", (_level, message) => warnings.push(message));
  try {
    await using server = await startTestServer();
    await exchange(server.origin);
  } catch (error) {
    for (const warning of warnings) console.log(warning);
    throw error;
  } finally {
    nodeDataChannel.cleanup();
  }
});
