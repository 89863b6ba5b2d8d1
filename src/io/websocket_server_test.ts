import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { clientFrame, handshake, RawClient, until } from "../../tests/interop/raw_client.ts";
import { opened, withServer } from "./testing_http_server.ts";

Deno.test("startHttpServer() serves HTTP and WebSocket on one port", () =>
  withServer({}, async ({ port, connections, closed }) => {
    const response = await fetch(`http://127.0.0.1:${port}/a?b`);
    assertEquals(await response.text(), `GET http://127.0.0.1:${port}/a?b from 127.0.0.1`);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/any/path?x=1`);
    const answers: string[] = [];
    socket.onmessage = (event) => answers.push(event.data);
    await opened(socket);
    await until("the host sees it", () => connections.length === 1);
    socket.send("one");
    socket.send(new Uint8Array(10));
    connections[0]!.welcome();
    socket.send("x".repeat(400_000));
    socket.send("two");
    await until("three echoes", () => answers.length === 3);
    assertEquals(answers.map((a) => a.length), [8, 400_005, 8]);
    assertEquals(connections.map((c) => [c.url, c.remoteAddress]), [[
      `http://127.0.0.1:${port}/any/path?x=1`,
      "127.0.0.1",
    ]]);
    assert(![...connections[0]!.headers.keys()].some((name) => name.startsWith("x-seameet")));
    const over = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    connections[0]!.close(1008, "not welcome");
    const event = await over;
    assertEquals([event.code, event.reason], [1008, "not welcome"]);
    await until("the host knows", () => closed.length === 1);
    assertEquals(closed, ["not welcome"]);
  }));

