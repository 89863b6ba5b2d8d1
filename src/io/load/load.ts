import { SeaMeetError } from "../../base/errors.ts";
import { onEndSignal } from "../signals.ts";
import { type LoadOptions, parseLoadArguments } from "./load_options.ts";
import { type LoadReport, reportText } from "./load_report.ts";
import { type LoadProgress, runLoad } from "./load_run.ts";

/** Exit code of a run that did not pass, and of a command line that cannot be followed. */
const FAILURE = 1;

/** Exit code after the second Ctrl-C, which does not wait for anything. */
const INTERRUPTED = 130;

/**
 * `seameet load`: joins a server with made-up participants and says what came through.
 *
 * @param args The words after `load`.
 * @returns the exit code: 0, or 1 when somebody did not connect or more is missing than allowed
 */
export async function load(args: readonly string[]): Promise<number> {
  const command = parseLoadArguments(args, (name) => Deno.env.get(name));
  switch (command.kind) {
    case "help":
      console.log(command.text);
      return 0;
    case "error":
      console.error(command.message);
      return FAILURE;
    case "load":
      return await run(command.options);
  }
}

async function run(options: LoadOptions): Promise<number> {
  const ending = new AbortController();
  const stop = onEndSignal((_signal, count) => count > 1 ? Deno.exit(INTERRUPTED) : ending.abort());
  try {
    const report = await runLoad(options, { onProgress: printProgress, signal: ending.signal });
    // Whoever wants JSON on standard output wants nothing else there.
    if (options.json !== "-") console.log(reportText(report));
    await writeJson(report, options.json);
    return report.passed ? 0 : FAILURE;
  } catch (error) {
    if (!(error instanceof SeaMeetError)) throw error;
    console.error(error.message);
    return FAILURE;
  } finally {
    stop();
  }
}

async function writeJson(report: LoadReport, target: string | undefined): Promise<void> {
  if (target === undefined) return;
  const text = JSON.stringify(report, undefined, 2);
  if (target === "-") return console.log(text);
  try {
    await Deno.writeTextFile(target, text + "\n");
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new SeaMeetError("io", `Cannot write --json ${target}: ${detail}`, { cause: error });
  }
}

function printProgress({ phase, connected, failed, requested, sent, received }: LoadProgress): void {
  const trouble = failed > 0 ? `, ${failed} failed` : "";
  console.error(`${phase.padEnd(8)} ${connected}/${requested} connected${trouble}, ${sent} sent, ${received} received`);
}
