import { assertEquals } from "@std/assert";
import { ChatLog } from "./chat_log.ts";

function filled(log: ChatLog<string>, ...messages: string[]): readonly string[] {
  for (const message of messages) log.add(message, message.length);
  return log.messages();
}

Deno.test("ChatLog.add() keeps the newest messages, oldest first", () => {
  assertEquals(filled(new ChatLog(2, 100), "a", "b", "c"), ["b", "c"]);
});

Deno.test("ChatLog.add() drops from the front until the bytes fit", () => {
  assertEquals(filled(new ChatLog(10, 6), "aaa", "bbb", "cc"), ["bbb", "cc"]);
});

Deno.test("ChatLog.add() with no bound in number keeps to the one in bytes", () => {
  const log = new ChatLog<string>(0, 5);
  assertEquals(filled(log, "a", "b", "c", "d", "e", "f"), ["b", "c", "d", "e", "f"]);
});

Deno.test("ChatLog.add() of a message larger than everything leaves nothing, and the next one fits again", () => {
  const log = new ChatLog<string>(10, 4);
  assertEquals(filled(log, "aa", "too long"), []);
  assertEquals(filled(log, "bb"), ["bb"]);
});
