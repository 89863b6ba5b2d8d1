/**
 * A JSR registry on loopback, so that the published form of the package can be tested where JSR cannot be reached.
 *
 * `deno publish` itself uploads to it: the files, and the specifiers in them, are exactly what JSR would get. The
 * stand-ins of `tools/offline` are served as the `jsr:@std/*` packages that the published code asks for.
 */
import { fileURLToPath } from "node:url";

/** One version of one package. */
export interface RegistryPackage {
  /** Scope and name: `@scope/name`. */
  readonly name: string;
  readonly version: string;
  readonly exports: Record<string, string>;
  /** Content by path; paths begin with `/`. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const ROOT = new URL("../../", import.meta.url);
const STAND_INS = new URL("tools/offline/", ROOT);
/** Any token will do: nobody checks it here. */
const TOKEN = "local";

const UPLOAD = new URLPattern({ pathname: "/api/scopes/:scope/packages/:name/versions/:version" });
const VERSIONS = new URLPattern({ pathname: "/:scope/:name/meta.json" });
const MANIFEST = new URLPattern({ pathname: "/:scope/:name/:version([^/]+)_meta.json" });
const FILE = new URLPattern({ pathname: "/:scope/:name/:version/:path(.*)" });

/** The registry; dispose of it to stop the server and remove its cache folder. */
export class LocalRegistry implements AsyncDisposable {
  readonly #packages = new Map<string, RegistryPackage>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #denoDir: string;
  /** Everything that was asked of the registry, oldest first. */
  readonly requests: string[] = [];

  private constructor(denoDir: string) {
    this.#denoDir = denoDir;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /** Starts a registry that knows the stand-ins. */
  static async start(): Promise<LocalRegistry> {
    const registry = new LocalRegistry(await Deno.makeTempDir({ prefix: "seameet-registry-" }));
    for await (const entry of Deno.readDir(STAND_INS)) {
      if (entry.isDirectory) registry.add(await standIn(new URL(`${entry.name}/`, STAND_INS)));
    }
    return registry;
  }

  /** What `JSR_URL` has to be. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** The environment that makes `deno` use this registry and a cache in which nothing lies yet. */
  get env(): Record<string, string> {
    return { JSR_URL: this.url, DENO_DIR: this.#denoDir, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  }

  /** Offers a package. */
  add(published: RegistryPackage): void {
    this.#packages.set(published.name, published);
  }

  /** The package of that name, or `undefined`. */
  package(name: string): RegistryPackage | undefined {
    return this.#packages.get(name);
  }

  /** Lets `deno publish` upload the package in a folder; by default this repository's. */
  async publish(folder: URL = ROOT): Promise<void> {
    const { success, stdout, stderr } = await this.deno(
      ["publish", "--token", TOKEN, "--no-provenance", "--allow-dirty", "--no-check", "-c", "deno.json"],
      { cwd: folder },
    ).output();
    if (success) return;
    throw new Error(`deno publish failed: ${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`);
  }

  /** A `deno` command that sees only this registry and its cache. */
  deno(args: readonly string[], options: Deno.CommandOptions = {}): Deno.Command {
    return new Deno.Command(Deno.execPath(), { ...options, args: [...args], env: { ...options.env, ...this.env } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#denoDir, { recursive: true });
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.requests.push(`${request.method} ${url.pathname}`);
    const { scope = "", name = "", version = "" } = UPLOAD.exec(url)?.pathname.groups ?? {};
    if (request.method === "POST" && version !== "") {
      const files = await untar(request.body ?? new Blob([]).stream());
      const config: { exports: string | Record<string, string> } = JSON.parse(text(files, "/deno.json"));
      const exports = typeof config.exports === "string" ? { ".": config.exports } : config.exports;
      this.add({ name: `@${scope}/${name}`, version, exports, files });
      return Response.json({ id: "local", status: "success", error: null });
    }
    if (version !== "") return notFound();
    if (url.pathname.startsWith("/api/")) return Response.json({});
    return await this.#download(url) ?? notFound();
  }

  async #download(url: URL): Promise<Response | undefined> {
    const groups = (VERSIONS.exec(url) ?? MANIFEST.exec(url) ?? FILE.exec(url))?.pathname.groups ?? {};
    const found = this.#packages.get(`${groups.scope}/${groups.name}`);
    if (found === undefined) return undefined;
    if (groups.version === undefined) {
      const [scope, name] = [groups.scope?.slice(1), groups.name];
      return Response.json({ scope, name, latest: found.version, versions: { [found.version]: {} } });
    }
    if (groups.version !== found.version) return undefined;
    if (groups.path === undefined) return Response.json(await manifest(found));
    const bytes = found.files.get(`/${decodeURIComponent(groups.path)}`);
    return bytes && new Response(bytes, { headers: { "content-type": contentType(groups.path) } });
  }
}

function notFound(): Response {
  return Response.json({ code: "notFound", message: "Not found" }, { status: 404 });
}

async function manifest({ exports, files }: RegistryPackage): Promise<unknown> {
  const entries: [string, { size: number; checksum: string }][] = [];
  for (const [path, bytes] of files) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    entries.push([path, { size: bytes.length, checksum: `sha256-${hash.toHex()}` }]);
  }
  return { manifest: Object.fromEntries(entries), exports };
}

function contentType(path: string): string {
  return /\.tsx?$/.test(path)
    ? "text/typescript"
    : /\.json$/.test(path)
    ? "application/json"
    : "application/octet-stream";
}

async function standIn(folder: URL): Promise<RegistryPackage> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const file of Deno.readDir(folder)) {
    files.set(`/${file.name}`, await Deno.readFile(new URL(file.name, folder)));
  }
  const { name, version, exports } = JSON.parse(text(files, "/package.json.txt"));
  return { name, version, exports, files };
}

function text(files: ReadonlyMap<string, Uint8Array>, path: string): string {
  return new TextDecoder().decode(files.get(path) ?? new Uint8Array());
}

/** The regular files of a gzipped tar archive, by path. */
async function untar(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const archive = await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).bytes();
  const field = (at: number, length: number) =>
    new TextDecoder().decode(archive.subarray(at, at + length)).split("\0")[0] ?? "";
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let longName = "";
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = parseInt(field(at + 124, 12), 8);
    const type = field(at + 156, 1);
    const prefix = field(at + 345, 155);
    const name = longName || (prefix ? `${prefix}/` : "") + field(at, 100);
    const content = archive.slice(at + 512, at + 512 + size);
    longName = type === "L" ? new TextDecoder().decode(content).split("\0")[0] ?? "" : "";
    if (type === "0" || type === "") files.set(`/${name.replace(/^\.?\//, "")}`, content);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** The package's folder as a path, for commands that run there. */
export const PACKAGE_FOLDER: string = fileURLToPath(ROOT);
