/**
 * `task soak [app] [scenarios]`, both when neither is named, each for `SOAK_MINUTES` (30 when absent).
 *
 * - `app`: six people in the app, in Chromium, who come, go and share (tests/interop/app_soak.ts).
 * - `scenarios`: fuzzing with new seeds and the scenarios in virtual time, over and over, until something fails or the
 *   time is up.
 *
 * The seed of what failed is printed.
 */
import { prepare } from "./launch.ts";
import { Report } from "./report.ts";
import { testFiles } from "./test_files.ts";

const MINUTE_MS = 60_000;

const PARTS = ["app", "scenarios"] as const;

const named = PARTS.filter((part) => Deno.args.includes(part));
const parts = new Set<string>(named.length > 0 ? named : PARTS);
const unknown = Deno.args.filter((argument) => !parts.has(argument));
if (unknown.length > 0) {
  console.error(`No part "${unknown.join(" ")}"; there are ${PARTS.join(" and ")}`);
  Deno.exit(2);
}
const minutes = Number(Deno.env.get("SOAK_MINUTES") ?? 30);
const report = new Report(await prepare());
if (parts.has("app")) {
  await report.check(`${minutes} minutes of a call`, ["run", "-A", "--unstable-net", "tests/interop/app_soak.ts"]);
}
const end = performance.now() + minutes * MINUTE_MS;
const files = testFiles("parallel").filter((path) => /^tests\/(fuzz|scenarios)\//.test(path));
for (let round = 1; parts.has("scenarios") && performance.now() < end; round++) {
  const env = { FUZZ_INPUTS: "20000" };
  if (!await report.tests(`round ${round}`, ["--parallel", "--shuffle", ...files], { env })) break;
}
Deno.exit(report.finish("soak"));
