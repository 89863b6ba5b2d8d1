import { assertEquals } from "@std/assert";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { expectedFiles, listed, updateExpectedFiles } from "./published_files.ts";

/** The files that `publish --dry-run` lists, relative to the package. */
async function dryRun(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: withConfig(["publish", "--dry-run", "--allow-dirty", "--no-check"], await prepare()),
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(text);
  const files = [...text.matchAll(/^ +(file:\S+) \(/gm)].map((match) => relative(ROOT, fileURLToPath(match[1] ?? "")));
  // The configuration in use is always listed; without JSR that is the ignored one of tools/launch.ts.
  return listed(files.map((path) => path.replaceAll("\\", "/")).filter((path) => path !== ".deno.offline.json"));
}

Deno.test("publish lists the expected files (UPDATE_PUBLISHED_FILES=1 writes the list anew)", async () => {
  const files = await dryRun();
  if (Deno.env.get("UPDATE_PUBLISHED_FILES") === "1") await updateExpectedFiles(files);
  assertEquals(files, await expectedFiles());
});
