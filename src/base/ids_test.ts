import { assertEquals } from "@std/assert";
import { parseParticipantId } from "./ids.ts";

Deno.test("parseParticipantId() brings any UUID to lower case", () => {
  const id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
  assertEquals(parseParticipantId(id), id);
  assertEquals(parseParticipantId(id.toUpperCase()), id);
  assertEquals(parseParticipantId("00000000-0000-0000-0000-000000000000"), "00000000-0000-0000-0000-000000000000");
});

Deno.test("parseParticipantId() refuses everything else", () => {
  const id = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
  const wrong = [
    "",
    "x",
    id.slice(1),
    `${id}0`,
    ` ${id}`,
    `${id}\n`,
    `{${id}}`,
    id.replaceAll("-", ""),
    id.replace("3", "g"),
  ];
  for (const text of wrong) assertEquals(parseParticipantId(text), undefined, JSON.stringify(text));
});
