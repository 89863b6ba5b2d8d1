import type { LogFields, Logger, LogLevel } from "../base/log.ts";

/** From which level on lines are shown: `off` shows none. */
export type LogThreshold = LogLevel | "off";

/** Levels for everything and for single modules. */
export interface LogLevels {
  /** For modules that are not named. */
  readonly default: LogThreshold;
  /** By module name. */
  readonly modules: ReadonlyMap<string, LogThreshold>;
}

/** How log lines look. */
export type LogFormat = "text" | "json";

/** Options of `consoleLogger`. */
export interface ConsoleLoggerOptions {
  /** Text for people (the default), or one JSON object per line. */
  readonly format?: LogFormat;
  /** What is shown: `info` and above by default. */
  readonly levels?: LogLevels;
  /** Where lines go: standard error by default. */
  readonly write?: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

const RANK: Readonly<Record<LogThreshold, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

/** Other programs' words for our levels. */
const SYNONYMS: Readonly<Record<string, LogThreshold>> = { trace: "debug", warning: "warn", none: "off" };

/** What could move a terminal's cursor, start a new line or reverse the reading direction. */
// deno-lint-ignore no-control-regex -- control characters are what must not get through
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** Values longer than this are cut: one line stays one line for whoever reads it. */
const MAX_VALUE_CHARS = 2_000;

/**
 * A logger that writes one line per call, whatever the message and fields contain.
 *
 * @example
 * ```ts
 * import { consoleLogger } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const logger = consoleLogger({ format: "json", write: (line) => lines.push(line), clock: () => 0 });
 * logger.log("info", "app", "started", { port: 3001 });
 * assertEquals(JSON.parse(lines[0]!).port, 3001);
 * ```
 */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const levels: LogLevels = options.levels ?? { default: "info", modules: new Map() };
  const write = options.write ?? ((line) => console.error(line));
  const clock = options.clock ?? Date.now;
  const format = options.format === "json" ? jsonLine : textLine;
  return {
    log(level, module, message, fields = {}) {
      if (RANK[level] < RANK[levels.modules.get(module) ?? levels.default]) return;
      write(format(new Date(clock()).toISOString(), level, module, message, fields));
    },
  };
}

/**
 * Reads `info`, `warn,sfu=debug` or `meet=debug,str0m=warn`; names of modules that do not exist do no harm.
 *
 * @returns The levels, or the part that could not be read.
 *
 * @example
 * ```ts
 * import { parseLogLevels } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const levels = parseLogLevels("warn,sfu=debug");
 * assertEquals("modules" in levels && [levels.default, levels.modules.get("sfu")], ["warn", "debug"]);
 * assertEquals(parseLogLevels("loud"), { unreadable: "loud" });
 * ```
 */
export function parseLogLevels(text: string): LogLevels | { readonly unreadable: string } {
  let threshold: LogThreshold = "info";
  const modules = new Map<string, LogThreshold>();
  for (const part of text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "")) {
    const [name, word, ...more] = part.split("=").map((entry) => entry.trim());
    const level = parseThreshold((word ?? name!).toLowerCase());
    if (level === undefined || more.length > 0 || name === "") return { unreadable: part };
    if (word === undefined) threshold = level;
    else modules.set(name!, level);
  }
  return { default: threshold, modules };
}

/** Makes text safe for a terminal and a log file: everything unprintable is written as an escape. */
export function printable(text: string): string {
  const cut = text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
  return cut.replaceAll(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Writes JSON in which everything unprintable is an escape: safe to look at, and the same value when read. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replaceAll(UNPRINTABLE, (character) => {
    return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  });
}

function textLine(time: string, level: LogLevel, module: string, message: string, fields: LogFields): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${printable(module)}: ${printable(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = printable(String(value));
    line += ` ${printable(name)}=${/^[^\s"=\\]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`}`;
  }
  return line;
}

function jsonLine(time: string, level: LogLevel, module: string, message: string, fields: LogFields): string {
  return printableJson({ ...fields, time, level, module, message });
}

function parseThreshold(word: string): LogThreshold | undefined {
  if (Object.hasOwn(SYNONYMS, word)) return SYNONYMS[word];
  return Object.hasOwn(RANK, word) ? word as LogThreshold : undefined;
}
