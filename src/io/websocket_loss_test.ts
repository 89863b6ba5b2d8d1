import { assertEquals } from "@std/assert";
import { clientFrame, RawClient, until } from "../../tests/interop/raw_client.ts";
import { opened, withServer } from "./testing_http_server.ts";
import type { HttpServerOptions } from "./websocket_server.ts";

/** How a connection ends, and whether that is a loss after which its client may come back. */
const ENDINGS: {
  readonly name: string;
  readonly lost: boolean;
  readonly end: (port: number) => Promise<void>;
  readonly options?: Partial<HttpServerOptions>;
}[] = [
  { name: "a cut TCP connection", lost: true, end: async (port) => (await RawClient.webSocket(port)).close() },
  {
    name: "silence",
    lost: true,
    options: { idleTimeoutSeconds: 1 },
    end: async (port) => {
      const client = await RawClient.webSocket(port);
      await client.readToEnd();
      client.close();
    },
  },
  { name: "close(4000), said by who comes back at once", lost: true, end: (port) => closeWith(port, 4000) },
  { name: "close()", lost: false, end: (port) => closeWith(port) },
  { name: "close(1000)", lost: false, end: (port) => closeWith(port, 1000) },
  { name: "close(3000)", lost: false, end: (port) => closeWith(port, 3000) },
  {
    name: "a broken rule",
    lost: false,
    end: async (port) => {
      const client = await RawClient.webSocket(port);
      await client.write(clientFrame(1, "not masked", { masked: false }));
      await client.readToEnd();
      client.close();
    },
  },
];

async function closeWith(port: number, code?: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await opened(socket);
  const over = new Promise((resolve) => socket.onclose = resolve);
  socket.close(code);
  await over;
}

for (const { name, lost, end, options = {} } of ENDINGS) {
  Deno.test(`the host is told whether a connection was lost: ${name} ${lost ? "is a loss" : "is none"}`, async () => {
    const seen: (boolean | undefined)[] = [];
    await withServer({
      ...options,
      onConnection: (connection) => connection.onClose = (_reason, lost) => seen.push(lost),
    }, async ({ port }) => {
      await end(port);
      await until("the host hears of the end", () => seen.length === 1);
    });
    assertEquals(seen, [lost]);
  });
}

Deno.test("the host is told whether a connection was lost: what it ends itself is none, but for a receiver that is too slow", async () => {
  for (const [slow, lost] of [[false, false], [true, true]]) {
    const seen: (boolean | undefined)[] = [];
    await withServer({
      sendLimits: { maxWaitingChars: 1_000_000, closeTimeoutMs: 200 },
      onConnection: (connection) => {
        connection.onClose = (_reason, lost) => seen.push(lost);
        if (slow) { for (let i = 0; i < 2_000; i++) connection.send("x".repeat(10_000)); }
        else connection.close(1008, "removed");
      },
    }, async ({ port }) => {
      const client = await RawClient.webSocket(port);
      await until("the host hears of the end", () => seen.length === 1);
      client.close();
    });
    assertEquals(seen, [lost]);
  }
});
