import { parseArgs } from "@std/cli/parse-args";
import { ENGINES } from "../cli_option_table.ts";
import type { EngineKind } from "../native/choose_engine.ts";

/** Sessions at a time: what one process drives, and a bound for what a slip of the finger can start. */
export const MAX_SESSIONS = 2_000;

/** Longest run: an hour, so that nobody forgets one. */
export const MAX_SECONDS = 3_600;

/** What `seameet load` does. */
export interface LoadOptions {
  /** The server, `ws:` or `wss:`. */
  readonly url: string;
  /** Rooms, each with its own publishers and subscribers. */
  readonly rooms: number;
  /** Who sends, per room. */
  readonly publishers: number;
  /** Who only receives, per room. */
  readonly subscribers: number;
  /** Audio packets per second and publisher; 0: no audio. */
  readonly audioRate: number;
  /** Kilobits of video per second and publisher; 0: no video. */
  readonly videoKbps: number;
  /** How long media flow once everybody has joined. */
  readonly seconds: number;
  /** Sessions that are started per second. */
  readonly joinRate: number;
  readonly token: string | undefined;
  readonly engine: EngineKind;
  /** Percent of packets that may be missing. */
  readonly maxLoss: number;
  /** Where the report goes as JSON. */
  readonly json: string | undefined;
}

/** What a `load` command line asks for. */
export type LoadCommand =
  | { readonly kind: "load"; readonly options: LoadOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "error"; readonly message: string };

interface NumberOption {
  readonly name: string;
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

const NUMBERS: readonly NumberOption[] = [
  { name: "rooms", initial: 1, min: 1, max: 1_000, help: "Rooms, each for itself" },
  { name: "publishers", initial: 1, min: 0, max: 1_000, help: "Participants per room that send" },
  { name: "subscribers", initial: 3, min: 0, max: 1_000, help: "Participants per room that only receive" },
  { name: "audio-rate", initial: 50, min: 0, max: 200, help: "Audio packets per second and publisher; 0: none" },
  { name: "video-kbps", initial: 500, min: 0, max: 20_000, help: "Video per publisher in kbit/s; 0: none" },
  { name: "seconds", initial: 10, min: 1, max: MAX_SECONDS, help: "How long media flow" },
  { name: "join-rate", initial: 50, min: 1, max: 1_000, help: "Participants that start to join per second" },
  { name: "max-loss", initial: 1, min: 0, max: 100, help: "Percent of packets that may be missing" },
];

/** Options with a fraction. */
const FRACTIONS: ReadonlySet<string> = new Set(["max-loss", "seconds"]);

const TEXTS: readonly { readonly name: string; readonly placeholder: string; readonly help: string }[] = [
  { name: "token", placeholder: "TEXT", help: "Credential for the server; else SEAMEET_AUTH_TOKEN" },
  { name: "engine", placeholder: "NAME", help: "auto, native or portable (auto)" },
  { name: "json", placeholder: "FILE", help: "Write the report as JSON; - for standard output" },
];

/** What `seameet load --help` prints. */
export const LOAD_HELP: string = [
  "seameet load: joins a running server with made-up participants and measures what comes through",
  "",
  "Usage: seameet load URL [options]",
  "",
  "URL is the server's address, as ws://127.0.0.1:3001. Real sessions are opened there and nowhere else: WebSocket,",
  "ICE, DTLS, SRTP. Aim it only at servers that are yours.",
  "",
  ...NUMBERS.map(({ name, initial, min, max, help }) =>
    `  --${`${name} N`.padEnd(20)} ${help} (${initial}; ${min} to ${max})`
  ),
  ...TEXTS.map(({ name, placeholder, help }) => `  --${`${name} ${placeholder}`.padEnd(20)} ${help}`),
  `  ${"-h, --help".padEnd(22)} Print this text`,
  "",
  `At most ${MAX_SESSIONS} participants. Exit code 0; 1 when a participant did not connect, more than --max-loss is`,
  "missing, or the command line is wrong.",
  "",
  "Example:",
  "  seameet load ws://127.0.0.1:3001 --rooms 10 --publishers 2 --subscribers 8 --seconds 30 --json load.json",
].join("\n");

/** Reads the words after `load`; whatever is wrong comes back as one sentence. */
export function parseLoadArguments(args: readonly string[], env: (name: string) => string | undefined): LoadCommand {
  const names = [...NUMBERS, ...TEXTS].map(({ name }) => name);
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: names,
    boolean: ["help"],
    alias: { h: "help" },
    unknown: (flag: string) => {
      if (!flag.startsWith("-")) return true;
      unknown.push(flag);
      return false;
    },
  });
  if (flags.help) return { kind: "help", text: LOAD_HELP };
  if (unknown.length > 0) return wrong(`Unknown option ${unknown[0]}`);
  const [address, ...rest] = flags._.map(String);
  if (address === undefined) return wrong("The server's address is missing");
  if (rest.length > 0) return wrong(`Unexpected argument "${rest[0]}"`);
  const url = serverUrl(address);
  if (url === undefined) return wrong(`"${address}" is no address of a server`);
  const numbers: Record<string, number> = {};
  for (const option of NUMBERS) {
    const value = readNumber(option, flags[option.name]);
    if (typeof value === "string") return wrong(value);
    numbers[option.name] = value;
  }
  const number = (name: string) => numbers[name] ?? 0;
  const engine = flags["engine"] ?? "auto";
  if (!isEngine(engine)) return wrong(`--engine must be one of ${ENGINES.join(", ")}`);
  const sessions = number("rooms") * (number("publishers") + number("subscribers"));
  if (sessions === 0) return wrong("There is nobody to join: --publishers and --subscribers are both 0");
  if (sessions > MAX_SESSIONS) return wrong(`That is ${sessions} participants; at most ${MAX_SESSIONS} are possible`);
  return {
    kind: "load",
    options: {
      url,
      rooms: number("rooms"),
      publishers: number("publishers"),
      subscribers: number("subscribers"),
      audioRate: number("audio-rate"),
      videoKbps: number("video-kbps"),
      seconds: number("seconds"),
      joinRate: number("join-rate"),
      maxLoss: number("max-loss"),
      token: text(flags["token"]) ?? env("SEAMEET_AUTH_TOKEN"),
      engine,
      json: text(flags["json"]),
    },
  };
}

function wrong(sentence: string): LoadCommand {
  return { kind: "error", message: `${sentence}, see seameet load --help` };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isEngine(value: unknown): value is EngineKind {
  return ENGINES.some((name) => name === value);
}

function readNumber({ name, initial, min, max }: NumberOption, value: unknown): number | string {
  if (value === undefined) return initial;
  const number = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
  const kind = FRACTIONS.has(name) ? "a number" : "a whole number";
  if (!(number >= min && number <= max) || (!FRACTIONS.has(name) && !Number.isInteger(number))) {
    return `--${name} must be ${kind} from ${min} to ${max}`;
  }
  return number;
}

/** The WebSocket address that a person means by a web address or a bare `host:port`. */
function serverUrl(address: string): string | undefined {
  const full = address.includes("://") ? address.replace(/^http/, "ws") : `ws://${address}`;
  if (!URL.canParse(full)) return undefined;
  const { protocol, hostname, href } = new URL(full);
  return (protocol === "ws:" || protocol === "wss:") && hostname !== "" ? href : undefined;
}
