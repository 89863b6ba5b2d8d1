/**
 * What a server sent to a browser behind a real limited link, and the feedback that came back, as a file.
 *
 * gzip of a line of JSON (`TraceHead`) and entries: a number whose two lowest bits say what it is and whose others are
 * tenths of a millisecond since the entry before, then what belongs to it. Numbers are LEB128.
 */
import { parseTransportWide, writeTransportWide } from "../../src/rtp/rtcp_twcc.ts";
import type { TransportWideFeedback } from "../../src/rtp/rtcp.ts";
import type { Millis } from "../../src/base/time.ts";

/** One thing that happened. */
export type TraceEntry =
  /** A packet left, with headers of IP and UDP. */
  | { readonly kind: "sent"; readonly at: Millis; readonly bytes: number }
  | { readonly kind: "feedback"; readonly at: Millis; readonly feedback: TransportWideFeedback }
  /** The estimate was asked for padding. */
  | { readonly kind: "poll"; readonly at: Millis }
  /** So much would be used. */
  | { readonly kind: "want"; readonly at: Millis; readonly bps: number };

/** How a trace was made, and what was measured meanwhile. */
export interface TraceHead {
  /** Browser, date and what was seen. */
  readonly about: string;
  /** Milliseconds of the trace at which the link got each rate. */
  readonly steps: readonly { readonly at: Millis; readonly kbps: number }[];
  readonly queueMs: Millis;
  readonly delayMs: Millis;
  readonly initialBps: number;
  /** What each camera's encodings had, worst first, headers left out. */
  readonly camerasBps: readonly (readonly number[])[];
  readonly fps: number;
  /** By the link itself, every `everyMs`: bits per second that came to it and were not lost, and the wait in its queue. */
  readonly link: { readonly everyMs: Millis; readonly bps: readonly number[]; readonly queueMs: readonly Millis[] };
}

/** A trace in memory. */
export interface Trace {
  readonly head: TraceHead;
  readonly entries: readonly TraceEntry[];
}

const KINDS = ["sent", "feedback", "poll", "want"] as const;
const TICKS_PER_MS = 10;
const MAX_FEEDBACK_BYTES = 1_400;

/** Writes a file. */
export async function encodeTrace({ head, entries }: Trace): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = [...new TextEncoder().encode(`${JSON.stringify(head)}\n`)];
  const scratch = new Uint8Array(MAX_FEEDBACK_BYTES);
  let ticks = 0;
  for (const entry of entries) {
    const at = Math.round(entry.at * TICKS_PER_MS);
    writeNumber(bytes, (at - ticks) * KINDS.length + KINDS.indexOf(entry.kind));
    ticks = at;
    if (entry.kind === "sent") writeNumber(bytes, entry.bytes);
    if (entry.kind === "want") writeNumber(bytes, Math.round(entry.bps));
    if (entry.kind === "feedback") {
      const length = writeTransportWide(entry.feedback, scratch, 0);
      writeNumber(bytes, length);
      bytes.push(...scratch.subarray(0, length));
    }
  }
  return await through(Uint8Array.from(bytes), new CompressionStream("gzip"));
}

/** Reads a file. */
export async function decodeTrace(file: Uint8Array<ArrayBuffer>): Promise<Trace> {
  const bytes = await through(file, new DecompressionStream("gzip"));
  const end = bytes.indexOf(10);
  const head: TraceHead = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const entries: TraceEntry[] = [];
  const cursor = { at: end + 1 };
  for (let ticks = 0; cursor.at < bytes.length;) {
    const tag = readNumber(bytes, cursor);
    ticks += Math.floor(tag / KINDS.length);
    const at = ticks / TICKS_PER_MS;
    const kind = KINDS[tag % KINDS.length]!;
    if (kind === "sent") entries.push({ kind, at, bytes: readNumber(bytes, cursor) });
    else if (kind === "want") entries.push({ kind, at, bps: readNumber(bytes, cursor) });
    else if (kind === "poll") entries.push({ kind, at });
    else {
      const length = readNumber(bytes, cursor);
      // The body of an RTCP packet begins behind its first four bytes.
      const feedback = parseTransportWide(bytes, cursor.at + 4, cursor.at + length);
      if (feedback === undefined) throw new Error(`The trace's feedback at ${at} ms is malformed`);
      entries.push({ kind, at, feedback });
      cursor.at += length;
    }
  }
  return { head, entries };
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
}

function readNumber(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let factor = 1;; factor *= 128) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new Error("The trace ends in the middle of a number");
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
