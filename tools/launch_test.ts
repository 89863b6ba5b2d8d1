import { assertEquals } from "@std/assert";
import { withConfig } from "./launch.ts";

Deno.test("withConfig() names the configuration right after the command", () => {
  const config = { online: false, configPath: "/a folder/.deno.offline.json" };
  assertEquals(withConfig(["test", "-A"], config), ["test", "-c", "/a folder/.deno.offline.json", "-A"]);
  assertEquals(withConfig(["test", "-A"], { online: true }), ["test", "-A"]);
  assertEquals(withConfig(["coverage"], config), ["coverage"]);
  assertEquals(withConfig([], config), []);
});
