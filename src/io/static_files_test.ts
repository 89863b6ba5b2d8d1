import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { directorySource, embeddedSource, safePath, staticFiles } from "./static_files.ts";

const FILES: Record<string, string> = {
  "index.html": "<title>app</title>",
  "app-4KQ2ZM7A.js": "console.log(1)",
  "assets/app.0f3c9a1b.css": "a{}",
  "my-settings.js": "x",
  "AUTHENTICATION-ABCDEFGH.js": "x",
  "opus.wasm": "\0asm",
  "thing.unknown": "?",
};

const embedded = staticFiles(embeddedSource((path) => {
  const text = FILES[path];
  return text === undefined ? undefined : new TextEncoder().encode(text);
}));

const get = (path: string, init?: RequestInit) => embedded(new Request(`http://host${path}`, init));

Deno.test("staticFiles() serves files with their type and how long they keep", async () => {
  const cases: [string, string, string][] = [
    ["/", "text/html; charset=utf-8", "no-cache"],
    ["/room/daily?x=1", "text/html; charset=utf-8", "no-cache"],
    ["/app-4KQ2ZM7A.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
    ["/assets/app.0f3c9a1b.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"],
    ["/my-settings.js", "text/javascript; charset=utf-8", "no-cache"],
    ["/AUTHENTICATION-ABCDEFGH.js", "text/javascript; charset=utf-8", "no-cache"],
    ["/opus.wasm", "application/wasm", "no-cache"],
    ["/thing.unknown", "application/octet-stream", "no-cache"],
  ];
  for (const [path, type, cache] of cases) {
    const response = await get(path);
    assertEquals([response.status, response.headers.get("content-type"), response.headers.get("cache-control")], [
      200,
      type,
      cache,
    ], path);
    const text = await response.text();
    assertEquals(response.headers.get("content-length"), String(text.length));
  }
});

Deno.test("staticFiles() answers HEAD, 304, 404 and 405", async () => {
  const head = await get("/", { method: "HEAD" });
  assertEquals([head.status, await head.text(), head.headers.get("content-length")], [200, "", "18"]);
  const etag = head.headers.get("etag")!;
  for (const value of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const response = await get("/", { headers: { "if-none-match": value } });
    assertEquals([response.status, response.headers.get("etag"), await response.text()], [304, etag, ""]);
  }
  assertEquals((await get("/", { headers: { "if-none-match": '"other"' } })).status, 200);
  assertEquals((await get("/missing.js")).status, 404);
  const post = await get("/", { method: "POST", body: "x" });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("staticFiles() sends the security headers with every answer", async () => {
  for (const path of ["/", "/missing.js", "/.git/config"]) {
    const { headers } = await get(path);
    assertMatch(
      headers.get("content-security-policy")!,
      /default-src 'self';.*connect-src 'self' ws: wss: http: https:;.*object-src 'none'/,
    );
    assertStringIncludes(
      headers.get("permissions-policy")!,
      "camera=(self), microphone=(self), display-capture=(self)",
    );
    assertEquals([headers.get("x-content-type-options"), headers.get("referrer-policy")], ["nosniff", "no-referrer"]);
  }
});

Deno.test("safePath() keeps paths inside and hidden files hidden", () => {
  assertEquals(safePath("/a/b%20c//d.js"), "a/b c/d.js");
  assertEquals(safePath("/"), "");
  for (
    const bad of [
      "/../x",
      "/a/../x",
      "/%2e%2e/x",
      "/..%2fx",
      "/a%2fb",
      "/a%5cb",
      "/a\\b",
      "/a%00.js",
      "/%",
      "/%ff",
      "/.env",
      "/a/.git/x",
      "/c:/x",
      "/a%0ab",
      "/" + "a".repeat(2_000),
    ]
  ) {
    assertEquals(safePath(bad), undefined, bad);
  }
});

Deno.test("directorySource() serves a folder and nothing outside it", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/web/folder.d`, { recursive: true });
    await Deno.writeTextFile(`${root}/secret.txt`, "secret");
    await Deno.writeTextFile(`${root}/web-secret.txt`, "secret");
    await Deno.writeTextFile(`${root}/web/index.html`, "index");
    await Deno.symlink(`${root}/secret.txt`, `${root}/web/link.txt`);
    await Deno.symlink(root, `${root}/web/up`);
    await Deno.symlink(`${root}/web-secret.txt`, `${root}/web/sibling.txt`);
    const handle = staticFiles(directorySource(`${root}/web`));
    const ask = async (path: string) => {
      const response = await handle(new Request(`http://host${path}`));
      return `${response.status} ${await response.text()}`;
    };
    assertEquals(await ask("/any/page"), "200 index");
    for (
      const path of [
        "/link.txt",
        "/up/secret.txt",
        "/sibling.txt",
        "/folder.d",
        "/index.html/x.js",
        "/%2e%2e/secret.txt",
      ]
    ) {
      assertEquals(await ask(path), "404 Not found\n", path);
    }
    const before = (await handle(new Request("http://host/", { method: "HEAD" }))).headers.get("etag");
    await Deno.writeTextFile(`${root}/web/index.html`, "a new index");
    const after = (await handle(new Request("http://host/", { method: "HEAD" }))).headers.get("etag");
    assert(before !== after);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
