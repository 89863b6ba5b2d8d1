/**
 * The command line: `seameet serve` starts a meeting server, `seameet doctor` says what it would find here, `seameet bench`
 * what the machine can forward, `seameet load` joins a server with made-up participants, `seameet --help` says the rest.
 *
 * @module
 */
import { VERSION } from "./src/base/version.ts";
import { bench } from "./src/io/bench/bench.ts";
import { parseCommandLine } from "./src/io/cli_options.ts";
import { doctor } from "./src/io/doctor.ts";
import { load } from "./src/io/load/load.ts";
import { relaunchIfNeeded } from "./src/io/relaunch.ts";
import { serve } from "./src/io/serve.ts";

/** Exit code for a command line that cannot be followed. */
const FAILURE = 1;

/**
 * Runs a command line and ends the process with its exit code: 0 after a proper end, 1 when it could not start.
 *
 * @param args The words after the program's name.
 *
 * @example Printing the version
 * ```ts ignore
 * import { main } from "@seameet/cli/cli";
 *
 * await main(["--version"]);
 * ```
 */
export async function main(args: readonly string[]): Promise<never> {
  Deno.exit(await run(args));
}

async function run(args: readonly string[]): Promise<number> {
  if (args[0] === "load") return await runLoad(args);
  const command = parseCommandLine(args, { env: (name) => Deno.env.get(name), readFile: Deno.readTextFileSync });
  switch (command.kind) {
    case "help":
      console.log(command.text);
      return 0;
    case "version":
      console.log(`seameet ${VERSION}`);
      return 0;
    case "error":
      console.error(command.message);
      return FAILURE;
    case "serve":
    case "doctor":
    case "bench": {
      const relaunched = await relaunchIfNeeded(args);
      if (relaunched.kind === "ended") return relaunched.code;
      if (relaunched.kind === "continue") {
        if (command.kind === "bench") return await bench(command.options);
        return command.kind === "serve" ? await serve(command.options) : await doctor(command.options);
      }
      console.error(relaunched.message);
      return FAILURE;
    }
  }
}

/** `load` has options of its own, and nothing of a server's. */
async function runLoad(args: readonly string[]): Promise<number> {
  const relaunched = await relaunchIfNeeded(args);
  if (relaunched.kind === "ended") return relaunched.code;
  if (relaunched.kind === "continue") return await load(args.slice(1));
  console.error(relaunched.message);
  return FAILURE;
}

if (import.meta.main) await main(Deno.args);
