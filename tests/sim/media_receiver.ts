import { distance32, SequenceUnwrapper } from "../../src/base/sequence.ts";
import { type Millis, unixFromNtp } from "../../src/base/time.ts";
import type { ReportBlock, SenderReport } from "../../src/rtp/rtcp.ts";
import type { RtpView } from "../../src/rtp/rtp_view.ts";
import { ReceiveStats } from "../../src/stream/receive_stats.ts";
import type { MediaKind } from "../../src/room/track_source.ts";
import { type Content, readContent, readPictureId, splitRed } from "./payloads.ts";

/** A missing packet is asked for after this long, and again that often. */
const NACK_AFTER_MS = 15;
const NACK_AGAIN_MS = 100;
const MAX_NACKS = 10;
/** After this a gap is given up, and a keyframe asked for. */
const GIVE_UP_MS = 800;
const PLI_INTERVAL_MS = 300;
/** The first packets of a stream are no keyframe for this long: it is asked for. */
const FIRST_KEYFRAME_MS = 200;

/** Where one line passed from one publisher to another. */
export interface SourceSwitch {
  readonly from: number;
  readonly to: number;
  /** 1: no gap in the numbers. */
  readonly sequenceStep: number;
  readonly timestampStepMs: Millis;
  /** How much time really passed. */
  readonly elapsedMs: Millis;
}

interface Packet {
  readonly content: Content;
  readonly pictureId: number;
  readonly timestamp: number;
}

/** Takes each whole frame in order; `clockErrorMs` is where sender reports put its capture time, off the true one. */
export type FrameListener = (content: Content, clockErrorMs: number | undefined) => void;

/** One SSRC as a receiver sees it: jitter buffer, a decoder that believes what packets say of themselves, feedback. */
export class MediaReceiver {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly stats: ReceiveStats;
  packets = 0;
  duplicates = 0;
  /** Packets with redundant sound, and how often it stood in for a lost packet. */
  redundant = 0;
  recovered = 0;
  /** Packets that came by RTX. */
  repaired = 0;
  /** Frames that were whole but referred to one that was not there. */
  undecodable = 0;
  /** Gaps that were never filled. */
  givenUp = 0;
  /** Keyframes that were shown although something before them was missing. */
  jumps = 0;
  /** Packets that came before the first keyframe and were of no use. */
  beforeKeyframe = 0;
  /** Frames whose picture id was not the next one. */
  pictureIdJumps = 0;
  readonly switches: SourceSwitch[] = [];
  lastReport: SenderReport | undefined;
  readonly #clockRateHz: number;
  readonly #onFrame: FrameListener;
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #buffer = new Map<number, Packet>();
  readonly #missing = new Map<number, { since: Millis; nextAt: Millis; tries: number }>();
  #newest: { sequence: number; timestamp: number; owner: number; at: Millis } | undefined;
  #next = -1;
  #waitingSince: Millis | undefined;
  #assembling: { readonly first: Packet; count: number } | undefined;
  #last: Packet | undefined;
  /** What was decoded since the last keyframe. */
  readonly #decoded = new Set<string>();
  #wantsKeyframe = false;
  #pliAt: Millis = -Infinity;
  #heard = -1;

