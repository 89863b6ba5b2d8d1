import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("three participants see and hear each other, each on its own tile", (world) => {
  const everybody = [
    world.join("alice"),
    world.join("bob", { kind: "track_map" }),
    world.join("carol", { hidesSsrcs: true }),
  ];
  world.run(5_000);
  for (const viewer of everybody) {
    for (const other of everybody.filter((client) => client !== viewer)) {
      assertGreater(viewer.tile(other).frames, 115, `${viewer.name} sees ${other.name}`);
      assertGreater(viewer.tile(other, "microphone").frames, 235, `${viewer.name} hears ${other.name}`);
      assertEquals(viewer.tile(other).skipped, 0);
    }
  }
});
