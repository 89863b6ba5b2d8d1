import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  headerOf,
  type HttpRefusal,
  parseRequestHead,
  type RequestHead,
  writeRefusal,
  writeRequestHead,
} from "./guard_http_head.ts";

function parse(...lines: string[]): RequestHead | HttpRefusal {
  return parseRequestHead(Uint8Array.from(lines.join("\r\n"), (c) => c.charCodeAt(0)));
}

function status(...lines: string[]): number | undefined {
  const head = parse(...lines);
  return "status" in head ? head.status : undefined;
}

const UPGRADE = [
  "Upgrade: WebSocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

Deno.test("parseRequestHead() reads requests as browsers send them", () => {
  const head = parse("GET /a?b=c HTTP/1.1", "Host: x:3001", "User-Agent:  Mozilla ", "Accept-Language: \xe4");
  assert(!("status" in head));
  assertEquals([head.method, head.target, head.upgrade, head.contentLength], ["GET", "/a?b=c", false, 0]);
  assertEquals([headerOf(head, "user-agent"), headerOf(head, "accept-language")], ["Mozilla", "\xe4"]);
  const upgrade = parse("GET /ws HTTP/1.1", "Host: x", ...UPGRADE);
  assert("upgrade" in upgrade && upgrade.upgrade);
  const h2c = parse("GET / HTTP/1.1", "Host: x", "Upgrade: h2c", "Connection: Upgrade");
  assert("upgrade" in h2c && !h2c.upgrade);
});

Deno.test("parseRequestHead() refuses whatever two parsers could read in two ways", () => {
  const host = "Host: x";
  const bad: Record<string, string[]> = {
    "no request line": [""],
    "HTTP/2 preface": ["PRI * HTTP/2.0"],
    "absolute target": ["GET http://x/ HTTP/1.1", host],
    "lower-case method": ["get / HTTP/1.1", host],
    "two spaces": ["GET  / HTTP/1.1", host],
    "bare line feed": ["GET / HTTP/1.1", host + "\nX: y"],
    "bare carriage return": ["GET / HTTP/1.1", host, "X: a\rb"],
    "NUL": ["GET / HTTP/1.1", host, "X: a\0b"],
    "folded header": ["GET / HTTP/1.1", host, "X: a", " b"],
    "space before colon": ["GET / HTTP/1.1", host, "X : a"],
    "no colon": ["GET / HTTP/1.1", host, "X"],
    "no name": ["GET / HTTP/1.1", host, ": a"],
    "no host": ["GET / HTTP/1.1"],
    "two hosts": ["GET / HTTP/1.1", host, host],
    "two lengths": ["POST / HTTP/1.1", host, "Content-Length: 1", "Content-Length: 1"],
    "negative length": ["POST / HTTP/1.1", host, "Content-Length: -1"],
    "length list": ["POST / HTTP/1.1", host, "Content-Length: 1, 1"],
    "WebSocket by POST": ["POST / HTTP/1.1", host, ...UPGRADE],
    "WebSocket with body": ["GET / HTTP/1.1", host, "Content-Length: 5", ...UPGRADE],
    "WebSocket of another version": ["GET / HTTP/1.1", host, ...UPGRADE.toSpliced(2, 1)],
    "WebSocket without key": ["GET / HTTP/1.1", host, ...UPGRADE.slice(0, 3)],
    "WebSocket over 1.0": ["GET / HTTP/1.0", host, ...UPGRADE],
  };
  for (const [name, lines] of Object.entries(bad)) assertEquals(status(...lines), 400, name);
  assertEquals(status("POST / HTTP/1.1", host, "Transfer-Encoding: chunked"), 501);
  assertEquals(status("CONNECT x:1 HTTP/1.1", host), 400);
  assertEquals(status("TRACE / HTTP/1.1", host), 405);
  assertEquals(status("GET / HTTP/1.1", host, ...new Array<string>(100).fill("X: y")), 431);
});

Deno.test("writeRequestHead() drops, adds and keeps the upper half of Latin-1", () => {
  const head = parse("GET / HTTP/1.1", "Host: x", "X-Secret: 1", "x-secret: 2", "Name: \xe4");
  assert(!("status" in head));
  const text = String.fromCharCode(...writeRequestHead(head, new Set(["x-secret"]), [["x-secret", "ours"]]));
  assertEquals(text, "GET / HTTP/1.1\r\nhost: x\r\nname: \xe4\r\nx-secret: ours\r\n\r\n");
});

Deno.test("writeRefusal() is a complete answer", () => {
  assertMatch(
    new TextDecoder().decode(writeRefusal({ status: 413, text: "Too much" })),
    /^HTTP\/1\.1 413 Content Too Large\r\n[\s\S]*Content-Length: 9\r\n[\s\S]*\r\n\r\nToo much\n$/,
  );
});
