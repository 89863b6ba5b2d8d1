/** A file to serve. */
export interface StaticFile {
  /** Bytes of the file. */
  readonly size: number;
  /** Changes when the content does; with its quotation marks. */
  readonly etag: string;
  /** The content; called only when it is sent. */
  open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>>;
}

/**
 * Where static files come from: `path` is relative, of safe segments, without a leading slash.
 *
 * It answers `undefined` for what is not there.
 */
export type StaticSource = (path: string) => Promise<StaticFile | undefined>;

/** Types by extension; everything else is `application/octet-stream`, which browsers save instead of showing. */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff2: "font/woff2",
};

/** Longer paths are nobody's files. */
const MAX_PATH_CHARS = 1_024;

/** What the app may do and load: itself, sockets and media, nothing from elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'", // Opus and noise suppression come as WebAssembly
  "style-src 'self' 'unsafe-inline'", // style attributes of components; no script can hide in them
  "img-src 'self' data: blob:",
  "connect-src 'self' ws: wss: http: https:", // the signaling server may be another host, and says what it wants at /seameet.json
  "worker-src 'self'",
  "media-src 'self' blob: mediastream:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join("; ");

/** On every answer. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "permissions-policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()",
  "referrer-policy": "no-referrer", // room names are in URLs
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
};

/** A bundler's hash in the name, `app-4KQ2ZM7A.js` or `app.0f3c9a1b.css`: such a file never changes its content. */
const HASHED_NAME = /[.-](?:(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{8,}|(?=[a-f]*\d)(?=\d*[a-f])[a-f0-9]{8,})\.\w+$/;
const A_YEAR = "public, max-age=31536000, immutable";

/**
 * Makes a handler that serves an app's files; it always answers.
 *
 * Paths without an extension get `index.html`, because the app routes by itself: `/room/daily` is a page of it.
 * Files with a hash in their name may be kept for a year, all others are asked for again each time (and mostly
 * answered with 304).
 *
 * @example
 * ```ts
 * import { embeddedSource, staticFiles } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const pages = new Map([["index.html", new TextEncoder().encode("<!doctype html>")]]);
 * const handler = staticFiles(embeddedSource((path) => pages.get(path)));
 * const response = await handler(new Request("http://localhost/room/daily"));
 * assertEquals(await response.text(), "<!doctype html>");
 * ```
 */
export function staticFiles(source: StaticSource): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer("Method not allowed\n", 405, { allow: "GET, HEAD" });
    }
    const path = safePath(new URL(request.url).pathname);
    if (path === undefined) return answer("Not found\n", 404);
    const isPage = !path.slice(path.lastIndexOf("/") + 1).includes(".");
    const name = isPage ? "index.html" : path;
    const file = await source(name);
    if (file === undefined) return answer("Not found\n", 404);
    const headers = {
      "cache-control": HASHED_NAME.test(name) ? A_YEAR : "no-cache",
      "content-type": contentType(name),
      etag: file.etag,
    };
    if (matches(request.headers.get("if-none-match"), file.etag)) return answer(null, 304, headers);
    const sized = { ...headers, "content-length": String(file.size) };
    return answer(request.method === "HEAD" ? null : await file.open(), 200, sized);
  };
}

/**
 * Serves a folder; nothing outside it, not through links either, and nothing whose name starts with a dot.
 *
 * @example
 * ```ts
 * import { directorySource } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/app.js`, "start();");
 * const source = directorySource(folder);
 * assertEquals((await source("app.js"))?.size, 8);
 * assertEquals(await source("../secret"), undefined);
 * ```
 */
export function directorySource(root: string): StaticSource {
  let realRoot: string | undefined;
  return async (path) => {
    try {
      realRoot ??= await Deno.realPath(root);
      const realPath = await Deno.realPath(`${realRoot}/${path}`);
      const separator = Deno.build.os === "windows" ? "\\" : "/";
      if (!realPath.startsWith(realRoot.endsWith(separator) ? realRoot : realRoot + separator)) return undefined;
      const { isFile, size, mtime } = await Deno.stat(realPath);
      if (!isFile) return undefined;
      return {
        size,
        etag: `"${(mtime?.getTime() ?? 0).toString(36)}-${size.toString(36)}"`,
        open: async () => (await Deno.open(realPath)).readable,
      };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
      throw error;
    }
  };
}

/**
 * Serves files that the program carries with it; `read` answers `undefined` for what is not there.
 *
 * @example
 * ```ts
 * import { embeddedSource } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const source = embeddedSource((path) => path === "app.js" ? new TextEncoder().encode("start();") : undefined);
 * assertEquals((await source("app.js"))?.size, 8);
 * assertEquals(await source("other.js"), undefined);
 * ```
 */
export function embeddedSource(
  read: (path: string) => Uint8Array<ArrayBuffer> | undefined | Promise<Uint8Array<ArrayBuffer> | undefined>,
): StaticSource {
  const known = new Map<string, StaticFile>();
  return async (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const bytes = await read(path);
    if (bytes === undefined) return undefined;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes), 0, 12);
    const file = { size: bytes.length, etag: `"${digest.toHex()}"`, open: () => Promise.resolve(bytes) };
    known.set(path, file);
    return file;
  };
}

/** The path inside the source, or `undefined` for what could lead out of it or is hidden. */
export function safePath(pathname: string): string | undefined {
  if (pathname.length > MAX_PATH_CHARS) return undefined;
  const segments: string[] = [];
  for (const raw of pathname.split("/")) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    if (segment === "") continue;
    // deno-lint-ignore no-control-regex -- control characters are what must not get through
    if (segment.startsWith(".") || /[\\/:\x00-\x1f\x7f]/.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments.join("/");
}

function contentType(path: string): string {
  return TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}

function matches(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch === "*" || ifNoneMatch.split(",").some((entry) => entry.trim().replace(/^W\//, "") === etag);
}

function answer(body: BodyInit | null, status: number, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...SECURITY_HEADERS, ...headers } });
}
