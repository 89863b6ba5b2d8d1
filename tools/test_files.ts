/**
 * Says which file belongs to which run, by its name alone.
 *
 * | name | run by |
 * | --- | --- |
 * | `*_netns_full_test.ts` | `task test:full`, in a network namespace of its own (Firefox ignores 127.0.0.0/8) |
 * | `*_full_test.ts` | `task test:full` |
 * | `tests/interop/*_test.ts` | `task test`, one after another: browsers share two cores badly |
 * | `*_test.ts` | `task test`, in parallel |
 */
import { join, relative } from "node:path";
import { ROOT } from "./launch.ts";

/** The run a test file belongs to. */
export type TestRun = "parallel" | "serial" | "full" | "netns";

/** The first line of an example in a doc comment. */
const EXAMPLE = /^ *\* *```ts *$/m;

const SKIPPED_FOLDERS = new Set([".git", "node_modules", ".cache", "dist", "cov", "out"]);

/** The run of one file, or `undefined` when it is no test. `path` is relative to the package, with `/`. */
export function testRun(path: string): TestRun | undefined {
  if (!/_test\.tsx?$/.test(path)) return undefined;
  if (/_netns_full_test\.tsx?$/.test(path)) return "netns";
  if (/_full_test\.tsx?$/.test(path)) return "full";
  return path.startsWith("tests/interop/") ? "serial" : "parallel";
}

/** All test files of one run, sorted. */
export function testFiles(run: TestRun): string[] {
  return sourceFiles().filter((path) => testRun(path) === run);
}

/** All TypeScript files of the package, sorted, relative to it and with `/`. */
export function sourceFiles(): string[] {
  return [...walk(ROOT)].map((path) => relative(ROOT, path).replaceAll("\\", "/"))
    .filter((path) => /\.tsx?$/.test(path)).sort();
}

/** The files whose comments and texts hold examples: our sources and the documents. */
export function exampleFiles(): string[] {
  // Only those that have an example: `deno test --doc` also loads each file, and a worker's does nothing good here.
  const sources = sourceFiles().filter((path) => {
    return /^(src\/|\w+\.ts$)/.test(path) && testRun(path) === undefined &&
      EXAMPLE.test(Deno.readTextFileSync(join(ROOT, path)));
  });
  return ["README.md", "docs/", ...sources];
}

function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile) yield path;
    else if (entry.isDirectory && !SKIPPED_FOLDERS.has(entry.name)) yield* walk(path);
  }
}
