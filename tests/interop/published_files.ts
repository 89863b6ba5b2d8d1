/** The list of files that publishing may contain. */

const LIST = new URL("../data/published_files.txt", import.meta.url);

/** The committed list, sorted. */
export async function expectedFiles(): Promise<string[]> {
  return (await Deno.readTextFile(LIST)).trimEnd().split("\n");
}

/** Replaces the committed list. */
export async function updateExpectedFiles(paths: readonly string[]): Promise<void> {
  await Deno.writeTextFile(LIST, paths.join("\n") + "\n");
}

/** Paths as they stand in the list: sorted, without the digests that the app's build puts into names. */
export function listed(paths: readonly string[]): string[] {
  return paths.map((path) => path.replace(/^(examples\/meet\/dist\/.*)-[0-9A-Z]{8}(\.\w+)$/, "$1-*$2")).sort();
}
