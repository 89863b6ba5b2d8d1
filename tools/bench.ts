/** `task bench`: the benchmarks of single steps (`bench/*_bench.ts`), then a whole room (`bench/fan_out.ts`). */
import { prepare, runDeno } from "./launch.ts";

const config = await prepare();
await runDeno(["run", "-A", "tools/pack_codecs.ts"], config);
const steps = await runDeno(["bench", "-A", "--no-check", ...Deno.args, "bench/"], config);
Deno.exit(steps || await runDeno(["run", "-A", "bench/fan_out.ts"], config));
