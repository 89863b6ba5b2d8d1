import { parseLogLevels } from "./console_log.ts";
import type { EngineKind } from "./native/choose_engine.ts";
import { MAX_WORKERS, readWorkers } from "./workers/worker_count.ts";
import { MAX_SLOTS } from "../signaling/limits.ts";
import type { E2eeMode } from "../signaling/server_config.ts";
import { isIpAddress, parseCidr } from "./ip_address.ts";
import { normaliseOrigin } from "./origin.ts";

/** Values that were given, by flag name. */
export type Values = Record<string, string | number | boolean | string[]>;

/** One flag of `seameet serve`. */
export interface CliOption {
  /** Name without the dashes; the same in the config file, there also in camelCase. */
  readonly name: string;
  /** A list may be given several times; a boolean takes no value. */
  readonly kind: "text" | "number" | "boolean" | "list";
  /** A text that may be a number: the config file takes one without quotes too. */
  readonly orNumber?: boolean;
  /** What stands for the value in the help. */
  readonly placeholder?: string;
  /** Environment variables, the first that is set counts. */
  readonly env?: readonly string[];
  /** Smallest number (0). */
  readonly min?: number;
  /** Largest number. */
  readonly max?: number;
  /** Says what is wrong with a text; `undefined` when it is good. */
  readonly check?: (text: string) => string | undefined;
  /** Whether the value must never be shown. */
  readonly secret?: boolean;
  /** Heading in the help. */
  readonly group: "Network" | "Who may join" | "Limits" | "App" | "Log";
  /** Sentences for the help, line by line. */
  readonly help: readonly string[];
}

/** The words of `--engine`. */
export const ENGINES: readonly EngineKind[] = ["auto", "native", "portable"];

/** The words of `--e2ee`. */
export const E2EE_MODES: readonly E2eeMode[] = ["off", "default", "required"];

const MAX_PORT = 65_535;

/** All flags that have a value in the config file, in the order of the help. */
export const OPTIONS: readonly CliOption[] = [
  {
    name: "host",
    kind: "text",
    placeholder: "ADDRESS",
    group: "Network",
    check: (text) =>
      isIpAddress(text) || text === "localhost" ? undefined : "must be an IP address such as 0.0.0.0 or ::",
    help: [
      "Address for HTTP and WebSocket. Default: 0.0.0.0, but 127.0.0.1",
      "as long as nobody has said who may join",
    ],
  },
  {
    name: "port",
    kind: "number",
    placeholder: "N",
    group: "Network",
    max: MAX_PORT,
    help: ["Port for HTTP and WebSocket, 0 for any free one. Default: 3001"],
  },
  {
    name: "udp-port",
    kind: "number",
    placeholder: "N",
    env: ["UDP_PORT"],
    group: "Network",
    max: MAX_PORT,
    help: ["Port for media, on every address of this machine; 0 for any", "free one. Default: 10000"],
  },
  {
    name: "workers",
    kind: "text",
    orNumber: true,
    placeholder: "N|auto",
    group: "Network",
    check: (text) => readWorkers(text) === undefined ? `must be a number from 1 to ${MAX_WORKERS}, or auto` : undefined,
    help: [
      "Cores to spread rooms over; each above one is a thread with a",
      "media port of its own: --udp-port and those after it. auto: all",
      "of the machine. Default: 1",
    ],
  },
  {
    name: "public-ip",
    kind: "list",
    placeholder: "IP",
    env: ["PUBLIC_IP"],
    group: "Network",
    check: (text) =>
      isIpAddress(text) && !/^[0:.]+$/.test(text)
        ? undefined
        : "must be an IP address that clients can reach, no host name",
    help: [
      "Address under which clients reach the media port from outside,",
      "as behind a router or in a cloud. May be given several times",
    ],
  },
  {
    name: "engine",
    kind: "text",
    placeholder: "auto|native|portable",
    group: "Network",
    check: (text) => ENGINES.some((kind) => kind === text) ? undefined : "must be auto, native or portable",
    help: [
      "What moves and encrypts packets. native needs Linux, --allow-ffi",
      "and the system's libcrypto; auto takes it where that is there",
    ],
  },
  {
    name: "trusted-proxy",
    kind: "list",
    placeholder: "IP|RANGE",
    group: "Network",
    check: (text) => parseCidr(text) === undefined ? "must be an IP address or a range such as 10.0.0.0/8" : undefined,
    help: ["Reverse proxy whose X-Forwarded-For is believed. May be given", "several times"],
  },
  {
    name: "allow-origin",
    kind: "list",
    placeholder: "ORIGIN",
    group: "Network",
    check: (text) =>
      text === "*" || normaliseOrigin(text) !== undefined
        ? undefined
        : "must be an origin such as https://app.example, or *",
    help: [
      "Web page origin that may connect, besides those of the server's",
      "own host name. May be given several times; * for all",
    ],
  },
  {
    name: "auth-token",
    kind: "text",
    placeholder: "TOKEN",
    env: ["SEAMEET_AUTH_TOKEN"],
    secret: true,
    group: "Who may join",
    check: (text) => text.trim() === "" ? "must not be empty" : undefined,
    help: [
      "Secret that every client must send to join. Better set in the",
      "environment: other users of the machine can see flags",
    ],
  },
  {
    name: "allow-unauthenticated-joins",
    kind: "boolean",
    group: "Who may join",
    help: ["Let everybody join who can reach the server"],
  },
  {
    name: "e2ee",
    kind: "text",
    placeholder: "off|default|required",
    env: ["SEAMEET_E2EE"],
    group: "Who may join",
    check: (text) => E2EE_MODES.some((mode) => mode === text) ? undefined : "must be off, default or required",
    help: [
      "End-to-end encryption: off unless people choose it, on unless",
      "they switch it off, or required of everybody. Default: off",
    ],
  },
  {
    name: "max-room-members",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    min: 1,
    max: 10_000,
    help: ["Participants of one room. Default: 25"],
  },
  {
    name: "last-n",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    max: MAX_SLOTS,
    help: [
      "Cameras sent to each participant: those of the last speakers,",
      "beside what it has pinned, and screens; 0 for all. Default: 49",
    ],
  },
  {
    name: "audio-slots",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    max: MAX_SLOTS,
    help: ["Microphones sent to each participant: of those who speak;", "0 for all. Default: 8"],
  },
  {
    name: "max-chat-history",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    max: 1_000_000,
    help: ["Chat messages a room keeps for those who come later.", "Default: 1000"],
  },
  {
    name: "max-rooms",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    min: 1,
    max: 1_000_000,
    help: ["Rooms at a time"],
  },
  {
    name: "max-connections",
    kind: "number",
    placeholder: "N",
    group: "Limits",
    min: 1,
    max: 1_000_000,
    help: ["HTTP and WebSocket connections at a time"],
  },
  {
    name: "web",
    kind: "text",
    placeholder: "DIR|off",
    group: "App",
    check: (text) => text.trim() === "" ? "must be a folder or off" : undefined,
    help: ["Folder with the web app to serve instead of the built-in one;", "off serves none"],
  },
  {
    name: "log-level",
    kind: "text",
    placeholder: "LEVELS",
    env: ["SEAMEET_LOG", "RUST_LOG"],
    group: "Log",
    check: (text) =>
      "unreadable" in parseLogLevels(text)
        ? "must be debug, info, warn, error or off, or a list such as warn,signaling=debug"
        : undefined,
    help: ["debug, info, warn, error or off; also for single modules, as in", "warn,signaling=debug. Default: info"],
  },
  {
    name: "log-format",
    kind: "text",
    placeholder: "text|json",
    group: "Log",
    check: (text) => text === "text" || text === "json" ? undefined : "must be text or json",
    help: ["Lines for people or JSON objects. Default: text"],
  },
  {
    name: "audit-log",
    kind: "text",
    placeholder: "FILE|-",
    group: "Log",
    check: (text) => text === "" ? "must be a file, or - for standard output" : undefined,
    help: ["Append one JSON line for each event of the server"],
  },
  {
    name: "record",
    kind: "text",
    placeholder: "DIR",
    group: "Log",
    check: (text) => text === "" ? "must be a folder" : undefined,
    help: [
      "Record every room: a folder for each, with one WebM file per",
      "participant and a timeline. All rooms then share one core.",
      "Off by default; tell people that they are recorded",
    ],
  },
];

