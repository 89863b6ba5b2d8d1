/**
 * Records what a server sends to Chromium behind the TUN link, and the feedback, into a file of tests/data/traces.
 *
 * Run as root in a namespace of its own, as tools/test_full.ts starts `*_netns_full_test.ts`, on an idle machine:
 * `deno run -A tests/interop/record_trace.ts FILE KBPS…`; each rate lasts 20 seconds.
 */
import { SendEstimate } from "../../src/bandwidth/send_estimate.ts";
import { encodeTrace, type TraceEntry, type TraceHead } from "../sim/trace.ts";
import { CAMERA, onLinkStage } from "./link_stage.ts";
import type { LinkSample } from "./tun_link.ts";

const STEP_MS = 20_000;
const EVERY_MS = 50;
const ROUTER = { queueMs: 300, delayMs: 25 };

/** What each receiver's estimate was told, in the order of their first packets. */
const tapped = new Map<SendEstimate, TraceEntry[]>();
tap();

const [file, ...rates] = Deno.args;
if (file === undefined || rates.length === 0) throw new Error("Usage: record_trace.ts FILE KBPS…");
await onLinkStage({ kbps: Number(rates[0]), ...ROUTER }, async ({ link, publishers, good }) => {
  // Nothing is said about what came before everything flows.
  await good.until("every camera", (seen) => seen.filter(({ reason }) => reason === "ok").length === 3);
  const started = performance.now();
  const before = await Promise.all(publishers.map((one) => one.sent()));
  await link.samples();
  const steps: { at: number; kbps: number }[] = [];
  for (const rate of rates) {
    const kbps = Number(rate);
    steps.push({ at: performance.now(), kbps });
    await link.down({ kbps, ...ROUTER });
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  const samples = await link.samples();
  const seconds = (performance.now() - started) / 1_000;
  const after = await Promise.all(publishers.map((one) => one.sent()));
  const camerasBps = after.map((encodings, i) =>
    ["q", "h", "f"].flatMap((rid) => {
      const bytes = (list: typeof encodings) => list.find((one) => one.rid === rid)?.bytes ?? 0;
      const sent = bytes(encodings) - bytes(before[i]!);
      return sent === 0 ? [] : [Math.round(sent * 8 / seconds)];
    })
  );
  // Who came last is the one behind the link.
  const all = [...tapped.values()].at(-1)!;
  const from = all[0]!.at;
  const entries = all.map((entry) => ({ ...entry, at: entry.at - from }));
  const head: TraceHead = {
    about: `${new Date().toISOString().slice(0, 10)}, Chromium, three cameras`,
    steps: steps.map(({ at, kbps }) => ({ at: Math.round(at - from), kbps })),
    ...ROUTER,
    initialBps: 1_000_000,
    camerasBps,
    fps: CAMERA.fps,
    link: course(samples, performance.timeOrigin + from, entries.at(-1)!.at),
  };
  await Deno.writeFile(file, await encodeTrace({ head, entries }));
  console.log(`${entries.length} entries, cameras ${JSON.stringify(camerasBps)}`);
});
Deno.exit(0);

/** The link's own view in even steps. */
function course(samples: readonly LinkSample[], originMs: number, lengthMs: number): TraceHead["link"] {
  const count = Math.ceil(lengthMs / EVERY_MS);
  const bits = new Array<number>(count).fill(0);
  const queueMs = new Array<number>(count).fill(0);
  for (const { at, bytes, queueMs: waited, isLost } of samples) {
    const i = Math.floor((at - originMs) / EVERY_MS);
    if (i < 0 || i >= count) continue;
    if (!isLost) bits[i]! += bytes * 8;
    queueMs[i] = Math.max(queueMs[i]!, Math.round(waited));
  }
  return { everyMs: EVERY_MS, bps: bits.map((sum) => sum * 1_000 / EVERY_MS), queueMs };
}

/** Listens to all estimates from now on. The core's clock is `performance.now()`, like that of the steps. */
function tap(): void {
  const own = SendEstimate.prototype;
  const { packetSent, handleFeedback, paddingDue, want } = own;
  const note = (estimate: SendEstimate, entry: TraceEntry) => {
    const entries = tapped.get(estimate);
    if (entries === undefined) tapped.set(estimate, [entry]);
    else entries.push(entry);
  };
  own.packetSent = function (bytes, now) {
    note(this, { kind: "sent", at: now, bytes });
    return packetSent.call(this, bytes, now);
  };
  own.handleFeedback = function (feedback, now) {
    note(this, { kind: "feedback", at: now, feedback });
    handleFeedback.call(this, feedback, now);
  };
  own.paddingDue = function (now) {
    note(this, { kind: "poll", at: now });
    return paddingDue.call(this, now);
  };
  own.want = function (bps) {
    const at = tapped.get(this)?.at(-1)?.at;
    if (at !== undefined) note(this, { kind: "want", at, bps });
    want.call(this, bps);
  };
}