Deno.test("startHttpServer() keeps connections alive and answers pipelined requests in order", () =>
  withServer({}, async ({ port, server }) => {
    const client = await RawClient.connect(port);
    await client.write("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    const text = await client.readUntil("/2 from");
    assert(text.indexOf("/1 from") < text.indexOf("/2 from"));
    await client.write(
      "POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345GET /4 HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    await client.readUntil("/4 from");
    assertStringIncludes(client.received, "POST http://h/3");
    await client.write(handshake()); // as reverse proxies do: the upgrade comes on a used connection
    await client.readUntil("101 Switching Protocols");
    await client.write(clientFrame(1, "hello"));
    await client.readUntil("echo hello");
    assertEquals(server.stats().connections, 1);
    client.close();
  }));

Deno.test("startHttpServer() answers a client that closes its side after the request, and one of HTTP/1.0", () =>
  withServer({ guardLimits: { lingerMs: 500 } }, async ({ port }) => {
    const half = await RawClient.connect(port);
    await half.write("GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
    await half.closeWrite();
    assertStringIncludes(await half.readToEnd(), "/half from");
    const old = await RawClient.connect(port);
    await old.write("GET /old HTTP/1.0\r\nHost: h\r\n\r\n");
    assertStringIncludes(await old.readToEnd(), "/old from");
    half.close();
    old.close();
  }));

Deno.test("startHttpServer() refuses requests that are too large, and what is not HTTP", () =>
  withServer({}, async ({ port }) => {
    const cases: [string, string][] = [
      ["POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n", "413"],
      ["POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "501"],
      [`GET / HTTP/1.1\r\nHost: h\r\nX: ${"y".repeat(20_000)}`, "431"],
      ["\x16\x03\x01\x02\x00\x01", "400"],
      ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
      [handshake({ "Sec-WebSocket-Version": "12" }), "400"],
      [handshake({ "Sec-WebSocket-Key": "" }), "400"],
    ];
    for (const [request, status] of cases) {
      const client = await RawClient.connect(port);
      await client.write(request);
      assertMatch(await client.readToEnd(), new RegExp(`^HTTP/1.1 ${status} `));
      client.close();
    }
  }));

Deno.test("startHttpServer() cuts half-sent heads, half-sent bodies and idle connections in time", () =>
  withServer(
    { guardLimits: { headTimeoutMs: 300, bodyTimeoutMs: 300, idleTimeoutMs: 300 } },
    async ({ port, server }) => {
      const starts = ["", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1"];
      for (const start of starts) {
        const client = await RawClient.connect(port);
        await client.write(start);
        assertMatch(await client.readToEnd(), /^$|POST/); // the host may answer before it has the body
        client.close();
      }
      const idle = await RawClient.connect(port);
      await idle.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      assertStringIncludes(await idle.readToEnd(), " from ");
      idle.close();
      await until("all are gone", () => server.stats().connections === 0);
      assertEquals(server.stats().endings, { "request timed out": 3, idle: 1 });
    },
  ));

Deno.test("startHttpServer() closes sockets that break the rules with the code that says why", () =>
  withServer(
    { guardLimits: { messageTimeoutMs: 300, maxFragments: 8, maxFirstMessageBytes: 1_000 } },
    async ({ port, closed, connections }) => {
      const fragment = clientFrame(0, "", { final: false });
      const cases: [Uint8Array, number, string][] = [
        [clientFrame(1, "", { declared: 60_000_000 }), 1009, "message_too_big"],
        [clientFrame(1, "", { declared: 1_001 }), 1009, "message_too_big"],
        [clientFrame(1, "hello", { masked: false }), 1002, "frame is not masked"],
        [
          Uint8Array.from([...clientFrame(1, "a", { final: false }), ...new Array(9).fill([...fragment]).flat()]),
          1009,
          "too many fragments",
        ],
        [Uint8Array.from(new Array(101).fill([...clientFrame(9, "")]).flat()), 1008, "too many control frames"],
        [clientFrame(1, "half of it", { declared: 20 }), 1008, "message timed out"],
      ];
      for (const [index, [bytes, code, reason]] of cases.entries()) {
        const client = await RawClient.webSocket(port);
        await until("the host sees it", () => connections.length === index + 1);
        await client.write(bytes);
        const text = await client.readToEnd();
        assert(
          text.endsWith(`\x88${String.fromCharCode(2 + reason.length, code >> 8, code & 255)}${reason}`),
          JSON.stringify(text),
        );
        client.close();
        await until("the host knows", () => closed.length === index + 1);
        assertEquals(closed[index], reason);
      }
    },
  ));

Deno.test("startHttpServer() takes large messages from those the host has let in", () =>
  withServer(
    { guardLimits: { maxFirstMessageBytes: 1_000, maxMessageBytes: 5_000 } },
    async ({ port, connections }) => {
      const client = await RawClient.webSocket(port);
      await client.write(clientFrame(1, "join"));
      await client.readUntil("echo join");
      connections[0]!.welcome();
      await client.write(clientFrame(1, "x".repeat(4_990) + "!"));
      await client.readUntil("x!");
      await client.write(clientFrame(1, "x".repeat(5_001)));
      await client.readUntil("message_too_big");
      client.close();
    },
  ));

Deno.test("startHttpServer() bounds those who have not shown what they want", () =>
  withServer({ guardLimits: { maxSilent: 3, maxStrangers: 2 } }, async ({ port, connections, server }) => {
    const silent: RawClient[] = [];
    for (let i = 0; i < 4; i++) silent.push(await RawClient.connect(port));
    assertEquals(await silent[0]!.readToEnd(), "");
    const strangers: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      strangers.push(await RawClient.webSocket(port));
      await until("the host sees it", () => connections.length === i + 1);
      if (i === 0) connections[0]!.welcome();
    }
    strangers.push(await RawClient.webSocket(port));
    assertStringIncludes(await strangers[1]!.readToEnd(), "too many strangers");
    await strangers[0]!.write(clientFrame(1, "still here"));
    await strangers[0]!.readUntil("echo still here");
    for (const client of [...silent, ...strangers]) client.close();
    await until("all are gone", () => server.stats().connections === 0);
    const { endings } = server.stats();
    assert(
      endings["too many silent connections"]! >= 1 && endings["too many strangers"] === 1,
      JSON.stringify(endings),
    );
  }));

Deno.test("startHttpServer() cuts the greediest when too much is unfinished", () =>
  withServer(
    { guardLimits: { maxUnfinishedBytes: 10_000, maxFirstMessageBytes: 500_000 } },
    async ({ port, server }) => {
      const modest = await RawClient.webSocket(port);
      const greedy = await RawClient.webSocket(port);
      await modest.write(clientFrame(1, "y".repeat(3_000), { declared: 3_001 }));
      await greedy.write(clientFrame(1, "x".repeat(6_000), { declared: 400_000 }));
      await until("both are counted", () => server.stats().unfinishedBytes === 9_000);
      await greedy.write("x".repeat(2_000));
      assertStringIncludes(await greedy.readToEnd(), "too many unfinished messages");
      greedy.close();
      await modest.write("!");
      await modest.readUntil("y!");
      await until("nothing is left", () => server.stats().unfinishedBytes === 0);
      modest.close();
    },
  ));

Deno.test("startHttpServer() counts connections, all and per address", () =>
  withServer({ maxConnections: 3, maxConnectionsPerAddress: 2 }, async ({ port, server }) => {
    const first = await RawClient.connect(port);
    const second = await RawClient.connect(port);
    await until("both are in", () => server.stats().connections === 2);
    const third = await RawClient.connect(port);
    assertMatch(await third.readToEnd(), /^(HTTP\/1.1 503 |$)/);
    assertEquals(server.stats().endings, { "too many connections from one address": 1 });
    first.close();
    await until("one is out", () => server.stats().connections === 1);
    const fourth = await RawClient.connect(port);
    await fourth.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await fourth.readUntil(" from ");
    for (const client of [second, third, fourth]) client.close();
  }));

Deno.test("startHttpServer() believes X-Forwarded-For from trusted proxies only", async () => {
  const request =
    "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.7, 198.51.100.2, 10.1.1.1\r\nX-Forwarded-Proto: https\r\n\r\n";
  const answer = async (port: number) => {
    const client = await RawClient.connect(port);
    await client.write(request);
    await client.readUntil(" from ");
    const text = await client.readUntil(".");
    client.close();
    return text.slice(text.indexOf("GET "));
  };
  await withServer({}, async ({ port }) => assertMatch(await answer(port), /http:\/\/h\/ from 127\.0\.0\.1/));
  await withServer({ trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"], maxConnectionsPerAddress: 1 }, async ({ port }) => {
    assertMatch(await answer(port), /https:\/\/h\/ from 198\.51\.100\.2/);
    const one = await RawClient.webSocket(port, { "X-Forwarded-For": "203.0.113.7" });
    const other = await RawClient.webSocket(port, { "X-Forwarded-For": "203.0.113.8" });
    const same = await RawClient.connect(port);
    await same.write(handshake({ "X-Forwarded-For": "203.0.113.7" }));
    assertMatch(await same.readToEnd(), /^HTTP\/1\.1 503 /);
    for (const client of [one, other, same]) client.close();
  });
});

Deno.test("startHttpServer() lets pages in by origin", () =>
  withServer({ allowOrigin: ["https://app.example"] }, async ({ port }) => {
    const status = async (origin: string) => {
      const client = await RawClient.connect(port);
      await client.write(handshake(origin === "" ? {} : { Origin: origin }));
      const text = await client.readUntil("\r\n\r\n");
      client.close();
      return text.slice(9, 12);
    };
    assertEquals(await status(""), "101");
    assertEquals(await status("http://localhost:5173"), "101");
    assertEquals(await status("https://app.example"), "101");
    assertEquals(await status("https://evil.example"), "403");
    assertEquals(await status("null"), "403");
  }));
