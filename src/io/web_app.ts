import { directorySource, embeddedSource, staticFiles, type StaticSource } from "./static_files.ts";

/** Where the built meeting app lies in this package: in a clone, in the published package, and in a compiled file. */
const APP_FOLDER = new URL("../../examples/meet/dist/", import.meta.url);

/** Answers HTTP requests with the files of an app. */
export type WebHandler = (request: Request) => Promise<Response>;

/** The meeting app that comes with the package; `undefined` where it was not built, as in a fresh clone. */
export async function bundledApp(): Promise<WebHandler | undefined> {
  const list = await read("files.json");
  if (list === undefined) return undefined;
  const names = new Set<unknown>(JSON.parse(new TextDecoder().decode(list)));
  return staticFiles(embeddedSource((path) => names.has(path) ? read(path) : undefined));
}

/** An app from a folder; `undefined` when there is no `index.html` in it. */
export async function appFolder(folder: string): Promise<WebHandler | undefined> {
  const source: StaticSource = directorySource(folder);
  return (await source("index.html")) === undefined ? undefined : staticFiles(source);
}

/** From disk, or from the registry when the package runs from there (Deno keeps no copy of files that are no modules). */
async function read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const url = new URL(path, APP_FOLDER);
  if (url.protocol === "file:") {
    try {
      return await Deno.readFile(url);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) return undefined;
      throw error;
    }
  }
  const response = await fetch(url);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  return undefined;
}