/** Flag names by their camelCase form, for the config file. */
export const CONFIG_KEYS: ReadonlyMap<string, string> = new Map(
  OPTIONS.map(({ name }) => [name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), name]),
);

/** Where the explanations begin. */
const HELP_COLUMN = 34;

/** What `--help` prints. */
export const HELP_TEXT: string = helpText();

function helpText(): string {
  const lines = [
    "seameet: video meetings on your own server",
    "",
    "Usage: seameet serve [options]",
    "       seameet doctor [options]    say what serve would find here, and why something is off",
    "       seameet bench               measure what this machine can forward, see bench --help",
    "       seameet load URL            try a running server under load, see load --help",
  ];
  for (const group of ["Network", "Who may join", "Limits", "App", "Log"] as const) {
    lines.push("", `${group}:`);
    for (const option of OPTIONS.filter((candidate) => candidate.group === group)) {
      const flag = option.placeholder === undefined ? `--${option.name}` : `--${option.name} ${option.placeholder}`;
      const env = option.env === undefined ? [] : [`Environment: ${option.env.join(", else ")}`];
      lines.push(...entry(flag, [...option.help, ...env]));
    }
  }
  lines.push(
    "",
    "Other:",
    ...entry("--config FILE", ["JSON file with entries named like the flags"]),
    ...entry("-h, --help", ["Print this text"]),
    ...entry("-V, --version", ["Print the version"]),
    "",
    "A flag wins over the environment, that over the config file, that over the default.",
    "",
    "Examples:",
    "  seameet serve                                     try it on this machine",
    "  seameet serve --allow-unauthenticated-joins       open to everybody in the network",
    "  SEAMEET_AUTH_TOKEN=secret seameet serve --public-ip 203.0.113.7",
    "                                                    on a cloud server, with a shared secret",
    "  seameet serve --host 127.0.0.1 --trusted-proxy 127.0.0.1 --config meet.json",
    "                                                    behind a reverse proxy with TLS",
    '  where meet.json holds {"authToken": "secret", "publicIp": ["203.0.113.7"], "maxRooms": 50}',
  );
  return lines.join("\n");
}

function entry(flag: string, help: readonly string[]): string[] {
  const indented = help.map((line) => " ".repeat(HELP_COLUMN) + line);
  const head = `  ${flag}`;
  if (head.length >= HELP_COLUMN - 1) return [head, ...indented];
  return [head.padEnd(HELP_COLUMN) + help[0], ...indented.slice(1)];
}
