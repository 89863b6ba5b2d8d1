/** The server that the seed's client is tried on: one per test, on free ports of 127.0.0.1. */
import { createServer } from "../../server.ts";

/** A running server and the origin of its pages. */
export interface TestServer extends AsyncDisposable {
  readonly origin: string;
}

/** Starts a server that lets everybody in. */
export async function startTestServer(): Promise<TestServer> {
  const server = await createServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
  });
  return {
    origin: `http://127.0.0.1:${server.wsAddress.port}`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
