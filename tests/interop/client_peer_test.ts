/** Our own client, with both engines, in rooms of our server: over the real WebSocket, ICE, DTLS and SRTP. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeaMeetError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { PooledPacket } from "../../src/base/packet_pool.ts";
import type { Engine } from "../../src/io/native/choose_engine.ts";
import { engines } from "../../src/io/native/testing_native.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { RoomClient } from "../../src/io/peer/room_client.ts";
import { DatagramBatch } from "../../src/sfu/outbox.ts";
import { demux } from "../../src/transport/demux.ts";
import { madeAudio, MadeVideo } from "./call_rtp.ts";
import { Person } from "./client_person.ts";
import { startTestServer } from "./seed_server.ts";

const FRAMES = 20;

for (const engine of engines()) {
  Deno.test(`two of our clients hear and see each other: ${engine.name}`, async () => {
    await using server = await startTestServer();
    const url = server.origin.replace("http", "ws");
    const network = await PeerNetwork.create({ engine, logger: silentLogger });
    const options = { url, room: "ours", network, publish: ["microphone", "camera"] } as const;
    {
      await using ada = await Person.join({ ...options, displayName: "Ada" });
      await ada.connected();
      await using ben = await Person.join({ ...options, displayName: "Ben" });
      await ben.connected();
      await ben.hears(ada, "camera");
      await ada.events.until((all) => all.find((event) => event.kind === "keyframe_request"), "keyframe request");

      const sounds = Array.from({ length: FRAMES }, (_, i) => madeAudio(i));
      for (const { payload, timestamp, marker } of sounds) {
        assert(ada.client.send("microphone", payload, timestamp, marker, 25));
      }
      const heard = await ben.got(ada, "microphone", FRAMES);
      assertEquals(heard.map(({ payload }) => payload), sounds.map(({ payload }) => payload));
      assertEquals(heard.map(({ audioLevel }) => audioLevel), sounds.map(() => 25));

      const video = new MadeVideo();
      const pictures = Array.from({ length: FRAMES }, (_, i) => video.next(i === 0)).flat();
      for (const { payload, timestamp, marker } of pictures) ada.client.send("camera", payload, timestamp, marker);
      const seen = await ben.got(ada, "camera", pictures.length);
      assertEquals(seen.map(({ payload }) => payload), pictures.map(({ payload }) => payload));
      const [first] = seen;
      assertEquals(seen.map(({ sequence }) => sequence - first!.sequence), pictures.map((_, i) => i));

      const before = ada.events.all.filter(({ kind }) => kind === "keyframe_request").length;
      ben.client.requestKeyframe(ada.client.id);
      await ada.events.until(
        (all) => all.filter(({ kind }) => kind === "keyframe_request")[before],
        "the viewer's keyframe request",
      );

      // Renegotiation: more lines on both sides, while media flows.
      ada.client.startScreenShare();
      await ben.hears(ada, "screen");
      const screen = new MadeVideo();
      const shared = screen.next(true);
      await ada.events.until(
        (all) => all.filter(({ kind }) => kind === "keyframe_request").at(-1),
        "keyframe request for the screen",
      );
      for (const { payload, timestamp, marker } of shared) ada.client.send("screen", payload, timestamp, marker);
      assertEquals(
        (await ben.got(ada, "screen", shared.length)).map(({ payload }) => payload),
        shared.map((p) => p.payload),
      );
      await using cleo = await Person.join({ ...options, displayName: "Cleo" });
      await cleo.hears(ada, "screen");
      await ada.hears(cleo, "camera");

      ada.client.chat("hello");
      const line = await ben.events.until((all) => all.find((event) => event.kind === "chat"), "chat");
      assert(line.kind === "chat" && line.message.content === "hello" && line.message.from === ada.client.id);
      ada.client.setMuted("audio", true);
      await ben.events.until(
        (all) =>
          all.find((event) =>
            event.kind === "participants" &&
            event.participants.some((one) => one.id === ada.client.id && one.audio_muted)
          ),
        "mute flag",
      );
    }
    await network.close();
    assertEquals(network.pool.inUse, 0);
    assertEquals(network.size, 0);
  });
}

/** An engine on a line that loses every tenth packet of media, in both directions. */
function lossy(engine: Engine): Engine {
  let count = 0;
  const isLost = (packet: PooledPacket) => demux(packet.bytes, packet.length) === "rtp" && ++count % 10 === 0;
  return {
    ...engine,
    endpoint: (...args) => {
      const endpoint = engine.endpoint(...args);
      const start = endpoint.start.bind(endpoint);
      const send = endpoint.send.bind(endpoint);
      endpoint.start = (listener) =>
        start((packet, ...from) => isLost(packet) ? packet.release() : listener(packet, ...from));
      endpoint.send = (batch) => {
        const rest = new DatagramBatch();
        for (let i = 0; i < batch.length; i++) {
          if (isLost(batch.packets[i]!)) batch.packets[i]!.release();
          else rest.add(batch.packets[i]!, batch.paths[i]!);
        }
        batch.length = 0;
        send(rest);
      };
      return endpoint;
    },
  };
}

Deno.test("pictures that the line loses come again: our client asks, and answers when it is asked", async () => {
  await using server = await startTestServer();
  const [engine] = engines();
  const network = await PeerNetwork.create({ engine: lossy(engine!), logger: silentLogger });
  const url = server.origin.replace("http", "ws");
  {
    await using ada = await Person.join({ url, room: "loss", network, publish: ["camera"] });
    await ada.connected();
    await using ben = await Person.join({ url, room: "loss", network });
    await ben.connected();
    await ben.hears(ada, "camera");
    const video = new MadeVideo();
    const pictures = Array.from({ length: 100 }, (_, i) => video.next(i === 0)).flat();
    // A few at a time, as a camera does; what is lost at the very end nobody can know of.
    for (const [i, { payload, timestamp, marker }] of pictures.entries()) {
      assert(ada.client.send("camera", payload, timestamp, marker));
      if (i % 30 === 29) await ben.got(ada, "camera", i - 35);
    }
    await ben.got(ada, "camera", pictures.length - 10);
    const sent = ada.client.peer!.stats().find(({ sent }) => sent.packets > 0)!;
    const received = ben.client.peer!.stats().find(({ received }) => received.packets > 0)!;
    assert(sent.sent.retransmitted > 5, `${sent.sent.retransmitted} sent again`);
    assert(received.received.repaired > 5, `${received.received.repaired} came again`);
  }
  await network.close();
  assertEquals(network.pool.inUse, 0);
});

Deno.test("RoomClient.join() says why it cannot", async () => {
  await using server = await startTestServer();
  const [engine] = engines();
  const network = await PeerNetwork.create({ engine: engine!, logger: silentLogger });
  const url = server.origin.replace("http", "ws");
  await assertRejects(
    () => RoomClient.join({ url, room: "", network }),
    SeaMeetError,
    'Cannot join room "": invalid room_id',
  );
  await assertRejects(
    () => RoomClient.join({ url: "ws://127.0.0.1:1", room: "a", network }),
    SeaMeetError,
    "not_reachable",
  );
  await assertRejects(() => RoomClient.join({ url: "nonsense:", room: "a", network }), SeaMeetError, "is no ws:");
  await network.close();
});
