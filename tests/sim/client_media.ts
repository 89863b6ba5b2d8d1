import type { PooledPacket } from "../../src/base/packet_pool.ts";
import { TwccRecorder } from "../../src/bandwidth/twcc_recorder.ts";
import { ExtensionIndex, readExtensionText } from "../../src/rtp/header_extension.ts";
import { parseRtcp, type RtcpPacket, type TransportWideFeedback } from "../../src/rtp/rtcp.ts";
import { RtpView } from "../../src/rtp/rtp_view.ts";
import { unwrapRtx } from "../../src/rtp/rtx.ts";
import type { TrackSource } from "../../src/room/track_source.ts";
import type { AnsweredLine } from "./answer_text.ts";
import { MediaReceiver } from "./media_receiver.ts";
import { MediaSender, type SenderEncoding, type SenderPort, type SenderStart } from "./media_sender.ts";
import type { EventQueue } from "./event_queue.ts";
import type { ClientLine, Dialect } from "./offer_text.ts";
import type { Content } from "./payloads.ts";

/** How often feedback is looked at, and how often reports go out. */
const FEEDBACK_INTERVAL_MS = 20;
const REPORT_INTERVAL_MS = 1_000;

/** What media needs of its client. */
export interface MediaPort {
  readonly owner: number;
  readonly dialect: Dialect;
  readonly events: EventQueue;
  /** The client's own wall clock. */
  unixMs(): number;
  sendRtp(write: (bytes: Uint8Array) => number): void;
  sendRtcp(packets: readonly RtcpPacket[]): void;
  /** A whole frame came on a line. */
  frame(mid: string, content: Content, clockErrorMs: number | undefined): void;
  /** Something arrived that no browser would accept. */
  violation(text: string): void;
  /** Transport-wide feedback is sent. */
  readonly givesFeedback: boolean;
  /** Sound with redundancy was offered. */
  readonly red: boolean;
}

/** Everything a client sends and receives over one peer connection. */
export class ClientMedia {
  /** It was under way when the connection broke: what it would have announced comes all the same. */
  answerLost = false;
  /** The only encoding of each source, or the best of several. */
  readonly senders = new Map<TrackSource, MediaSender>();
  /** All encodings, worst first. */
  readonly encodings: MediaSender[] = [];
  readonly receivers = new Map<string, MediaReceiver>();
  /** All transport feedback that came. */
  readonly feedback: TransportWideFeedback[] = [];
  transportSequence = 0;
  /** The client sends no requests and reports. */
  feedbackPaused = false;
  /** Sees the payload of each packet of a video line that is neither repaired nor padding. */
  onPicturePacket: ((mid: string, view: RtpView) => void) | undefined;
  readonly #port: MediaPort;
  readonly #bySsrc = new Map<number, { receiver: MediaReceiver; isRtx: boolean }>();
  readonly #view = new RtpView();
  readonly #extensions = new ExtensionIndex();
  readonly #recorder = new TwccRecorder();
  #running = false;
  #closed = false;

  constructor(port: MediaPort) {
    this.#port = port;
  }

  /** Media can flow. */
  start(): void {
    this.#running = true;
    for (const sender of this.encodings) this.#produce(sender);
    this.#give();
    this.#report();
  }

  /** Prepares to receive what the answer announced. */
  setAnswer(lines: readonly AnsweredLine[]): void {
    this.answerLost = false;
    for (const { mid, kind, ssrc, rtxSsrc, direction } of lines) {
      if (ssrc === undefined || direction === "recvonly" || direction === "inactive") continue;
      if (this.receivers.get(mid)?.stats.ssrc === ssrc) continue;
      const receiver = new MediaReceiver(
        mid,
        kind === "audio" ? "audio" : "video",
        ssrc,
        (content, clockErrorMs) => this.#port.frame(mid, content, clockErrorMs),
      );
      this.receivers.set(mid, receiver);
      this.#bySsrc.set(ssrc, { receiver, isRtx: false });
      if (rtxSsrc !== undefined) this.#bySsrc.set(rtxSsrc, { receiver, isRtx: true });
    }
  }

