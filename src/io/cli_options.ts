import { parseArgs } from "@std/cli/parse-args";
import { type BenchOptions, parseBenchOptions } from "./bench/bench_options.ts";
import {
  type CliOption,
  CONFIG_KEYS,
  E2EE_MODES,
  ENGINES,
  HELP_TEXT,
  OPTIONS,
  type Values,
} from "./cli_option_table.ts";
import { type LogFormat, type LogLevels, parseLogLevels } from "./console_log.ts";
import { DEFAULT_AUDIO_SLOTS, DEFAULT_LAST_N } from "../signaling/limits.ts";
import type { E2eeMode } from "../signaling/server_config.ts";
import type { EngineKind } from "./native/choose_engine.ts";
import { isLoopback } from "./ip_address.ts";
import { readWorkers } from "./workers/worker_count.ts";

/** Everything `seameet serve` can be told. */
export interface ServeOptions {
  /** Where HTTP and WebSocket listen. */
  readonly host: string;
  /** TCP port of both; 0 for any. */
  readonly port: number;
  /** Media port; 0 for any. */
  readonly udpPort: number;
  /** Addresses under which clients reach the media port from outside. */
  readonly publicIps: readonly string[];
  /** What moves and encrypts packets. */
  readonly engine: EngineKind;
  /** Cores to spread rooms over. */
  readonly workers: number | "auto";
  /** What is wanted of end-to-end encryption. */
  readonly e2ee: E2eeMode;
  /** The shared secret expected as `join.token`. */
  readonly authToken: string | undefined;
  /** Whether everybody may join. */
  readonly allowUnauthenticatedJoins: boolean;
  /** Members of one room. */
  readonly maxRoomMembers: number;
  /** Chat messages a room keeps. */
  readonly maxChatHistory: number;
  /** Lines for microphones of each participant; 0: one for everybody. */
  readonly audioSlots: number;
  /** Cameras sent to each participant; 0: all. */
  readonly lastN: number;
  /** Rooms at a time; `undefined`: the server's default. */
  readonly maxRooms: number | undefined;
  /** Connections at a time; `undefined`: the server's default. */
  readonly maxConnections: number | undefined;
  /** Origins whose pages may connect, besides those of the server's own host name. */
  readonly allowOrigins: readonly string[];
  /** Addresses or ranges of reverse proxies. */
  readonly trustedProxies: readonly string[];
  /** Folder of the web app, `off`, or `undefined`: the built-in one. */
  readonly web: string | undefined;
  /** What is logged. */
  readonly logLevels: LogLevels;
  /** How log lines look. */
  readonly logFormat: LogFormat;
  /** File of the audit log, `-` for standard output. */
  readonly auditLog: string | undefined;
  /** Folder in which every room is recorded; `undefined`: none is. */
  readonly record: string | undefined;
  /** Sentences the user should read at the start: what was decided for them, and how to decide otherwise. */
  readonly notices: readonly string[];
}

/** What a command line asks for. */
export type CommandLine =
  | { readonly kind: "serve" | "doctor"; readonly options: ServeOptions }
  | { readonly kind: "bench"; readonly options: BenchOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "error"; readonly message: string };

/** What the command line needs from outside. */
export interface CommandLineEnvironment {
  /** An environment variable. */
  env(name: string): string | undefined;
  /** The text of a file; throws when there is none. */
  readFile(path: string): string;
}

/** Stays on this machine until somebody has said who may join. */
const CLOSED_HOST = "127.0.0.1";
const OPEN_HOST = "0.0.0.0";

/**
 * Reads a command line: `serve` with its flags, `--help` or `--version`.
 *
 * A flag wins over the environment, that over the file of `--config`, that over the default. Whatever is wrong comes
 * back as one sentence that names the place and the way out; nothing is thrown.
 */
export function parseCommandLine(args: readonly string[], outside: CommandLineEnvironment): CommandLine {
  try {
    return parse(args, outside);
  } catch (error) {
    if (error instanceof UsageError) return { kind: "error", message: error.message };
    throw error;
  }
}

class UsageError extends Error {}

type Value = Values[string];

