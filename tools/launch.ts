/**
 * Runs a `deno` command, with stand-in packages for `jsr:@std/*` where JSR cannot be reached.
 *
 * Usage: `deno run -A --no-config --no-lock tools/launch.ts test -A src/`
 *
 * This file and everything it imports must load without a configuration file and without JSR.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package, as a file path. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

/** Which configuration the `deno` commands of this run use. */
export interface LaunchConfig {
  /** False: the stand-ins of `tools/offline` take the place of `jsr:@std/*`. */
  readonly online: boolean;
  /** The configuration to name with `-c`; absent: the package's own `deno.json` is found by itself. */
  readonly configPath?: string;
}

/** How a command started by {@linkcode runDeno} differs from the defaults. */
export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Words put in front of the `deno` executable, for example to enter a network namespace. */
  readonly wrapper?: readonly string[];
}

/** How long to wait for JSR before the stand-ins are used; a network that drops packets must not hold up a task. */
const PROBE_TIMEOUT_MS = 3_000;

/** Commands inside a task inherit the answer instead of probing, and saying, the same again. */
const MODE_VARIABLE = "SEAMEET_JSR";

const OFFLINE_CONFIG = join(ROOT, ".deno.offline.json");
const OFFLINE_LOCK = join(ROOT, ".deno.offline.lock");
const STAND_INS = join(ROOT, "tools", "offline");

/** Subcommands that know no `-c`. */
const WITHOUT_CONFIG = new Set(["clean", "completions", "coverage", "help", "types", "upgrade", "--version"]);

/**
 * Finds out whether JSR answers and, if not, prepares the configuration with the stand-ins.
 *
 * `SEAMEET_JSR=offline` (or `online`) in the environment skips the question.
 */
export async function prepare(): Promise<LaunchConfig> {
  const decided = Deno.env.get(MODE_VARIABLE);
  const online = decided === undefined ? await jsrReachable() : decided === "online";
  if (decided === undefined && !online) {
    console.error("JSR cannot be reached: using the stand-ins in tools/offline for jsr:@std/*");
  }
  Deno.env.set(MODE_VARIABLE, online ? "online" : "offline");
  if (online) return { online };
  await writeOfflineConfig();
  return { online, configPath: OFFLINE_CONFIG };
}

/** The arguments of a `deno` call in this configuration: `["test", "-A"]` → `["test", "-c", "…", "-A"]`. */
export function withConfig(args: readonly string[], config: LaunchConfig): string[] {
  const [command, ...rest] = args;
  if (command === undefined) return [];
  if (config.configPath === undefined || WITHOUT_CONFIG.has(command)) return [...args];
  return [command, "-c", config.configPath, ...rest];
}

/** Runs a `deno` command in the package's folder with the terminal of this process; answers its exit code. */
export async function runDeno(
  args: readonly string[],
  config: LaunchConfig,
  options: RunOptions = {},
): Promise<number> {
  const [program, ...words] = [...(options.wrapper ?? []), Deno.execPath(), ...withConfig(args, config)];
  const child = new Deno.Command(program ?? Deno.execPath(), {
    args: words,
    cwd: ROOT,
    env: { SEAMEET_DENO_CONFIG: config.configPath ?? join(ROOT, "deno.json"), ...options.env },
    stdin: "inherit",
  }).spawn();
  return await waitFor(child);
}

/** Waits for a child process, passing on the signals that ask this process to end. */
async function waitFor(child: Deno.ChildProcess): Promise<number> {
  // Ctrl-C in a terminal reaches the child by itself; a second copy would look like a second Ctrl-C.
  const forwardInterrupt = !Deno.stdin.isTerminal();
  const handlers = new Map<Deno.Signal, () => void>([
    ["SIGINT", () => forwardInterrupt && child.kill("SIGINT")],
  ]);
  if (Deno.build.os !== "windows") {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) handlers.set(signal, () => child.kill(signal));
  }
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  const { code } = await child.status;
  for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  return code;
}

async function jsrReachable(): Promise<boolean> {
  const base = Deno.env.get("JSR_URL") ?? "https://jsr.io/";
  try {
    const response = await fetch(new URL("@std/assert/meta.json", base), {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Writes the ignored configuration that links the stand-ins and keeps a lock file of its own. */
async function writeOfflineConfig(): Promise<void> {
  const lock = await Deno.readTextFile(join(ROOT, "deno.lock")).catch(() => undefined);
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  delete config.tasks;
  config.links = await copyStandIns();
  config.lock = { path: "./.deno.offline.lock" };
  // The npm part of the committed lock file holds here too. It is copied again only when it or the imports changed,
  // because Deno adds the linked packages to the copy.
  config.lockedFrom = await digest(new TextEncoder().encode(JSON.stringify([lock ?? "", config.imports])));
  const text = JSON.stringify(config, null, 2) + "\n";
  if (await Deno.readTextFile(OFFLINE_CONFIG).catch(() => "") === text) return;
  if (lock === undefined) await Deno.remove(OFFLINE_LOCK).catch(() => undefined);
  else await replaceFile(OFFLINE_LOCK, lock);
  await replaceFile(OFFLINE_CONFIG, text);
}

/**
 * Copies the stand-ins out of the package, because linked folders inside it would be published.
 *
 * The target is named after its content and its user: it never goes stale and several checkouts share it.
 */
async function copyStandIns(): Promise<string[]> {
  const files = new Map<string, string>();
  const packages: string[] = [];
  for (const entry of [...Deno.readDirSync(STAND_INS)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (!entry.isDirectory) continue;
    packages.push(entry.name);
    for (const file of Deno.readDirSync(join(STAND_INS, entry.name))) {
      // Named so in the package because Deno would take a nested deno.json for a package of ours.
      const name = file.name === "package.json.txt" ? "deno.json" : file.name;
      files.set(join(entry.name, name), await Deno.readTextFile(join(STAND_INS, entry.name, file.name)));
    }
  }
  const hash = await digest(new TextEncoder().encode(JSON.stringify([...files].sort())));
  let target = join(tmpdir(), `seameet-std-${hash}`);
  if (!await isOurs(target)) target = await Deno.makeTempDir({ prefix: "seameet-std-" });
  for (const [name, text] of files) {
    const path = join(target, name);
    if (await Deno.readTextFile(path).catch(() => undefined) === text) continue;
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await replaceFile(path, text);
  }
  return packages.map((name) => join(target, name));
}

/** Makes the folder, or tells whether the existing one belongs to this user: code is loaded from it. */
async function isOurs(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    const info = await Deno.lstat(path);
    return info.isDirectory && (info.uid === null || info.uid === Deno.uid());
  } catch {
    return false;
  }
}

/** Replaces a file in one step, so that a task started at the same time never reads half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${Deno.pid}`;
  await Deno.writeTextFile(fresh, text);
  await Deno.rename(fresh, path);
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.toHex().slice(0, 16);
}

if (import.meta.main) {
  if (Deno.args.length === 0) {
    console.error("Usage: launch.ts <deno command> [arguments]");
    Deno.exit(2);
  }
  Deno.exit(await runDeno(Deno.args, await prepare()));
}
