import { assertEquals } from "@std/assert";
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