  /** Starts to publish on a line. */
  publish(line: ClientLine, source: TrackSource, start: SenderStart, encodings: readonly SenderEncoding[] = []): void {
    const { owner, dialect, events } = this.#port;
    const port: SenderPort = {
      owner,
      dialect,
      red: this.#port.red,
      now: () => events.now,
      nextTransportSequence: () => this.transportSequence++ & 0xffff,
      sendRtp: (write) => this.#port.sendRtp(write),
    };
    for (const encoding of encodings.length === 0 ? [undefined] : encodings) {
      const sender = new MediaSender(port, line, source, start, encoding);
      this.senders.set(source, sender);
      this.encodings.push(sender);
      if (this.#running) this.#produce(sender);
    }
  }

  /** Switches encoders on and off, as the server wishes. */
  activate(tracks: readonly { readonly mid: string; readonly active: readonly string[] }[]): void {
    for (const { mid, active } of tracks) {
      for (const sender of this.encodings) {
        if (sender.line.mid === mid && sender.encoding !== undefined) {
          sender.active = active.includes(sender.encoding.rid);
        }
      }
    }
  }

  /** The same for lines of one encoding. */
  demand(tracks: readonly { readonly mid: string; readonly layers: number }[]): void {
    for (const { mid, layers } of tracks) {
      for (const sender of this.encodings) if (sender.line.mid === mid) sender.active = layers > 0;
    }
  }

  /** Ends one source. */
  unpublish(source: TrackSource): void {
    this.senders.delete(source);
    const kept = this.encodings.filter((sender) => sender.source !== source);
    this.encodings.splice(0, this.encodings.length, ...kept);
  }

  close(): void {
    this.#closed = true;
  }

  receiveRtp(packet: PooledPacket): void {
    const view = this.#view;
    if (!view.parse(packet.bytes, packet.length) || !this.#extensions.parse(view)) {
      this.#port.violation("An RTP packet is malformed");
      return;
    }
    const stream = this.#bySsrc.get(view.ssrc);
    if (stream === undefined) {
      if (!this.answerLost) this.#port.violation(`No answer has announced SSRC ${view.ssrc}`);
      return;
    }
    const { receiver, isRtx } = stream;
    const { dialect, events } = this.#port;
    const stampAt = this.#extensions.offsetOf(dialect.extensions.transportSequence);
    if (stampAt >= 0) this.#recorder.record((view.bytes[stampAt]! << 8) | view.bytes[stampAt + 1]!, events.now);
    else this.#port.violation("A packet has no transport-wide number");
    const isRed = this.#port.red && receiver.kind === "audio" && view.payloadType === dialect.red;
    const sound = isRed ? dialect.red : dialect.opus;
    const expected = receiver.kind === "audio" ? sound : isRtx ? dialect.rtx : dialect.vp8;
    const id = dialect.extensions.mid;
    const at = this.#extensions.offsetOf(id);
    const mid = at < 0 ? undefined : readExtensionText(view.bytes, at, this.#extensions.lengthOf(id));
    if (view.payloadType !== expected || mid !== receiver.mid) {
      this.#port.violation(`Payload type ${view.payloadType} with mid ${mid} on the line ${receiver.mid}`);
    } else {
      if (receiver.kind === "video" && !isRtx) this.onPicturePacket?.(receiver.mid, view);
      // What is empty tries the path.
      if (isRtx && unwrapRtx(packet.bytes, view, receiver.stats.ssrc, dialect.vp8) < 0) return;
      if (!receiver.receive(view, isRtx, events.now, isRed ? dialect.opus : -1)) {
        this.#port.violation("A payload was changed on the way");
      }
    }
  }

  receiveRtcp(packet: PooledPacket): void {
    const parts = parseRtcp(packet.bytes, packet.length);
    if (parts === undefined) this.#port.violation("An RTCP packet is malformed");
    for (const part of parts ?? []) this.#handle(part);
  }

  #handle(part: RtcpPacket): void {
    const sender = (ssrc: number) => this.encodings.find((candidate) => candidate.ssrc === ssrc);
    switch (part.kind) {
      case "nack":
        sender(part.mediaSsrc)?.handleNack(part.sequenceNumbers);
        break;
      case "pli":
        sender(part.mediaSsrc)?.requestKeyframe();
        break;
      case "twcc":
        this.feedback.push(part);
        break;
      case "rr":
        for (const block of part.reports) {
          const about = sender(block.ssrc);
          if (about !== undefined) about.report = block;
        }
        break;
      case "sr":
        this.#bySsrc.get(part.ssrc)?.receiver.handleSenderReport(part, this.#port.events.now);
        break;
      default:
        break;
    }
  }

  #produce(sender: MediaSender): void {
    if (this.#closed || !this.encodings.includes(sender)) return;
    sender.produce();
    this.#port.events.after(sender.intervalMs, () => this.#produce(sender));
  }

  /** Requests for packets and keyframes. */
  #give(): void {
    if (this.#closed) return;
    const { now } = this.#port.events;
    const packets: RtcpPacket[] = [];
    for (const receiver of this.feedbackPaused ? [] : this.receivers.values()) {
      const mediaSsrc = receiver.stats.ssrc;
      const sequenceNumbers = receiver.dueNacks(now);
      if (sequenceNumbers.length > 0) packets.push({ kind: "nack", senderSsrc: 1, mediaSsrc, sequenceNumbers });
      if (receiver.duePli(now)) packets.push({ kind: "pli", senderSsrc: 1, mediaSsrc });
    }
    if (packets.length > 0) this.#port.sendRtcp(packets);
    if (this.#port.givesFeedback && !this.feedbackPaused && this.#recorder.nextTimeout() <= now) {
      for (let part = this.#recorder.feedback(1, 0); part !== undefined; part = this.#recorder.feedback(1, 0)) {
        this.#port.sendRtcp([part]);
      }
    }
    this.#port.events.after(FEEDBACK_INTERVAL_MS, () => this.#give());
  }

  #report(): void {
    if (this.#closed) return;
    const { now } = this.#port.events;
    const reports = [...this.receivers.values()].flatMap((receiver) => receiver.reportBlock(now) ?? []);
    const packets: RtcpPacket[] = this.encodings.map((sender) => sender.senderReport(this.#port.unixMs()));
    packets.push({ kind: "rr", ssrc: 1, reports: reports.slice(0, 31) });
    packets.push({ kind: "sdes", chunks: [{ ssrc: 1, items: [{ type: 1, text: "sim" }] }] });
    if (!this.feedbackPaused) this.#port.sendRtcp(packets);
    this.#port.events.after(REPORT_INTERVAL_MS, () => this.#report());
  }
}
