import { assertEquals } from "@std/assert";
import { sharedToken } from "./shared_token.ts";

Deno.test("sharedToken() lets in who knows the secret and nobody else", async () => {
  const authenticate = sharedToken("open sesame");
  const rest = { participant: "", roomId: "", displayName: undefined, remoteAddress: "", headers: new Headers() };
  assertEquals(await authenticate({ ...rest, token: "open sesame" }), undefined);
  for (const token of [undefined, "", "open sesam", "open sesame ", "OPEN SESAME"]) {
    assertEquals(await authenticate({ ...rest, token }), { reject: "Wrong access code" });
  }
});
