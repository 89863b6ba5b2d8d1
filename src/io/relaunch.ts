import { printable } from "./console_log.ts";
import { END_SIGNALS } from "./signals.ts";

/** What a permission is now: as `Deno.permissions` says. */
export interface PermissionFact {
  readonly name: PermissionName;
  readonly state: Deno.PermissionState;
  /** Granted, but not for everything; or not granted in general, but for something we would ask for. */
  readonly scoped: boolean;
}

/** What `planRelaunch` decides by; `currentSituation` fills it in. */
export interface RelaunchSituation {
  /** Whether `Deno.listenDatagram` is there already. */
  readonly hasUnstableNet: boolean;
  /** Whether this is a program made by `deno compile`. */
  readonly standalone: boolean;
  /** Whether this process was started by a relaunch. */
  readonly relaunched: boolean;
  /** All permissions. */
  readonly permissions: readonly PermissionFact[];
  /** Whether this very `deno` may be run. */
  readonly mayRun: boolean;
  /** The `deno` that is running. */
  readonly execPath: string;
  /** Specifier or URL of the main module. */
  readonly mainModule: string;
  /** Arguments of the program. */
  readonly args: readonly string[];
}

/** What to do about the missing flag. */
export type RelaunchPlan =
  | { readonly kind: "continue" }
  | { readonly kind: "start"; readonly execPath: string; readonly args: readonly string[] }
  | { readonly kind: "cannot"; readonly message: string };

/** How a relaunch ended: not needed, not possible (one sentence for the user), or done, with the exit code to end with. */
export type RelaunchResult =
  | { readonly kind: "continue" }
  | { readonly kind: "ended"; readonly code: number }
  | { readonly kind: "cannot"; readonly message: string };

/** Permissions of Deno, in the order of its manual. */
type PermissionName = "read" | "write" | "net" | "env" | "sys" | "run" | "ffi" | "import";

const PERMISSIONS: readonly PermissionName[] = ["read", "write", "net", "env", "sys", "run", "ffi", "import"];

/** Holds the process id of the one that started this one. */
const MARK = "SEAMEET_RELAUNCHED_BY";
/** How often a relaunched process looks whether its starter is still there. */
const PARENT_CHECK_MS = 1_000;

/** What the server would ask for; granted without the general permission, it shows that the permission is scoped. */
const PROBES: readonly Deno.PermissionDescriptor[] = [
  { name: "net", host: "0.0.0.0:3001" },
  { name: "net", host: "127.0.0.1:3001" },
  { name: "net", host: "127.0.0.1" },
  { name: "net", host: "0.0.0.0:10000" },
  { name: "read", path: "." },
  { name: "write", path: "." },
  { name: "env", variable: "SEAMEET_AUTH_TOKEN" },
  { name: "env", variable: "SEAMEET_LOG" },
  { name: "env", variable: "UDP_PORT" },
  { name: "env", variable: "PUBLIC_IP" },
  { name: "sys", kind: "networkInterfaces" },
];

/**
 * Decides what to do when media sockets need `--unstable-net` and the program was started without it.
 *
 * It may be started again once, never with more permissions than it has; a scoped permission (`--allow-net=host`)
 * cannot be read back, so then the user gets the command to type instead.
 */
export function planRelaunch(situation: RelaunchSituation): RelaunchPlan {
  if (situation.hasUnstableNet) return { kind: "continue" };
  if (situation.standalone) {
    const message = 'Media sockets are missing: compile this program again with "deno compile --unstable-net"';
    return { kind: "cannot", message };
  }
  const scoped = situation.permissions.filter((permission) => permission.scoped && permission.name !== "run");
  if (situation.relaunched || !situation.mayRun || scoped.length > 0) {
    return { kind: "cannot", message: advice(situation, scoped.map((permission) => permission.name)) };
  }
  const { execPath, mainModule, args } = situation;
  return {
    kind: "start",
    execPath,
    args: ["run", "--unstable-net", ...permissionFlags(situation.permissions), mainModule, ...args],
  };
}

