import { assertEquals } from "@std/assert";
import { splitLinks } from "./links.ts";

const links = (line: string) => splitLinks(line).filter(({ kind }) => kind === "link").map(({ text }) => text);

Deno.test("splitLinks() keeps every character and finds addresses", () => {
  const line = "see https://example.org/a_(b)?c=1#d, and (http://127.0.0.1:8080/x). Bye";
  assertEquals(links(line), ["https://example.org/a_(b)?c=1#d", "http://127.0.0.1:8080/x"]);
  assertEquals(splitLinks(line).map(({ text }) => text).join(""), line);
  assertEquals(splitLinks("no address"), [{ kind: "text", text: "no address" }]);
  assertEquals(splitLinks(""), []);
});

Deno.test("splitLinks() makes no link of what could run, or looks like another place", () => {
  for (
    const line of [
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "https://bank.example@evil.example/",
      "https://exa\u202emple.org/",
      "https://exa\u200bmple.org/",
      "https://",
      "www.example.org",
    ]
  ) assertEquals(links(line), [], line);
});
