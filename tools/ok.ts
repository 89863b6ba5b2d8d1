/**
 * `task ok`: everything that must hold before a commit. `--static` leaves out the tests of `task test`.
 */
import { prepare } from "./launch.ts";
import { Report } from "./report.ts";
import { exampleFiles, sourceFiles, testFiles } from "./test_files.ts";

const config = await prepare();
const report = new Report(config);
const entries = [
  "mod.ts",
  "server.ts",
  "cli.ts",
  "rtp.ts",
  "signaling.ts",
  "sfu.ts",
  "src/processing/mod.ts",
  "src/client/mod.ts",
  "src/codecs/opus/mod.ts",
  "src/codecs/vp8/mod.ts",
];

await report.check("format", ["fmt", "--check", "--quiet"]);
await report.check("lint", ["lint", "--quiet"]);
await report.check("layers", ["run", "--allow-read", "tools/layers.ts"]);
await report.check("type check", ["check", "--quiet", ...sourceFiles()]);
await report.check("doc comments", ["doc", "--quiet", "--lint", ...entries]);
// The build comes first: the published form contains the app.
await report.check("build of the app", ["run", "-A", "tools/build_web.ts"]);
await report.check("codecs packed", ["run", "-A", "tools/pack_codecs.ts"]);
await report.check("publish, dry run", ["publish", "--dry-run", "--allow-dirty", "--no-check"]);
if (!Deno.args.includes("--static")) {
  await report.tests("doc examples", ["--doc", ...exampleFiles()]);
  await report.tests("unit, scenarios, fuzz", ["--parallel", ...testFiles("parallel")]);
  await report.tests("real sockets and Chromium", testFiles("serial"));
}
Deno.exit(report.finish("ok"));
