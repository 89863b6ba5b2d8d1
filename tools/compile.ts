/**
 * `task compile`: makes one executable, `out/seameet`, with the meeting app inside.
 *
 * What the program loads at run time without importing it stands in {@linkcode COMPILE_INCLUDES}; a test traces a full
 * run and fails when something is missing here.
 */
import { prepare, runDeno } from "./launch.ts";

/** Files and folders, relative to the package, that `deno compile` cannot see in the module graph. */
export const COMPILE_INCLUDES: readonly string[] = [
  "examples/meet/dist",
  "src/codecs/opus/dist",
  "src/io/workers/worker_main.ts",
  "src/codecs/vp8/worker_main.ts",
  "src/io/bench/load_worker.ts",
  "src/io/bench/sink_worker.ts",
  "src/io/workers/worker_main.ts",
];

/** The one `deno compile` command. */
export const COMPILE_COMMAND: readonly string[] = [
  "compile",
  "-A",
  "--no-check",
  "--unstable-net",
  ...COMPILE_INCLUDES.flatMap((path) => ["--include", path]),
  "--output",
  "out/seameet",
  "cli.ts",
];

if (import.meta.main) {
  const config = await prepare();
  for (const step of ["tools/build_web.ts", "tools/pack_codecs.ts"]) {
    const built = await runDeno(["run", "-A", step], config);
    if (built !== 0) Deno.exit(built);
  }
  const code = await runDeno([...COMPILE_COMMAND, ...Deno.args], config);
  if (code !== 0) console.error("Cannot compile: Deno has to download its base executable from dl.deno.land for this");
  Deno.exit(code);
}
