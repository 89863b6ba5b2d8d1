/**
 * `task start`: builds the meeting app and serves it.
 *
 * Without a policy the server stays on this machine and says how to open it to others; arguments are those of
 * `seameet serve`.
 */
import { prepare, runDeno } from "./launch.ts";

const config = await prepare();
for (const step of ["tools/build_web.ts", "tools/pack_codecs.ts"]) {
  const code = await runDeno(["run", "-A", step], config);
  if (code !== 0) Deno.exit(code);
}
Deno.exit(await runDeno(["run", "-A", "cli.ts", "serve", ...Deno.args], config));
