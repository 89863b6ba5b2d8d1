/**
 * `task test`: everything that needs nothing but npm, in less than five minutes on two cores.
 *
 * Types are checked once for all files, then the tests run without checking. Arguments are handed to `deno test`
 * (for example `--filter=nack`); with file names among them only those files run.
 */
import { prepare } from "./launch.ts";
import { Report } from "./report.ts";
import { sourceFiles, testFiles } from "./test_files.ts";

const config = await prepare();
const report = new Report(config);
const { args } = Deno;
if (args.length > 0) {
  await report.check("codecs packed", ["run", "-A", "tools/pack_codecs.ts"]);
  const named = args.some((arg) => /\.tsx?$/.test(arg));
  await report.tests("chosen tests", named ? args : [...args, ...testFiles("parallel"), ...testFiles("serial")]);
} else {
  await report.check("type check", ["check", "--quiet", ...sourceFiles()]);
  await report.check("build of the app", ["run", "-A", "tools/build_web.ts"]);
  await report.check("codecs packed", ["run", "-A", "tools/pack_codecs.ts"]);
  await report.tests("unit, scenarios, fuzz", ["--parallel", ...testFiles("parallel")]);
  await report.tests("real sockets and Chromium", testFiles("serial"));
}
Deno.exit(report.finish("test"));
