import { assert, assertEquals } from "@std/assert";
import { normaliseOrigin, originAllowed } from "./origin.ts";

Deno.test("originAllowed() lets programs in, and pages of the same host name from any port", () => {
  assert(originAllowed(undefined, "meet.example", []));
  assert(originAllowed("http://meet.example:5173", "meet.example:3001", []));
  assert(originAllowed("https://Meet.Example", "meet.example", []));
  assert(originAllowed("http://[::1]:5173", "[::1]:3001", []));
});

Deno.test("originAllowed() keeps other pages out", () => {
  for (
    const origin of [
      "https://evil.example",
      "https://meet.example.evil",
      "https://evil.example/meet.example",
      "null",
      "",
      "file://",
      "http://meet.example@evil.example",
    ]
  ) {
    assert(!originAllowed(origin, "meet.example", []), origin);
  }
  assert(!originAllowed("https://a.example", undefined, []));
  assert(!originAllowed("https://a.example", "a.example:x:y", []));
});

Deno.test("originAllowed() follows the list", () => {
  assert(originAllowed("https://app.example", "meet.example", ["https://APP.example:443/"]));
  assert(!originAllowed("http://app.example", "meet.example", ["https://app.example"]));
  assert(originAllowed("null", "meet.example", ["null"]));
  assert(originAllowed("https://any.example", "x", "*") && originAllowed("https://any.example", "x", ["*"]));
});

Deno.test("normaliseOrigin() knows one spelling", () => {
  assertEquals(normaliseOrigin("HTTPS://Example.org:443"), "https://example.org");
  assertEquals(normaliseOrigin("https://example.org/path"), undefined);
  assertEquals(normaliseOrigin("example.org"), undefined);
});
