/**
 * Builds the meeting app into `examples/meet/dist`.
 *
 * Usage: `deno task build:web`. `VITE_WS_URL` in the environment (a `ws:` or `wss:` address) is built in as the address of
 * the signaling server; without it the page asks the server that it came from.
 */
import { fileURLToPath } from "node:url";
import { prepare, ROOT, withConfig } from "./launch.ts";

const source = new URL("../examples/meet/", import.meta.url);

/** Files that `index.html` refers to and `deno bundle` leaves alone. */
const STATIC_FILES = ["styles.css", "icon.svg"];

/** The worker that encrypts frames: an entry point of its own, because `deno bundle` leaves `new Worker(…)` as it is. */
const FRAME_WORKER = "src/client/e2ee/worker.ts";

/** How `index.html` names it; the app reads the address from there. */
const FRAME_WORKER_NAME = "e2ee-worker.js";

/** How to build. */
export interface BuildOptions {
  /** Where the files go; a folder URL with a slash at its end. */
  readonly into?: URL;
  /** Leaves names and line breaks as they are, for reading in the browser. */
  readonly readable?: boolean;
  /** Address of the signaling server that the page uses; `VITE_WS_URL` when left out, the page's own server when empty. */
  readonly server?: string;
  /** Lines of script put at the end of the page's own, for reloading while developing. */
  readonly extraScript?: string;
}

/**
 * Builds the app.
 *
 * Every file but `index.html` carries a digest of its content in its name, so that servers may let browsers keep it for good.
 *
 * @throws when the bundler reports an error.
 */
export async function buildWeb(options: BuildOptions = {}): Promise<void> {
  const into = options.into ?? new URL("dist/", source);
  await Deno.remove(into, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(into, { recursive: true });
  await bundle(into, options.readable === true);
  const page = new URL("index.html", into);
  let html = await Deno.readTextFile(page);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of STATIC_FILES) files.set(name, await Deno.readFile(new URL(name, source)));
  files.set(FRAME_WORKER_NAME, await bundleWorker(options.readable === true));
  for (const [name, bytes] of files) {
    const target = await hashedName(name, bytes);
    await Deno.writeFile(new URL(target, into), bytes);
    html = html.replaceAll(`./${name}`, `./${target}`);
  }
  // The same page answers for /room/…, so its files must be named from the root.
  html = html.replaceAll('"./', '"/');
  html = withServer(html, options.server ?? Deno.env.get("VITE_WS_URL") ?? "");
  if (options.extraScript !== undefined) {
    await Deno.writeTextFile(new URL("dev.js", into), options.extraScript);
    html = html.replace("</body>", '<script type="module" src="/dev.js"></script></body>');
  }
  await Deno.writeTextFile(page, html);
  // Who serves the app from a registry cannot list a folder, and must not fetch whatever a visitor asks for.
  const names = [...Deno.readDirSync(into)].map((entry) => entry.name).sort();
  await Deno.writeTextFile(new URL("files.json", into), JSON.stringify(names));
}

/** Writes the address of the signaling server into the page. */
function withServer(html: string, server: string): string {
  if (server === "") return html;
  if (!/^wss?:\/\/[^\s"<>]+$/.test(server) || !URL.canParse(server)) {
    throw new Error(`Cannot build the app: VITE_WS_URL is "${server}", not an address like wss://calls.example.org`);
  }
  return html.replace(/(<meta name="seameet-server" content=")(")/, `$1${server.replaceAll("&", "&amp;")}$2`);
}

async function bundle(into: URL, readable: boolean): Promise<void> {
  await runBundler(["--outdir", fileURLToPath(into), styleOf(readable), "examples/meet/index.html"]);
}

async function bundleWorker(readable: boolean): Promise<Uint8Array<ArrayBuffer>> {
  return await runBundler(["--format", "esm", styleOf(readable), FRAME_WORKER]);
}

function styleOf(readable: boolean): string {
  return readable ? "--sourcemap=inline" : "--minify";
}

/** Runs `deno bundle` for browsers; the answer is what it writes to its output. */
async function runBundler(rest: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const args = withConfig(["bundle", "--quiet", "--platform", "browser", ...rest], await prepare());
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return stdout;
  const decoder = new TextDecoder();
  throw new Error(`Cannot build the app: ${decoder.decode(stderr)}${decoder.decode(stdout)}`);
}

async function hashedName(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 8).toUpperCase();
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${digest}${name.slice(dot)}`;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  const started = performance.now();
  try {
    await buildWeb();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
  console.log(`Built examples/meet/dist in ${Math.round(performance.now() - started)} ms`);
}