function parse(args: readonly string[], outside: CommandLineEnvironment): CommandLine {
  // It has options of its own, none of the server's.
  if (args[0] === "bench") return parseBenchOptions(args.slice(1));
  const flags = parseFlags(args);
  if (flags["help"] === true) return { kind: "help", text: HELP_TEXT };
  if (flags["version"] === true) return { kind: "version" };
  const [command, ...rest] = flags._.map(String);
  if (command === undefined) return { kind: "help", text: HELP_TEXT };
  if (command === "help") return { kind: "help", text: HELP_TEXT };
  if (command !== "serve" && command !== "doctor") {
    throw new UsageError(`Unknown command "${command}": there are serve, doctor and bench, see --help`);
  }
  if (rest.length > 0) throw new UsageError(`Unexpected argument "${rest[0]}": options start with --, see --help`);
  const config = readConfig(flags["config"], outside);
  const values: Values = {};
  for (const option of OPTIONS) {
    const value = fromFlag(option, flags[option.name]) ?? fromEnvironment(option, outside) ??
      fromConfig(option, config);
    if (value !== undefined) values[option.name] = value;
  }
  return { kind: command, options: serveOptions(values) };
}

/** Runs the flags through `parseArgs`, with every value joined to its flag so that `-` and negative numbers stay values. */
function parseFlags(args: readonly string[]): Record<string, unknown> & { _: (string | number)[] } {
  const takesValue = new Set(OPTIONS.filter((option) => option.kind !== "boolean").map((option) => `--${option.name}`));
  takesValue.add("--config");
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const next = args[i + 1];
    if (!takesValue.has(args[i]!)) joined.push(args[i]!);
    else if (next === undefined || next.startsWith("--")) throw new UsageError(`${args[i]} needs a value, see --help`);
    else joined.push(`${args[i++]}=${next}`);
  }
  const names = (boolean: boolean) => OPTIONS.filter((o) => (o.kind === "boolean") === boolean).map((o) => o.name);
  return parseArgs(joined, {
    string: [...names(false), "config"],
    boolean: [...names(true), "help", "version"],
    collect: [...names(false), "config"],
    alias: { h: "help", V: "version" },
    unknown: (arg, key) => {
      if (key !== undefined) throw new UsageError(`Unknown option ${arg.replace(/=.*$/s, "")}: see --help`);
      return true;
    },
  });
}

function fromFlag(option: CliOption, given: unknown): Value | undefined {
  if (option.kind === "boolean") return given === true ? true : undefined;
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const texts = given.map(String);
  if (option.kind !== "list" && texts.length > 1) {
    throw new UsageError(`--${option.name} is given ${texts.length} times: once is enough`);
  }
  return checked(option, `--${option.name}`, option.kind === "list" ? texts : texts[0]!);
}

function fromEnvironment(option: CliOption, outside: CommandLineEnvironment): Value | undefined {
  for (const name of option.env ?? []) {
    const text = outside.env(name);
    if (text === undefined || text === "") continue;
    // RUST_LOG may be meant for other programs: what we cannot read there is none of our business
    if (name === "RUST_LOG" && "unreadable" in parseLogLevels(text)) continue;
    return checked(option, name, option.kind === "list" ? text.split(",").map((part) => part.trim()) : text);
  }
  return undefined;
}

interface Config {
  readonly path: string;
  readonly entries: ReadonlyMap<string, unknown>;
}

