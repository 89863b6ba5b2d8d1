import { assert, assertEquals } from "@std/assert";
import { randomRoomCode } from "./room_code.ts";
import { keptQuery, readRoomCode, readRoute, roomPath } from "./routes.ts";
import { chooseServer, serverAddress } from "./server_address.ts";

Deno.test("readRoute() knows the lobby, rooms, and nothing else", () => {
  assertEquals(readRoute("/"), { page: "lobby" });
  assertEquals(readRoute("/room/calm-otter"), { page: "room", code: "calm-otter" });
  assertEquals(readRoute("/room/calm-otter/"), { page: "room", code: "calm-otter" });
  for (const path of ["/room", "/room/", "/room/a/b", "/rooms/a", "/x", "/room/%E0%A4%A"]) {
    assertEquals(readRoute(path), { page: "unknown" }, path);
  }
});

Deno.test("roomPath() and readRoute() carry any code", () => {
  for (const code of ["calm-otter", "Stand-up #1?", "ä/ö", "100 %", "日本"]) {
    assertEquals(readRoute(roomPath(code)), { page: "room", code });
  }
});

Deno.test("readRoomCode() takes codes and whole links", () => {
  assertEquals(readRoomCode("  calm otter "), "calm-otter");
  assertEquals(readRoomCode("https://meet.example.org/room/calm-otter#token=x"), "calm-otter");
  assertEquals(readRoomCode("meet.example.org/room/caf%C3%A9?x"), "café");
  assertEquals(readRoomCode("https://meet.example.org/room/%E0%A4%A"), "%E0%A4%A");
  assertEquals(["   ", ".", "..", " .. "].map(readRoomCode), ["", "", "", ""]);
  assertEquals(readRoomCode("x".repeat(100)).length, 64);
});

Deno.test("randomRoomCode() makes codes of two adjectives and a noun that are valid as they are", () => {
  const codes = new Set(Array.from({ length: 500 }, randomRoomCode));
  assert(codes.size > 450, `only ${codes.size} of 500 codes differ`);
  for (const code of codes) {
    assert(/^[a-z]+-[a-z]+-[a-z]+$/.test(code), code);
    assertEquals(readRoomCode(code), code);
    const [first, second] = code.split("-");
    assert(first !== second, code);
  }
});

Deno.test("keptQuery() carries the server of the link, and nothing else", () => {
  assertEquals(keptQuery("?x=1&server=wss://a.example/&token=t"), "?server=wss%3A%2F%2Fa.example%2F");
  assertEquals(keptQuery("?x=1"), "");
});

Deno.test("serverAddress() is the page's own server unless the page says otherwise", () => {
  assertEquals(serverAddress(new URL("https://meet.example.org/room/x"), ""), "wss://meet.example.org/");
  assertEquals(serverAddress(new URL("http://localhost:3001/"), undefined), "ws://localhost:3001/");
  assertEquals(serverAddress(new URL("http://localhost:5173/"), ""), "ws://localhost:3001/");
  assertEquals(serverAddress(new URL("http://[::1]:5173/"), ""), "ws://[::1]:3001/");
  assertEquals(serverAddress(new URL("https://a.example/"), "wss://b.example/"), "wss://b.example/");
});

Deno.test("chooseServer() asks before it takes a stranger's server from the link", () => {
  const choose = (link: string, agreed = "") => chooseServer(new URL(link), "", agreed);
  const page = "https://meet.example.org/room/x";
  assertEquals(choose(page), { kind: "settled", url: "wss://meet.example.org/" });
  assertEquals(choose(`${page}?server=wss://evil.example`), { kind: "ask", url: "wss://evil.example/" });
  assertEquals(choose(`${page}?server=evil.example:3001`), { kind: "ask", url: "wss://evil.example:3001/" });
  assertEquals(choose(`${page}?server=https://meet.example.org`), { kind: "settled", url: "wss://meet.example.org/" });
  assertEquals(choose(`${page}?server=wss://evil.example`, "wss://evil.example/").kind, "settled");
  assertEquals(choose(`${page}?server=wss://evil.example`, "wss://other.example/").kind, "ask");
  assertEquals(choose("http://localhost:5173/?server=localhost:3001"), {
    kind: "settled",
    url: "ws://localhost:3001/",
  });
  for (const text of ["javascript:alert(1)//", "ftp://a", "wss://meet.example.org@evil.example/", "wss://"]) {
    assertEquals(choose(`${page}?server=${encodeURIComponent(text)}`).kind, "unusable", text);
  }
});
