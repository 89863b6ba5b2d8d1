/** Stand-in for `jsr:@std/cli/parse-args` where JSR cannot be reached: same name and signature for the options this project uses. */

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions {
  string?: readonly string[];
  boolean?: readonly string[];
  collect?: readonly string[];
  alias?: Record<string, string>;
  default?: Record<string, unknown>;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What {@linkcode parseArgs} answers. The real one computes a type from the options; here every value is `any`. */
// deno-lint-ignore no-explicit-any
export type Args = Record<string, any> & { _: (string | number)[] };

export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const out: Args = { _: [] };
  for (const name of options.boolean ?? []) out[name] = false;
  for (const name of options.collect ?? []) out[name] = [];
  Object.assign(out, options.default);
  const known = new Set([...(options.string ?? []), ...(options.boolean ?? [])]);
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      out._.push(...rest);
      break;
    }
    if (!/^-./.test(arg)) {
      out._.push(arg);
      if (options.stopEarly) {
        out._.push(...rest);
        break;
      }
      continue;
    }
    const [, dashed = "", , inline] = /^--?([^=]+)(=([\s\S]*))?$/.exec(arg) ?? [];
    const name = options.alias?.[dashed] ?? dashed;
    let value: unknown = inline;
    if (value === undefined && options.boolean?.includes(name)) value = true;
    if (value === undefined && options.string?.includes(name)) {
      value = rest.length > 0 && !/^--/.test(rest[0]!) ? rest.shift() : "";
    }
    if (value === undefined) value = rest.length > 0 && !/^-/.test(rest[0]!) ? rest.shift() : true;
    if (!known.has(name) && options.unknown?.(arg, name, value) === false) continue;
    if (options.collect?.includes(name)) (out[name] ??= []).push(value);
    else out[name] = value;
  }
  return out;
}
