/** The head of an HTTP/1.x request, as far as the guard must understand it. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: "1.0" | "1.1";
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes of the body; 0 when there is none. */
  readonly contentLength: number;
  /** Whether the request asks for a WebSocket. */
  readonly upgrade: boolean;
}

/** A request the guard answers itself. */
export interface HttpRefusal {
  readonly status: number;
  readonly text: string;
}

/** The Encoding Standard's "latin1" turns some of 0x80 … 0x9f into characters above 0xff; `FIELD_VALUE` refuses those. */
const LATIN1 = new TextDecoder("latin1");
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const REQUEST_LINE = /^([A-Z]{1,16}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
/** Visible characters, spaces, tabs and the upper half of Latin-1 (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** 16 bytes in base64 (RFC 6455 section 4.1). */
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;
/** More headers than any browser or proxy sends. */
const MAX_HEADERS = 100;

/**
 * Reads a request head: the bytes before the empty line.
 *
 * Stricter than HTTP asks for: whatever two parsers could read in two ways is refused, so that the server behind
 * sees exactly the requests that were judged here (RFC 9112 section 11.2).
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead | HttpRefusal {
  const lines = LATIN1.decode(bytes).split("\r\n");
  const [, method, target, minor] = REQUEST_LINE.exec(lines[0]!) ?? [];
  if (method === undefined || target === undefined) return badRequest("not an HTTP/1.x request");
  if (!target.startsWith("/")) return badRequest("the target must be a path");
  if (method === "CONNECT" || method === "TRACE") return { status: 405, text: "Method Not Allowed" };
  if (lines.length - 1 > MAX_HEADERS) return { status: 431, text: "Too many headers" };
  const headers: [string, string][] = [];
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i]!.indexOf(":");
    const name = lines[i]!.slice(0, colon);
    const value = lines[i]!.slice(colon + 1);
    if (colon < 1 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) return badRequest("malformed header");
    headers.push([name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, "")]);
  }
  return judge(method, target, minor === "0" ? "1.0" : "1.1", headers);
}

function judge(
  method: string,
  target: string,
  version: "1.0" | "1.1",
  headers: [string, string][],
): RequestHead | HttpRefusal {
  const all = (name: string) => headers.filter((header) => header[0] === name).map((header) => header[1]);
  const hosts = all("host");
  if (hosts.length > 1 || (hosts.length === 0 && version === "1.1")) return badRequest("exactly one Host is needed");
  if (all("transfer-encoding").length > 0) return { status: 501, text: "Transfer-Encoding is not supported" };
  const lengths = all("content-length");
  if (lengths.length > 1 || !/^\d{0,10}$/.test(lengths[0] ?? "")) return badRequest("malformed Content-Length");
  const upgrade = all("upgrade").some((value) => value.toLowerCase() === "websocket") &&
    all("connection").some((value) => value.toLowerCase().split(",").some((word) => word.trim() === "upgrade"));
  if (upgrade && all("sec-websocket-version")[0] !== "13") return badRequest("WebSocket version 13 is needed");
  if (upgrade && !WEBSOCKET_KEY.test(all("sec-websocket-key")[0] ?? "")) return badRequest("malformed WebSocket key");
  if (upgrade && (method !== "GET" || version === "1.0" || lengths.some((length) => Number(length) > 0))) {
    return badRequest("a WebSocket starts with a GET without body");
  }
  return { method, target, version, headers, contentLength: Number(lengths[0] ?? 0), upgrade };
}

/** The first value of a header, or `undefined`. */
export function headerOf(head: RequestHead, name: string): string | undefined {
  return head.headers.find((header) => header[0] === name)?.[1];
}

/**
 * Writes the head for the server behind the guard.
 *
 * @param drop Names in lower case that must not get through.
 * @param add Headers of ours.
 */
export function writeRequestHead(
  head: RequestHead,
  drop: ReadonlySet<string>,
  add: readonly (readonly [string, string])[],
): Uint8Array<ArrayBuffer> {
  let text = `${head.method} ${head.target} HTTP/${head.version}\r\n`;
  for (const [name, value] of head.headers) if (!drop.has(name)) text += `${name}: ${value}\r\n`;
  for (const [name, value] of add) text += `${name}: ${value}\r\n`;
  text += "\r\n";
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Writes a complete answer that ends the connection. */
export function writeRefusal(refusal: HttpRefusal): Uint8Array<ArrayBuffer> {
  const body = `${refusal.text}\n`;
  return new TextEncoder().encode(
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status] ?? "Error"}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
  );
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

function badRequest(detail: string): HttpRefusal {
  return { status: 400, text: `Bad request: ${detail}` };
}
