import { cameraOf, person, SeedPages } from "./seed_pages.ts";
import { startTestServer } from "./seed_server.ts";

Deno.test("the seed's client sees and hears the right person on each tile, with two and three in the room", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const [a, b, c] = [await pages.open(person(0)), await pages.open(person(1)), await pages.open(person(2))];

  await a.join("daily");
  await b.join("daily");
  await a.shows([cameraOf(b.person)]);
  await b.shows([cameraOf(a.person)]);

  await c.join("daily");
  for (const page of [a, b, c]) {
    await page.shows([a, b, c].filter((other) => other !== page).map((other) => cameraOf(other.person)));
  }

  await b.call("leave");
  await a.shows([cameraOf(c.person)]);
  await c.shows([cameraOf(a.person)]);

  await b.join("daily");
  for (const page of [a, b, c]) {
    await page.shows([a, b, c].filter((other) => other !== page).map((other) => cameraOf(other.person)));
  }
});