/** Looks at this process. */
export function currentSituation(args: readonly string[] = Deno.args): RelaunchSituation {
  const execPath = Deno.execPath();
  return {
    hasUnstableNet: typeof Deno.listenDatagram === "function",
    standalone: Deno.build.standalone,
    relaunched: readMark() !== undefined,
    permissions: PERMISSIONS.map(permissionFact),
    mayRun: isGranted({ name: "run", command: execPath }),
    execPath,
    mainModule: Deno.mainModule,
    args,
  };
}

/**
 * Starts this program again with `--unstable-net` where it is missing, and stays until that one has ended.
 *
 * SIGINT, SIGTERM and SIGHUP go on to it: otherwise it would survive its starter and keep the ports.
 */
export async function relaunchIfNeeded(args: readonly string[] = Deno.args): Promise<RelaunchResult> {
  if (typeof Deno.listenDatagram === "function") return { kind: "continue" };
  const plan = planRelaunch(currentSituation(args));
  if (plan.kind !== "start") return plan;
  let child: Deno.ChildProcess | undefined;
  const listeners = END_SIGNALS.map((signal) => {
    const forward = () => {
      try {
        child?.kill(signal);
      } catch {
        // it has ended on its own
      }
    };
    Deno.addSignalListener(signal, forward);
    return () => Deno.removeSignalListener(signal, forward);
  });
  try {
    child = new Deno.Command(plan.execPath, {
      args: [...plan.args],
      env: { [MARK]: String(Deno.pid) },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    return { kind: "ended", code: (await child.status).code };
  } finally {
    for (const remove of listeners) remove();
  }
}

/**
 * Calls `handler` when this process was started by a relaunch and its starter is gone without a word, as after
 * SIGKILL: nobody could stop it any more.
 *
 * @returns A function that stops looking.
 */
export function onStarterGone(handler: () => void): () => void {
  const starter = readMark();
  if (starter === undefined || Deno.build.os === "windows") return () => {};
  const timer = setInterval(() => {
    if (String(Deno.ppid) === starter) return;
    clearInterval(timer);
    handler();
  }, PARENT_CHECK_MS);
  return () => clearInterval(timer);
}

function permissionFlags(permissions: readonly PermissionFact[]): string[] {
  if (permissions.every((permission) => permission.state === "granted" && !permission.scoped)) return ["-A"];
  const flags: string[] = [];
  for (const { name, state, scoped } of permissions) {
    if (state === "granted" && !scoped) flags.push(`--allow-${name}`);
    else if (state === "denied") flags.push(`--deny-${name}`);
  }
  return flags;
}

function advice(situation: RelaunchSituation, scoped: readonly string[]): string {
  const reason = situation.relaunched
    ? "This Deno does not know them"
    : scoped.length > 0
    ? `The limits of --allow-${scoped.join(" and --allow-")} cannot be passed on automatically`
    : "The permission to start it automatically is missing";
  const command = ["deno", "run", "--unstable-net", "-A", situation.mainModule, ...withoutToken(situation.args)];
  return `Media sockets need Deno's unstable "net" API. ${reason}: add --unstable-net to your command, as in ` +
    command.map(quoted).join(" ");
}

/** The sentence may end up in a log: no secret in it. */
function withoutToken(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const secret = /^--(?:auth-)?token(?==)/.exec(arg)?.[0];
    if (secret !== undefined) return `${secret}=…`;
    return args[i - 1] === "--auth-token" || args[i - 1] === "--token" ? "…" : arg;
  });
}

function quoted(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./…*-]+$/.test(text) && !text.includes("*") ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function permissionFact(name: PermissionName): PermissionFact {
  const { state, partial } = Deno.permissions.querySync({ name });
  const probed = state !== "granted" && PROBES.some((probe) => probe.name === name && isGranted(probe));
  return { name, state, scoped: partial || probed };
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function readMark(): string | undefined {
  return isGranted({ name: "env", variable: MARK }) ? Deno.env.get(MARK) : undefined;
}