  constructor(mid: string, kind: MediaKind, ssrc: number, onFrame: FrameListener) {
    this.mid = mid;
    this.kind = kind;
    this.#clockRateHz = kind === "video" ? 90_000 : 48_000;
    this.stats = new ReceiveStats(ssrc, this.#clockRateHz);
    this.#onFrame = onFrame;
  }

  /**
   * Takes a plain packet whose SSRC and payload type are this line's; `false` when it makes no sense.
   *
   * @param inside Payload type of the blocks, where it has redundant ones, or -1.
   */
  receive(view: RtpView, repaired: boolean, now: Millis, inside: number): boolean {
    const whole = view.bytes.slice(view.payloadOffset, view.payloadOffset + view.payloadLength);
    const blocks = inside < 0 ? [whole] : splitRed(whole, inside);
    const payload = blocks?.at(-1);
    if (blocks === undefined || payload === undefined) return false;
    if (blocks.length > 1) this.redundant++;
    const content = readContent(payload, this.kind === "video");
    if (content === undefined) return false;
    this.packets++;
    if (repaired) this.repaired++;
    else this.stats.update(view.sequenceNumber, view.timestamp, now);
    const sequence = this.#unwrapper.unwrap(view.sequenceNumber);
    this.#follow(sequence, view.timestamp, content.owner, now);
    if (this.kind === "audio") {
      for (const block of blocks.slice(0, -1)) this.#hearAgain(block, content.owner);
      this.#heard = Math.max(this.#heard, content.frame);
      this.#onFrame(content, this.#clockError(view.timestamp, content));
      return true;
    }
    this.#missing.delete(sequence);
    if ((this.#next >= 0 && sequence < this.#next) || this.#buffer.has(sequence)) {
      this.duplicates++;
      return true;
    }
    const pictureId = readPictureId(payload);
    this.#buffer.set(sequence, { content, pictureId, timestamp: view.timestamp });
    if (this.#next < 0) this.#begin(now);
    this.#advance();
    if (this.#next >= 0 && sequence > this.#next) this.#jump(content, sequence);
    return true;
  }

  /** Numbers to ask for now. */
  dueNacks(now: Millis): number[] {
    const due: number[] = [];
    for (const [sequence, wait] of this.#missing) {
      if (now < wait.nextAt || wait.tries >= MAX_NACKS) continue;
      wait.tries++;
      wait.nextAt = now + NACK_AGAIN_MS;
      due.push(sequence & 0xffff);
    }
    const oldest = this.#missing.get(this.#next);
    if (oldest !== undefined && now - oldest.since > GIVE_UP_MS) this.#skip();
    return due;
  }

  /** Says, at most every 300 ms, whether a keyframe is needed to go on. */
  duePli(now: Millis): boolean {
    if (!this.#wantsKeyframe || now - this.#pliAt < PLI_INTERVAL_MS) return false;
    this.#pliAt = now;
    return true;
  }

  /** A report block, once something came. */
  reportBlock(now: Millis): ReportBlock | undefined {
    return this.stats.packets === 0 ? undefined : this.stats.reportBlock(now);
  }

  /** Takes the server's sender report. */
  handleSenderReport(report: SenderReport, now: Millis): void {
    this.lastReport = report;
    this.stats.handleSenderReport(report.ntp, report.rtpTimestamp, now);
  }

  /** An older frame, which is new to us where its own packet was lost. */
  #hearAgain(block: Uint8Array, owner: number): void {
    const content = readContent(block, false);
    if (content?.owner !== owner || this.#heard < 0 || content.frame <= this.#heard) return;
    this.#heard = content.frame;
    this.recovered++;
    this.#onFrame(content, undefined);
  }

  #follow(sequence: number, timestamp: number, owner: number, now: Millis): void {
    const last = this.#newest;
    if (last !== undefined && sequence <= last.sequence) return;
    if (last !== undefined && last.owner !== owner) {
      this.switches.push({
        from: last.owner,
        to: owner,
        sequenceStep: sequence - last.sequence,
        timestampStepMs: distance32(last.timestamp, timestamp) * 1000 / this.#clockRateHz,
        elapsedMs: now - last.at,
      });
    }
    for (let lost = (last?.sequence ?? sequence) + 1; lost < sequence && this.kind === "video"; lost++) {
      this.#missing.set(lost, { since: now, nextAt: now + NACK_AFTER_MS, tries: 0 });
    }
    this.#newest = { sequence, timestamp, owner, at: now };
  }

  /** Nothing was shown yet: the first packet of a keyframe is waited for, in whichever order packets come. */
  #begin(now: Millis): void {
    this.#waitingSince ??= now;
    const first = this.#firstKeyframe();
    if (first !== undefined) {
      this.beforeKeyframe = [...this.#buffer.keys()].filter((sequence) => sequence < first).length;
      this.#goOnAt(first);
    } else if (now - this.#waitingSince > FIRST_KEYFRAME_MS) this.#wantsKeyframe = true;
  }

  #advance(): void {
    for (let packet = this.#buffer.get(this.#next); packet !== undefined; packet = this.#buffer.get(this.#next)) {
      this.#buffer.delete(this.#next++);
      this.#assemble(packet);
    }
  }

  #assemble(packet: Packet): void {
    const { content } = packet;
    const current = this.#assembling;
    if (content.index === 0) this.#assembling = { first: packet, count: 1 };
    else if (current !== undefined && isSameFrame(current.first.content, content) && current.count === content.index) {
      current.count++;
    } else this.#assembling = undefined;
    if (content.index !== content.count - 1) return;
    if (this.#assembling?.count === content.count) this.#decode(packet);
    else this.#fail();
    this.#assembling = undefined;
  }

  #decode(packet: Packet): void {
    const { content, pictureId, timestamp } = packet;
    const last = this.#last;
    if (content.isKeyframe) this.#decoded.clear();
    if (!content.isKeyframe && !this.#decoded.has(nameOf(content, content.reference))) {
      this.#fail();
      return;
    }
    if (last !== undefined && ((last.pictureId + 1) & 0x7fff) !== pictureId) this.pictureIdJumps++;
    this.#last = packet;
    this.#decoded.add(nameOf(content, content.frame));
    this.#wantsKeyframe = false;
    this.#onFrame(content, this.#clockError(timestamp, content));
  }

  #fail(): void {
    this.undecodable++;
    this.#wantsKeyframe = true;
  }

  /** A whole keyframe needs nothing of what is missing before it: browsers show it at once. */
  #jump(content: Content, sequence: number): void {
    if (!content.isKeyframe) return;
    const first = sequence - content.index;
    for (let i = first; i < first + content.count; i++) {
      const packet = this.#buffer.get(i);
      if (packet === undefined || !isSameFrame(packet.content, content)) return;
    }
    this.jumps++;
    this.#goOnAt(first);
    this.#advance();
  }

  /** Gives up waiting: goes on at the next keyframe that is there, else asks for one. */
  #skip(): void {
    this.#wantsKeyframe = true;
    const first = this.#firstKeyframe();
    if (first === undefined) return;
    this.givenUp++;
    this.#goOnAt(first);
    this.#advance();
  }

  #firstKeyframe(): number | undefined {
    const starts = [...this.#buffer].filter(([, { content }]) => content.isKeyframe && content.index === 0);
    return starts.map(([sequence]) => sequence).sort((a, b) => a - b)[0];
  }

  #goOnAt(first: number): void {
    for (const sequence of [...this.#buffer.keys()]) if (sequence < first) this.#buffer.delete(sequence);
    for (const sequence of [...this.#missing.keys()]) if (sequence < first) this.#missing.delete(sequence);
    this.#next = first;
    this.#assembling = undefined;
  }

  #clockError(timestamp: number, content: Content): number | undefined {
    const report = this.lastReport;
    if (report === undefined) return undefined;
    const sinceMs = distance32(report.rtpTimestamp, timestamp) * 1000 / this.#clockRateHz;
    return unixFromNtp(report.ntp) + sinceMs - content.capturedAt;
  }
}

function nameOf({ owner, source, layer }: Content, frame: number): string {
  return `${owner} ${source} ${layer} ${frame}`;
}

function isSameFrame(a: Content, b: Content): boolean {
  return a.owner === b.owner && a.source === b.source && a.layer === b.layer && a.frame === b.frame;
}
