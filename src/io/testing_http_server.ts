import type { SignalingConnection } from "./signaling_connection.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "./websocket_server.ts";

/** A server of the test, with what it has seen. */
export interface Running {
  server: HttpServer;
  port: number;
  connections: SignalingConnection[];
  texts: string[];
  closed: string[];
}

/** Runs `run` with an echoing server and closes it whatever happens. */
export async function withServer(
  options: Partial<HttpServerOptions>,
  run: (running: Running) => Promise<void>,
): Promise<void> {
  const connections: SignalingConnection[] = [];
  const texts: string[] = [];
  const closed: string[] = [];
  const server = startHttpServer({
    hostname: "127.0.0.1",
    port: 0,
    onConnection(connection) {
      connections.push(connection);
      connection.onClose = (reason) => closed.push(reason);
      connection.onText = (text) => {
        texts.push(text);
        connection.send(`echo ${text}`);
      };
    },
    handleHttp: (request, info) => new Response(`${request.method} ${request.url} from ${info.remoteAddress}`),
    ...options,
  });
  try {
    await run({ server, port: server.addr.port, connections, texts, closed });
  } finally {
    await server.close();
  }
}

/** Settles when the socket is open. */
export function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("WebSocket failed"));
  });
}
