import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeaMeetError } from "../../base/errors.ts";
import type { ServerMessage } from "../../signaling/messages.ts";
import { WsSignaling } from "./ws_signaling.ts";

const LEFT: ServerMessage = { type: "bwe_update", max_bitrate_bps: 1_000 };

/** A server that refuses the first `refused` connections and hands each other one to `accept`, with its number. */
function startServer(refused: number, accept: (socket: WebSocket, number: number) => void) {
  let tries = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (++tries <= refused) return new Response("busy", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    const number = tries - refused;
    socket.onopen = () => accept(socket, number);
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}`,
    tries: () => tries,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("WsSignaling tries again until the server takes it", async () => {
  await using server = startServer(2, (socket) => socket.send(JSON.stringify(LEFT)));
  await using signaling = await WsSignaling.connect(server.url, { maxReconnectAttempts: 2, baseBackoffMs: 1 });
  assertEquals(server.tries(), 3);
  assertEquals((await signaling.messages().next()).value, LEFT);
});

Deno.test("WsSignaling gives up after so many tries, and says how many", async () => {
  await using server = startServer(9, () => {});
  await assertRejects(
    () => WsSignaling.connect(server.url, { maxReconnectAttempts: 1, baseBackoffMs: 1 }),
    SeaMeetError,
    "(2 tries)",
  );
  assertEquals(server.tries(), 2);
});

Deno.test("WsSignaling: a server that says nothing is an error after the time that was set", async () => {
  await using server = startServer(0, () => {});
  await using signaling = await WsSignaling.connect(server.url, { recvTimeoutMs: 20 });
  await assertRejects(() => signaling.messages().next(), SeaMeetError, "the server has said nothing for 20 ms");
  assertEquals(signaling.closed, undefined);
});

Deno.test("WsSignaling leaves out what it does not know, and tells how the server closed", async () => {
  await using server = startServer(0, (socket) => {
    for (const text of ["nonsense", '{"type":"of_tomorrow"}', '{"type":"bwe_update"}']) socket.send(text);
    socket.send(new Uint8Array([1, 2]));
    socket.send(JSON.stringify(LEFT));
    socket.close(4000, "server_shutdown");
  });
  await using signaling = await WsSignaling.connect(server.url);
  assertEquals(await Array.fromAsync(signaling.messages()), [LEFT]);
  assertEquals(signaling.closed, { code: 4000, reason: "server_shutdown" });
  const late = () => signaling.send({ type: "leave", participant: crypto.randomUUID(), room_id: "a" });
  await assertRejects(async () => await late(), SeaMeetError, "not connected");
});

Deno.test("WsSignaling comes back after a loss, and its owner joins again; the iteration goes on", async () => {
  const got: string[] = [];
  await using server = startServer(0, (socket, number) => {
    socket.send(JSON.stringify({ ...LEFT, max_bitrate_bps: number }));
    if (number === 1) return socket.close(4000, "server_shutdown");
    socket.onmessage = ({ data }) => {
      got.push(JSON.parse(data).type);
      socket.close(1000, "done");
    };
  });
  const again = Promise.withResolvers<void>();
  let reconnects = 0;
  await using signaling = await WsSignaling.connect(server.url, {
    maxReconnectAttempts: 1,
    baseBackoffMs: 1,
    onReconnect: (connection) => {
      reconnects++;
      if (reconnects > 1) return connection.close();
      connection.send({ type: "leave", participant: crypto.randomUUID(), room_id: "a" });
      again.resolve();
    },
  });
  const messages = signaling.messages();
  assertEquals((await messages.next()).value, { ...LEFT, max_bitrate_bps: 1 });
  assertEquals((await messages.next()).value, { ...LEFT, max_bitrate_bps: 2 });
  await again.promise;
  // The second loss: a third connection says 3 before its owner closes it.
  for await (const message of messages) assertEquals(message, { ...LEFT, max_bitrate_bps: 3 });
  assertEquals([got, reconnects], [["leave"], 2]);
});

Deno.test("WsSignaling: who gives up while connecting gets no connection", async () => {
  const giveUp = new AbortController();
  const closed = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    giveUp.abort();
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onclose = () => closed.resolve();
    return response;
  });
  const connecting = WsSignaling.connect(`ws://127.0.0.1:${server.addr.port}`, { signal: giveUp.signal });
  await assertRejects(() => connecting, SeaMeetError, "given up");
  await closed.promise;
  await server.shutdown();
});

Deno.test("WsSignaling: giving up later ends the iteration", async () => {
  const giveUp = new AbortController();
  await using server = startServer(0, (socket) => socket.send(JSON.stringify(LEFT)));
  await using signaling = await WsSignaling.connect(server.url, { signal: giveUp.signal });
  const messages = signaling.messages();
  assert(!(await messages.next()).done);
  giveUp.abort();
  assert((await messages.next()).done);
  assertEquals(signaling.closed, { code: 1000, reason: "aborted" });
});
