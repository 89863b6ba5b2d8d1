/** What `seameet bench` can be told. */
export interface BenchOptions {
  /** A look in some seconds instead of the whole. */
  readonly quick: boolean;
  /** File for the report as JSON. */
  readonly json: string | undefined;
  /** File for the report as Markdown. */
  readonly markdown: string | undefined;
}

/** What the words behind `bench` ask for. */
export type BenchCommand =
  | { readonly kind: "bench"; readonly options: BenchOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "error"; readonly message: string };

const HELP = `Usage: seameet bench [options]

Measures in under two minutes what this machine can forward, against the limit of the machine:
the same encryption and sending in C, compiled here where there is a C compiler with libcrypto.

  --json FILE      Write the figures as JSON
  --markdown FILE  Write the tables as Markdown
  --quick          A look in some seconds; the figures are rough
  -h, --help       Show this
`;

/** Reads the words behind `bench`; whatever is wrong comes back as one sentence. */
export function parseBenchOptions(args: readonly string[]): BenchCommand {
  let quick = false;
  const files = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [, name, joined] = /^--(json|markdown)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (args[i] === "--help" || args[i] === "-h") return { kind: "help", text: HELP };
    if (args[i] === "--quick") quick = true;
    else if (name === undefined) {
      const what = args[i]!.startsWith("-") ? "option" : "argument";
      return { kind: "error", message: `Unknown ${what} ${args[i]}: see bench --help` };
    } else {
      const file = joined ?? args[++i];
      if (file === undefined || file === "" || (joined === undefined && file.startsWith("--"))) {
        return { kind: "error", message: `--${name} needs a file name, see bench --help` };
      }
      if (files.has(name)) return { kind: "error", message: `--${name} is given twice: once is enough` };
      files.set(name, file);
    }
  }
  return { kind: "bench", options: { quick, json: files.get("json"), markdown: files.get("markdown") } };
}
