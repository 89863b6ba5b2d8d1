/**
 * The smallest meeting server: everybody may join, media over UDP port 10000, the app of this repository on top.
 *
 * deno task build:web && deno run --unstable-net -A examples/minimal.ts
 */
import { fileURLToPath } from "node:url";
import { createServer, directorySource, staticFiles } from "../server.ts";

const server = await createServer({
  ws: "127.0.0.1:3001",
  allowUnauthenticatedJoins: true,
  handleHttp: staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url)))),
});
console.log(`Open http://localhost:${server.wsAddress.port}/ twice`);
await server.finished;
