/**
 * `task dev`: the meeting app on port 5173, built anew and reloaded when a file changes, beside the server on port 3001.
 *
 * The page connects to the server by itself; nothing is passed on between the two. Arguments are those of `seameet serve`,
 * except `--port` and `--web`.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildWeb } from "./build_web.ts";
import { prepare, ROOT, runDeno } from "./launch.ts";

const PORT = 5173;
const SERVER_PORT = "3001";

/** What the app is made of. */
const WATCHED = ["examples/meet", "src/client", "src/signaling", "src/base"];

/** Editors write a file in several steps; all of them within this time make one build. */
const SETTLE_MS = 80;

/** Told to the page by server-sent events: a build is finished. */
const RELOAD_PATH = "/dev-reload";

const RELOAD_SCRIPT = `
const events = new EventSource("${RELOAD_PATH}");
let lost = false;
events.onmessage = () => location.reload();
events.onerror = () => lost = true;
events.onopen = () => lost && location.reload();
`;

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** The pages that wait for the next build. */
const pages = new Set<ReadableStreamDefaultController<Uint8Array>>();

/** Answers for a page of the app: a file of the build, or `index.html` for the app's own paths. */
export async function serveBuild(request: Request, folder: URL): Promise<Response> {
  const { pathname } = new URL(request.url);
  // A URL resolves ".." itself, and names with encoded slashes are not among ours.
  const name = /^\/[\w.-]+$/.test(pathname) ? pathname.slice(1) : "index.html";
  const file = await Deno.readFile(new URL(name, folder)).catch(() => undefined);
  if (file === undefined && name.includes(".") && name !== "index.html") {
    return new Response("Not found", { status: 404 });
  }
  const shown = file === undefined ? "index.html" : name;
  const body = file ?? await Deno.readFile(new URL("index.html", folder));
  const type = TYPES[shown.slice(shown.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}

function subscribe(): Response {
  let own: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      own = controller;
      pages.add(controller);
      controller.enqueue(new TextEncoder().encode(": waiting for a build\n\n"));
    },
    cancel() {
      pages.delete(own);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function reloadPages(): void {
  for (const page of pages) page.enqueue(new TextEncoder().encode("data: built\n\n"));
}

async function build(into: URL): Promise<boolean> {
  const started = performance.now();
  try {
    await buildWeb({ into, readable: true, extraScript: RELOAD_SCRIPT });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
  console.log(`Built in ${Math.round(performance.now() - started)} ms`);
  return true;
}

async function rebuildOnChange(into: URL): Promise<never> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const event of Deno.watchFs(WATCHED.map((path) => join(ROOT, path)))) {
    if (event.kind === "access" || event.paths.every((path) => path.includes("dist"))) continue;
    clearTimeout(timer);
    timer = setTimeout(() => void build(into).then((built) => built && reloadPages()), SETTLE_MS);
  }
  throw new Error("The file watcher ended");
}

if (import.meta.main) {
  const config = await prepare();
  const packed = await runDeno(["run", "-A", "tools/pack_codecs.ts"], config);
  if (packed !== 0) Deno.exit(packed);
  const folder = pathToFileURL(await Deno.makeTempDir({ prefix: "seameet-dev-" }) + "/");
  if (!await build(folder)) Deno.exit(1);
  Deno.serve({ port: PORT, onListen: () => console.log(`The app: http://localhost:${PORT}/`) }, (request) => {
    return new URL(request.url).pathname === RELOAD_PATH ? subscribe() : serveBuild(request, folder);
  });
  void rebuildOnChange(folder);
  const code = await runDeno(
    ["run", "-A", "cli.ts", "serve", "--port", SERVER_PORT, "--web", "off", ...Deno.args],
    config,
  );
  await Deno.remove(folder, { recursive: true });
  Deno.exit(code);
}
