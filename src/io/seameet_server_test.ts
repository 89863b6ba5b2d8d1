import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeaMeetError } from "../base/errors.ts";
import { silentLogger } from "../base/log.ts";
import { createServer } from "./seameet_server.ts";
import type { ServerOptions } from "./server_options.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const JOIN = JSON.stringify({ type: "join", participant: ID, room_id: "daily" });

function start(options: Partial<ServerOptions> = {}) {
  return createServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
    logger: silentLogger,
    ...options,
  });
}

/** Joins and waits for the whole answer. */
async function join(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.onopen = () => socket.send(JOIN);
  socket.onmessage = ({ data }) => JSON.parse(data).type === "room_status" && resolve();
  await promise;
  return socket;
}

function closed(socket: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.onclose = () => resolve();
  socket.close();
  return promise;
}

Deno.test("createServer() wants a policy, readable addresses and IP addresses", async () => {
  for (
    const options of [
      { ws: "127.0.0.1:0", udpPort: 0 },
      { ws: "nowhere", allowUnauthenticatedJoins: true, udpPort: 0 },
      { ws: "127.0.0.1:0", allowUnauthenticatedJoins: true, udpPort: 0, publicIp: "foo bar" },
    ]
  ) {
    const error = await assertRejects(() => createServer({ ...options, logger: silentLogger }), SeaMeetError);
    assert(error instanceof SeaMeetError && error.code === "config");
  }
});

Deno.test("createServer() tells every subscriber what happens, in order", async () => {
  const server = await start();
  const [a, b] = [server.events(), server.events()];
  const socket = await join(`ws://127.0.0.1:${server.wsAddress.port}/`);
  await closed(socket);
  const types = ["roomCreated", "peerConnected", "messageReceived", "peerDisconnected", "roomDestroyed"];
  for (const events of [a, b]) {
    for (const type of types) assertEquals((await events.next()).value?.type, type);
  }
  await server.close();
  await server.finished;
  assertEquals((await a.next()).done, true);
});

Deno.test("onConnection may take its time: what the client says meanwhile is not lost, and who left is not kept", async () => {
  const held: (() => void)[] = [];
  const { promise: two, resolve } = Promise.withResolvers<void>();
  const server = await start({
    onConnection: (_connection, next) => {
      if (held.push(next) === 2) resolve();
    },
  });
  const url = `ws://127.0.0.1:${server.wsAddress.port}/`;
  const joining = join(url);
  const gone = new WebSocket(url);
  await two;
  await closed(gone);
  for (const next of held) next();
  const socket = await joining;
  assertEquals((await server.stats()).connections, 1);
  await closed(socket);
  await server.close();
});

Deno.test("createServer() closes at once for a signal that has aborted", async () => {
  const server = await start({ signal: AbortSignal.abort() });
  await server.finished;
});