function readConfig(given: unknown, outside: CommandLineEnvironment): Config | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined;
  if (given.length > 1) throw new UsageError(`--config is given ${given.length} times: once is enough`);
  const path = String(given[0]);
  let parsed: unknown;
  try {
    parsed = JSON.parse(outside.readFile(path));
  } catch (error) {
    const detail = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
    throw new UsageError(`Cannot read --config "${path}": ${detail}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`Cannot read --config "${path}": it must hold one JSON object like {"port": 3001}`);
  }
  const entries = new Map(Object.entries(parsed).map(([key, value]) => [CONFIG_KEYS.get(key) ?? key, value]));
  for (const key of entries.keys()) {
    if (!OPTIONS.some((option) => option.name === key)) {
      throw new UsageError(
        `Unknown entry "${key}" in --config "${path}": entries are named like the flags, see --help`,
      );
    }
  }
  return { path, entries };
}

function fromConfig(option: CliOption, config: Config | undefined): Value | undefined {
  const value = config?.entries.get(option.name);
  if (value === undefined || value === null) return undefined;
  const where = `"${option.name}" in ${config!.path}`;
  if (option.kind === "boolean") {
    if (typeof value === "boolean") return value;
    throw new UsageError(`${where} must be true or false, not ${JSON.stringify(value)}`);
  }
  const items = option.kind === "list" && Array.isArray(value) ? value : [value];
  for (const item of items) {
    if (typeof item !== "string" && !((option.kind === "number" || option.orNumber) && typeof item === "number")) {
      throw new UsageError(
        `${where} must be a ${option.kind === "number" ? "number" : "text"}, not ${JSON.stringify(item)}`,
      );
    }
  }
  return checked(option, where, option.kind === "list" ? items.map(String) : String(items[0]));
}

/** Checks one value, or each of a list; what is wrong is said without the value where that is a secret. */
function checked(option: CliOption, where: string, value: string | string[]): Value {
  if (!Array.isArray(value)) {
    return option.kind === "number" ? checkedNumber(option, where, value) : checkedText(option, where, value);
  }
  return value.map((item) => checkedText(option, where, item));
}

function checkedNumber(option: CliOption, where: string, text: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = option;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${where} must be a whole number from ${min} to ${max}, not "${text}"`);
}

function checkedText(option: CliOption, where: string, text: string): string {
  const problem = option.check?.(text);
  if (problem === undefined) return text;
  throw new UsageError(option.secret === true ? `${where} ${problem}` : `${where} ${problem}, not "${text}"`);
}

function serveOptions(values: Values): ServeOptions {
  const text = (name: string) => typeof values[name] === "string" ? values[name] : undefined;
  const number = (name: string) => typeof values[name] === "number" ? values[name] : undefined;
  const list = (name: string) => Array.isArray(values[name]) ? values[name] : [];
  const authToken = text("auth-token");
  const everybody = values["allow-unauthenticated-joins"] === true;
  const levels = parseLogLevels(text("log-level") ?? "info");
  return {
    ...listenOn(text("host"), authToken !== undefined, everybody),
    port: number("port") ?? 3_001,
    udpPort: number("udp-port") ?? 10_000,
    publicIps: list("public-ip"),
    engine: ENGINES.find((kind) => kind === text("engine")) ?? "auto",
    workers: readWorkers(text("workers") ?? "1") ?? 1,
    e2ee: E2EE_MODES.find((mode) => mode === text("e2ee")) ?? "off",
    authToken,
    allowUnauthenticatedJoins: everybody && authToken === undefined,
    maxRoomMembers: number("max-room-members") ?? 25,
    maxChatHistory: number("max-chat-history") ?? 1_000,
    audioSlots: number("audio-slots") ?? DEFAULT_AUDIO_SLOTS,
    lastN: number("last-n") ?? DEFAULT_LAST_N,
    maxRooms: number("max-rooms"),
    maxConnections: number("max-connections"),
    allowOrigins: list("allow-origin"),
    trustedProxies: list("trusted-proxy"),
    web: text("web"),
    logLevels: "unreadable" in levels ? { default: "info", modules: new Map() } : levels,
    logFormat: text("log-format") === "json" ? "json" : "text",
    auditLog: text("audit-log"),
    record: text("record"),
  };
}

/** Without a policy nobody but this machine gets in, whatever the flag says. */
function listenOn(
  wanted: string | undefined,
  hasToken: boolean,
  everybody: boolean,
): { host: string; notices: string[] } {
  const notices: string[] = [];
  if (hasToken && everybody) notices.push("--allow-unauthenticated-joins has no effect, because a token is set");
  if (hasToken || everybody) return { host: wanted ?? OPEN_HOST, notices };
  const host = wanted ?? CLOSED_HOST;
  const local = host === "localhost" || isLoopback(host);
  if (!local) notices.push(`--host ${host} is not used, because nobody has said who may join`);
  notices.push(
    "Only this machine can connect: use --auth-token (or SEAMEET_AUTH_TOKEN) to let those in who know it, " +
      "or --allow-unauthenticated-joins to let everybody in",
  );
  return { host: local ? host : CLOSED_HOST, notices };
}
