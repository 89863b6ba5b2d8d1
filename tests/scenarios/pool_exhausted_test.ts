import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

for (const kind of ["pool", "track_map"] as const) {
  scenario(`ten ${kind} clients: more lines are asked for, and every face is on its tile`, (world) => {
    // Three with devices: the first, the last that fits a client's seven pairs, and the last of all.
    const clients = Array.from({ length: 10 }, (_, i) => {
      const publish = [0, 7, 9].includes(i) ? undefined : { publish: [] };
      const client = world.join(`client ${i}`, { kind, ...publish });
      world.run(200);
      return client;
    });
    world.run(3_000);
    const [first, seventh, last] = [clients[0]!, clients[7]!, clients[9]!];
    for (const viewer of clients) {
      for (const other of [first, seventh, last].filter((client) => client !== viewer)) {
        assertGreater(viewer.tile(other).frames, 60, `${viewer.name} sees ${other.name}`);
        assertGreater(viewer.tile(other, "microphone").frames, 120, `${viewer.name} hears ${other.name}`);
      }
    }
    assertGreater(first.all("request_renegotiation").length, 0);
    if (kind === "pool") assertEquals(last.all("request_renegotiation"), [], "it knew how many there are");

    last.disconnect();
    seventh.disconnect();
    world.run(500);
    const again = world.join("again", { kind });
    world.run(2_000);
    for (const viewer of clients.filter((client) => client !== last && client !== seventh)) {
      assertGreater(viewer.tile(again).frames, 35, `${viewer.name} sees the newcomer`);
    }
  });
}
