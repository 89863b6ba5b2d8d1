/** The server that `guard_attack_full_test.ts` attacks: a process of its own, so that its memory is its own. */
import { startHttpServer } from "../../src/io/websocket_server.ts";

const server = startHttpServer({
  hostname: "127.0.0.1",
  port: 0,
  guardLimits: { headTimeoutMs: 3_000 },
  maxConnections: 3_000,
  maxConnectionsPerAddress: 3_000,
  onConnection(connection) {
    let flood: ReturnType<typeof setInterval> | undefined;
    connection.onText = (text) => {
      if (text === "join") return connection.welcome();
      if (text !== "flood") return connection.send(text);
      flood = setInterval(() => connection.send("x".repeat(100_000)), 1);
    };
    connection.onClose = () => clearInterval(flood);
  },
  handleHttp: async () => Response.json({ ...await server.stats(), heapUsed: Deno.memoryUsage().heapUsed }),
});
console.log(server.addr.port);
Deno.addSignalListener("SIGTERM", async () => {
  await server.close();
  Deno.exit();
});
