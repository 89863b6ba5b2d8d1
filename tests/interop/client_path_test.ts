/** What our client does when its way to the server changes: a server that starts again, a new path, IPv6. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createServer, type SeaMeetServer } from "../../server.ts";
import { silentLogger } from "../../src/base/log.ts";
import { engines } from "../../src/io/native/testing_native.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { RoomClient, type RoomClientEvent, type RoomClientOptions } from "../../src/io/peer/room_client.ts";
import type { TrackSource } from "../../src/signaling/messages.ts";
import { madeAudio } from "./call_rtp.ts";
import { Inbox } from "./call_signaling.ts";

const FRAMES = 10;

const [ENGINE] = engines();

function start(address: string, port = 0): Promise<SeaMeetServer> {
  return createServer({
    ws: { hostname: "127.0.0.1", port },
    udpPort: 0,
    mediaAddresses: [address],
    allowUnauthenticatedJoins: true,
  });
}

/** A client that keeps what comes. */
class Person implements AsyncDisposable {
  readonly events: Inbox<RoomClientEvent> = new Inbox();
  /** First bytes of the packets of anybody's microphone. */
  readonly heard: Inbox<Uint8Array> = new Inbox();
  client!: RoomClient;

  static async join(options: Omit<RoomClientOptions, "onEvent" | "onRtp">): Promise<Person> {
    const person = new Person();
    person.client = await RoomClient.join({
      ...options,
      onEvent: (event) => person.events.add(event),
      onRtp: (_track, packet) => person.heard.add(packet.payload.slice()),
    });
    return person;
  }

  /** Waits until the media path has come up for the `times`th time. */
  async connected(times = 1): Promise<void> {
    await this.events.until((all) => {
      const ups = all.filter((event) => event.kind === "media" && event.state === "connected");
      return ups.length >= times ? ups : undefined;
    }, "connection");
  }

  /** Waits until a track of the other has a line, after the first `skip` events. */
  async hears(other: Person, source: TrackSource, skip = 0): Promise<void> {
    await this.events.until((all) => {
      const last = all.slice(skip).findLast((event) => event.kind === "tracks");
      return last?.kind === "tracks"
        ? last.tracks.find((track) => track.participant === other.client.id && track.source === source)
        : undefined;
    }, `${source} of the other`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.leave();
  }
}

/** Sends sounds from one and expects exactly these at the other. */
async function talk(from: Person, to: Person): Promise<void> {
  const before = to.heard.all.length;
  const sounds = Array.from({ length: FRAMES }, (_, i) => madeAudio(before + i));
  for (const { payload, timestamp, marker } of sounds) {
    assert(from.client.send("microphone", payload, timestamp, marker, 20));
  }
  const heard = await to.heard.count(before + FRAMES, "sounds");
  assertEquals(heard.slice(before), sounds.map(({ payload }) => payload));
}

async function withCall(address: string, run: (ada: Person, ben: Person, server: SeaMeetServer) => Promise<void>) {
  const server = await start(address);
  const network = await PeerNetwork.create({ engine: ENGINE!, logger: silentLogger });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  try {
    await using ada = await Person.join({ url, room: "path", network, publish: ["microphone"] });
    await ada.connected();
    await using ben = await Person.join({ url, room: "path", network });
    await ben.connected();
    await ben.hears(ada, "microphone");
    await talk(ada, ben);
    await run(ada, ben, server);
  } finally {
    await network.close();
    await server.close();
  }
  assertEquals([network.size, network.pool.inUse], [0, 0]);
}

Deno.test("a server that starts again gets its participants back, with the same ids and their tracks", async () => {
  await withCall("127.0.0.1", async (ada, ben, server) => {
    const { port } = server.wsAddress;
    const [id, skip] = [ada.client.id, ben.events.all.length];
    await server.close();
    for (const person of [ada, ben]) {
      await person.events.until((all) => all.find(({ kind }) => kind === "lost"), "loss of the connection");
    }
    await using _again = await start("127.0.0.1", port);
    await ada.connected(2);
    await ben.connected(2);
    await ben.hears(ada, "microphone", skip);
    await talk(ada, ben);
    assertEquals(ada.client.id, id);
    assertEquals(ben.client.participants.map((one) => one.id).sort(), [id, ben.client.id].sort());
    await Promise.all([ada.client.leave(), ben.client.leave()]);
  });
});

Deno.test("an ICE restart changes the path's credentials and nothing else: sound goes on", async () => {
  await withCall("127.0.0.1", async (ada, ben) => {
    const peer = ada.client.peer!;
    const before = /a=ice-ufrag:(\S+)/.exec(peer.createOffer())![1];
    peer.restartIce();
    // The next offer carries the new credentials; a track of the screen brings one about.
    ada.client.startScreenShare();
    await ben.hears(ada, "screen");
    assertNotEquals(/a=ice-ufrag:(\S+)/.exec(peer.createOffer())![1], before);
    assertEquals([ada.client.peer, peer.state], [peer, "connected"]);
    await talk(ada, ben);
    assertEquals(ada.events.all.filter((event) => event.kind === "media" && event.state === "failed"), []);
  });
});

Deno.test("media go over IPv6 where the server has only that", async () => {
  await withCall("::1", async (ada, ben) => {
    await talk(ada, ben);
  });
});
