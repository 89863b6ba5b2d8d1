import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SeaMeetError } from "../base/errors.ts";
import { clientFrame, RawClient, until } from "../../tests/interop/raw_client.ts";
import { opened, withServer } from "./testing_http_server.ts";
import { type HttpServerOptions, startHttpServer } from "./websocket_server.ts";

Deno.test("startHttpServer() closes a receiver that stops reading with 1013 and cuts it", () =>
  withServer(
    { sendLimits: { maxWaitingChars: 1_000_000, closeTimeoutMs: 200 } },
    async ({ port, connections, closed, server }) => {
      const client = await RawClient.webSocket(port);
      await until("the host sees it", () => connections.length === 1);
      const [connection] = connections;
      await until("the queue is full", () => {
        for (let i = 0; i < 100; i++) connection!.send("x".repeat(10_000));
        assert(connection!.bufferedBytes <= 262_144 + 1_000_000 + 10_000);
        return closed.length > 0;
      });
      assertEquals(closed, ["slow_consumer"]);
      await until("the connection is gone", () => server.stats().connections === 0);
      client.close();
    },
  ));

Deno.test("startHttpServer() delivers a burst larger than what a socket is handed, in order", () =>
  withServer({}, async ({ port, connections }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const got: string[] = [];
    socket.onmessage = (event) => got.push(event.data.slice(0, 4));
    await opened(socket);
    await until("the host sees it", () => connections.length === 1);
    const sent = Array.from({ length: 300 }, (_, i) => String(i).padStart(4, "0"));
    for (const mark of sent) connections[0]!.send(mark + "x".repeat(5_000));
    await until("all have come", () => got.length === sent.length);
    assertEquals(got, sent);
    assertEquals(connections[0]!.bufferedBytes, 0);
    const over = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await over;
  }));

Deno.test("startHttpServer() drops a client that does not answer pings, and one that does not answer Close", () =>
  withServer({ idleTimeoutSeconds: 1, sendLimits: { closeTimeoutMs: 100 } }, async ({ port, closed, connections }) => {
    const silent = await RawClient.webSocket(port);
    const alive = new WebSocket(`ws://127.0.0.1:${port}/`);
    await opened(alive);
    await until("it is dropped", () => closed.length === 1);
    assertEquals(closed, ["no answer to ping"]);
    assertStringIncludes(await silent.readToEnd(), "\x89\0");
    assertEquals(alive.readyState, WebSocket.OPEN);
    const left = new Promise((resolve) => alive.onclose = resolve);
    alive.close();
    await left;
    await until("the other has left", () => closed.length === 2);
    const rude = await RawClient.webSocket(port);
    await until("the host sees it", () => connections.length === 3);
    connections[2]!.close(1008, "bye");
    await until("it is cut", () => closed.length === 3);
    assertEquals(closed[2], "bye");
    silent.close();
    rude.close();
  }));

Deno.test("startHttpServer() survives a host that throws", () =>
  withServer({
    onConnection: (connection) => {
      connection.onText = () => {
        throw new Error("broken host");
      };
    },
    handleHttp: () => {
      throw new Error("broken host");
    },
  }, async ({ port }) => {
    const client = await RawClient.webSocket(port);
    await client.write(clientFrame(1, "hello"));
    await client.readUntil("internal");
    client.close();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assertEquals([response.status, await response.text()], [500, "Internal server error\n"]);
  }));

Deno.test("startHttpServer() says it when the port is taken or an option is no good", () =>
  withServer({}, ({ port }) => {
    const start = (options: Partial<HttpServerOptions>) => () => {
      startHttpServer({ hostname: "127.0.0.1", port: 0, onConnection() {}, ...options });
    };
    const error = assertThrows(
      start({ port }),
      SeaMeetError,
      `Cannot listen on 127.0.0.1:${port}: another program uses this port`,
    );
    assert(error instanceof SeaMeetError);
    assertEquals(error.code, "address_in_use");
    assertThrows(start({ trustedProxies: ["nginx"] }), SeaMeetError, 'Cannot trust proxy "nginx"');
    assertThrows(start({ hostname: "192.0.2.1" }), SeaMeetError, "Cannot listen on 192.0.2.1:0");
    return Promise.resolve();
  }));

Deno.test("close() of the server says goodbye to everybody and frees the port", async () => {
  let port = 0;
  let goodbye: Promise<CloseEvent> | undefined;
  let rude: RawClient | undefined;
  await withServer({}, async (running) => {
    port = running.port;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    goodbye = new Promise((resolve) => socket.onclose = resolve);
    await opened(socket);
    rude = await RawClient.webSocket(port);
    await until("both are seen", () => running.connections.length === 2);
  });
  assertEquals([(await goodbye!).code], [1001]);
  assertStringIncludes(await rude!.readToEnd(), "going_away");
  rude!.close();
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});
