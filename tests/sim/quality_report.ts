/**
 * Measures the send-side estimate on simulated links and writes the table and the plots of docs/quality.md.
 *
 * Run with `deno task quality`. Virtual time and seeded: the same code gives the same figures on every machine.
 */
import { STEADY_CASES, STEP_CASES } from "./estimate_cases.ts";
import { dropOf, keyframesOver, quantile } from "./limited_cases.ts";
import { EstimateWorld, longestQueue, mean, p95, type Sample, settleTime } from "./estimate_world.ts";

const MINUTE = 60_000;
const WIDTH = 720;
const HEIGHT = 220;
const MARGIN = 40;

function steadyTable(): string[] {
  const rows = ["| link | round trip | use | queue p95 | settled after |", "| --- | --- | --- | --- | --- |"];
  for (const { name, link } of STEADY_CASES) {
    const world = new EstimateWorld(link);
    const { samples } = world.flow();
    world.run(MINUTE);
    const usable = link.rateBps * (1 - (link.loss ?? 0));
    const use = mean(samples, MINUTE / 3, MINUTE, (sample) => sample.arrivedBps) / usable;
    const queue = p95(samples, MINUTE / 3, MINUTE, (sample) => sample.queueMs);
    const settled = settleTime(samples, 0, usable, 0.8);
    rows.push(
      `| ${name} | ${2 * (link.delayMs ?? 10)} ms | ${(use * 100).toFixed(0)} % | ${queue.toFixed(0)} ms | ${
        (settled / 1_000).toFixed(1)
      } s |`,
    );
  }
  return rows;
}

function stepSamples(step: typeof STEP_CASES[number]): readonly Sample[] {
  const world = new EstimateWorld({ rateBps: step.highBps, queueMs: step.queueMs, delayMs: step.delayMs });
  const { samples } = world.flow();
  for (const rateBps of [step.highBps, step.lowBps, step.highBps]) {
    world.link.conditions.rateBps = rateBps;
    world.run(MINUTE / 2);
  }
  return samples;
}

function stepTable(): string[] {
  const rows = [
    "| step | round trip | queue above 300 ms | quiet after | use of the lower rate | back after |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  for (const step of STEP_CASES) {
    const samples = stepSamples(step);
    const low = samples.filter(({ at }) => at > MINUTE / 2 && at <= MINUTE);
    const busy = low.filter(({ queueMs, at }) => queueMs > 100 && at < MINUTE / 2 + 5_000).at(-1)?.at ?? MINUTE / 2;
    const use = mean(low, MINUTE / 2 + 5_000, MINUTE, (sample) => sample.arrivedBps) / step.lowBps;
    rows.push(
      `| ${step.name} | ${2 * step.delayMs} ms | ${longestQueue(low, 300)} ms | ${
        ((busy - MINUTE / 2) / 1_000).toFixed(1)
      } s | ${(use * 100).toFixed(0)} % | ${(settleTime(samples, MINUTE, step.highBps, 0.8) / 1_000).toFixed(1)} s |`,
    );
  }
  return rows;
}

/** What a limited viewer sees and hears while keyframes pass. */
function keyframeTable(): string[] {
  const rows = [
    "| link | queue p95 | queue at most | longest gap in the sound | longest still picture |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const rateBps of [400_000, 800_000, 2_000_000]) {
    const { queueMs, soundGapMs, freezeMs } = keyframesOver(rateBps);
    const cells = [quantile(queueMs, 0.95), Math.max(...queueMs), soundGapMs, freezeMs];
    rows.push(`| ${rateBps / 1_000} kbit/s | ${cells.map((ms) => `${ms.toFixed(0)} ms`).join(" | ")} |`);
  }
  return rows;
}

/** The worst of four moments at which a link falls. */
function dropTable(): string[] {
  const rows = [
    "| queue of the link | queue above 300 ms | longest gap in the sound | longest still picture |",
    "| --- | --- | --- | --- |",
  ];
  for (const queueMs of [100, 300, 500]) {
    const runs = [0, 30, 60, 90].map((phaseMs) => dropOf(queueMs, phaseMs));
    const cells = [
      Math.max(...runs.map((run) => run.queueMs.filter((ms) => ms > 300).length * 10)),
      Math.max(...runs.map(({ soundGapMs }) => soundGapMs)),
      Math.max(...runs.map(({ freezeMs }) => freezeMs)),
    ];
    rows.push(`| ${queueMs} ms | ${cells.map((ms) => `${ms.toFixed(0)} ms`).join(" | ")} |`);
  }
  return rows;
}

/** Estimate, what arrives, and the queue over time. */
function plot(title: string, samples: readonly Sample[], topBps: number): string {
  const end = samples.at(-1)!.at;
  const x = (at: number) => (MARGIN + (at / end) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const y = (share: number) => (HEIGHT - MARGIN - Math.min(1, share) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const line = (color: string, figure: (sample: Sample) => number) => {
    const points = samples.filter((_, i) => i % 4 === 0).map((sample) => `${x(sample.at)},${y(figure(sample))}`);
    return `<polyline fill="none" stroke="${color}" stroke-width="1.2" points="${points.join(" ")}"/>`;
  };
  const smooth = (at: number) => mean(samples, at - 400, at, (sample) => sample.arrivedBps);
  const text = (left: number, top: number, color: string, words: string) =>
    `<text x="${left}" y="${top}" font-family="sans-serif" font-size="12" fill="${color}">${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    line("#bbb", (sample) => sample.queueMs / 500),
    line("#1a73e8", (sample) => sample.estimateBps / topBps / 1.2),
    line("#188038", (sample) => smooth(sample.at) / topBps / 1.2),
    text(MARGIN, 20, "#222", title),
    text(MARGIN, HEIGHT - 12, "#1a73e8", "estimate"),
    text(MARGIN + 70, HEIGHT - 12, "#188038", "arrives"),
    text(MARGIN + 130, HEIGHT - 12, "#888", "queue (full scale 500 ms)"),
    text(WIDTH - MARGIN - 30, HEIGHT - 12, "#222", `${(end / 1_000).toFixed(0)} s`),
    "</svg>",
    "",
  ].join("\n");
}

function between(text: string, name: string, lines: readonly string[]): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`docs/quality.md has no place for "${name}"`);
  return `${text.slice(0, start + open.length)}\n\n${lines.join("\n")}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  const docs = new URL("../../docs/", import.meta.url);
  const page = new URL("quality.md", docs);
  let text = await Deno.readTextFile(page);
  text = between(text, "steady", steadyTable());
  text = between(text, "steps", stepTable());
  text = between(text, "keyframes", keyframeTable());
  text = between(text, "drops", dropTable());
  await Deno.writeTextFile(page, text);
  for (const [file, step] of [["step_100.svg", STEP_CASES[1]!], ["step_500.svg", STEP_CASES[2]!]] as const) {
    await Deno.writeTextFile(new URL(file, docs), plot(step.name, stepSamples(step), step.highBps));
  }
  console.log("docs/quality.md and its plots are written");
}
