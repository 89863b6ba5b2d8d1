/** A server that serves the meeting app as it is in the sources now, for browsers to hold calls on. */
import { type SeaMeetServer, type ServerOptions, staticFiles } from "../../server.ts";
import { startServer } from "../../src/io/seameet_server.ts";
import { buildWeb } from "../../tools/build_web.ts";

/** A running server with the app, and the address to open. */
export interface MeetServer extends AsyncDisposable {
  readonly origin: string;
  readonly server: SeaMeetServer;
}

let app: Promise<Map<string, Uint8Array<ArrayBuffer>>> | undefined;

/** The app's files by name, built once per run: what is in `dist` may be older than the sources, or be written to just now. */
async function buildApp(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const folder = await Deno.makeTempDir({ prefix: "seameet-app-" });
  try {
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    await buildWeb({ into: new URL(`file://${folder}/`) });
    for await (const { name } of Deno.readDir(folder)) files.set(name, await Deno.readFile(`${folder}/${name}`));
    return files;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Answers requests with the files of the app and the headers of `seameet serve`, the content security policy among them. */
export async function appPages(): Promise<(request: Request) => Promise<Response>> {
  const files = await (app ??= buildApp());
  return staticFiles((path) => {
    const content = files.get(path);
    if (content === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ size: content.length, etag: `"${path}"`, open: () => Promise.resolve(content) });
  });
}

/**
 * Starts a server on 127.0.0.1 that lets everybody in and serves the app.
 *
 * @param options `mediaAddress` is where media goes (127.0.0.1), `createWorker` makes the server's workers; the rest goes to the server.
 */
export async function startMeetServer(
  { mediaAddress = "127.0.0.1", createWorker, ...options }: Partial<ServerOptions> & {
    readonly mediaAddress?: string;
    readonly createWorker?: (name: string) => Worker;
  } = {},
): Promise<MeetServer> {
  const handleHttp = await appPages();
  const server = await startServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: [mediaAddress],
    allowUnauthenticatedJoins: true,
    handleHttp,
    ...options,
  }, createWorker);
  return {
    origin: `http://127.0.0.1:${server.wsAddress.port}`,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
