import { assert, assertEquals } from "@std/assert";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILE_COMMAND, COMPILE_INCLUDES } from "../../tools/compile.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { Child } from "./child.ts";
import { cameraOf, person, SeedPages } from "./seed_pages.ts";

/** Files that the operating system, Deno or its npm packages own. */
function isOurs(path: string): boolean {
  return path !== "" && !path.startsWith("..") && !path.startsWith("node_modules");
}

/** Every module that `cli.ts` imports, statically or by a literal `import()`, relative to the package. */
async function moduleGraph(): Promise<Set<string>> {
  const args = withConfig(["info", "--json", "cli.ts"], await prepare());
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  const { modules }: { modules: { local?: string }[] } = JSON.parse(new TextDecoder().decode(stdout));
  return new Set(modules.flatMap(({ local }) => local === undefined ? [] : [relative(ROOT, local)]));
}

/** What Deno's audit log says was read, loaded or fetched. */
async function audited(file: string): Promise<{ paths: string[]; imports: string[] }> {
  const entries = (await Deno.readTextFile(file)).trimEnd().split("\n")
    .map((line): { permission: string; value: string | null } => JSON.parse(line));
  const values = (permission: string) =>
    entries.flatMap((entry) => entry.permission === permission && entry.value !== null ? [entry.value] : []);
  const paths = values("read").map((value) => value.startsWith("file:") ? fileURLToPath(value) : resolve(ROOT, value));
  return { paths: [...new Set(paths.map((path) => relative(ROOT, path)))].filter(isOurs), imports: values("import") };
}

Deno.test("everything a full run loads is in the module graph or in the --include of task compile", async () => {
  const log = await Deno.makeTempFile({ prefix: "seameet-audit-" });
  const args = ["run", "-A", "--unstable-net", "cli.ts", "serve", "--port", "0", "--udp-port", "0", "--workers", "2"];
  const server = new Child(
    new Deno.Command(Deno.execPath(), {
      args: withConfig(args, await prepare()),
      cwd: ROOT,
      env: { DENO_AUDIT_PERMISSIONS: log, NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }),
  );
  try {
    const [, origin = ""] = await server.says(/Meeting app\s+(http:\/\/[^\s/]+)/);
    const page = await (await fetch(origin)).text();
    for (const [, path = ""] of page.matchAll(/(?:src|href)="([^":]+)"/g)) {
      const response = await fetch(new URL(path, origin));
      await response.body?.cancel();
      assert(response.ok, `${path} of the app is served`);
    }
    await using pages = await SeedPages.start(origin);
    const [a, b] = [await pages.open(person(0)), await pages.open(person(1))];
    await Promise.all([a.join("traced"), b.join("traced")]);
    await a.shows([cameraOf(b.person)]);
  } finally {
    await server.stop();
  }
  const { paths, imports } = await audited(log);
  await Deno.remove(log);

  const graph = await moduleGraph();
  const included = (path: string) => COMPILE_INCLUDES.some((root) => path === root || path.startsWith(`${root}/`));
  assert(paths.some(included), "the run served the app");
  assertEquals(paths.filter((path) => !graph.has(path) && !included(path)), []);
  assertEquals(imports, []);
  for (const path of COMPILE_INCLUDES) assert(COMPILE_COMMAND.join(" ").includes(`--include ${path}`));
});
