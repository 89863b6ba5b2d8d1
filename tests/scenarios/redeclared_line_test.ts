import { assertEquals, assertGreater } from "@std/assert";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { scenario } from "../sim/scenario.ts";

scenario("a line that is declared to carry another source ends what it carried before", (world) => {
  world.join("alice");
  const bob = world.join("bob", { kind: "track_map" });
  world.run(1_500);
  const sources = () => world.sfu.snapshot(world.now).rooms[0]!.participants[1]!.tracks.map((track) => track.source);
  assertEquals(sources(), ["microphone", "camera"]);
  bob.sender().paused = true;
  const tracks = [{ mid: "0", source: "microphone" }, { mid: "1", source: "screen" }];
  bob.send({ type: "offer", from: bob.id, to: null, sdp: bob.lastOffer, tracks });
  world.run(500);
  assertEquals(sources(), ["microphone", "screen"]);
  assertEquals(bob.errors, []);
});

/** The offer with `count` more m-lines under mids that begin with `prefix`; rejected ones are there to be used again. */
function withLines(offer: string, prefix: string, count: number, rejected: boolean): string {
  const [session, ...media] = offer.split(/(?=^m=)/m);
  const model = media.find((text) => text.startsWith("m=video"))!;
  const mids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const lines = mids.map((mid) =>
    model.replace(/^m=video 9/, `m=video ${rejected ? 0 : 9}`).replace(/^a=mid:.*\r$/m, `a=mid:${mid}\r`)
      .replace(/^a=(sendrecv|sendonly)\r$/m, "a=recvonly\r").replace(/^a=(ssrc|ssrc-group|msid):.*\r\n/gm, "")
  );
  const bundle = rejected ? session! : session!.replace(/^(a=group:BUNDLE.*)\r$/m, `$1 ${mids.join(" ")}\r`);
  return [bundle, ...media, ...lines].join("");
}

scenario("lines that are replaced again and again end the media path, and a new one begins with none", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob", { kind: "track_map" });
  world.run(1_500);
  const offer = bob.lastOffer;
  const answers = () => bob.all("answer").length;
  const before = answers();
  for (const [prefix, rejected] of [["a", false], ["a", true], ["b", false]] as const) {
    bob.send({ type: "offer", from: bob.id, to: null, sdp: withLines(offer, prefix, 200, rejected), tracks: [] });
    world.run(50);
  }
  assertEquals([answers() - before, bob.errors], [3, []], "room enough for what any browser does");
  for (const [prefix, rejected] of [["b", true], ["c", false]] as const) {
    bob.send({ type: "offer", from: bob.id, to: null, sdp: withLines(offer, prefix, 200, rejected), tracks: [] });
    world.run(50);
  }
  assertEquals([answers() - before, bob.errors.map(({ reason }) => reason)], [4, ["media_failed"]]);
  bob.restartMedia();
  const { frames } = bob.tile(alice);
  world.run(1_500);
  assertEquals(bob.errors.length, 1);
  assertGreater(bob.tile(alice).frames, frames + 15);
  // The simulated client has noticed that these offers were not its own.
  bob.violations.length = 0;
});

scenario("a line whose retransmissions get another SSRC is not waited for on the one before", (world) => {
  world.join("alice");
  const bob = world.join("bob", { kind: "track_map" });
  world.run(1_500);
  const { rtxSsrc, mid } = bob.sender().line;
  const tracks = [{ mid: "0", source: "microphone" }, { mid, source: "camera" }];
  const sdp = bob.lastOffer.replaceAll(String(rtxSsrc), "77777");
  bob.send({ type: "offer", from: bob.id, to: null, sdp, tracks });
  world.run(100);
  const before = world.drops("unknown_ssrc");
  const writer = new RtpWriter();
  for (const [number, ssrc] of [rtxSsrc, rtxSsrc, 77_777].entries()) {
    const bytes = new Uint8Array(40);
    writer.start(bytes, false, 97, number, 1, ssrc, false);
    bob.transport?.sendPlain("rtp", bytes);
  }
  world.run(100);
  assertEquals([world.drops("unknown_ssrc") - before, bob.errors], [2, []]);
});
