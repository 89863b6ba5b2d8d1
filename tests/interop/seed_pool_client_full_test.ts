import { cameraOf, type ExpectedTile, person, screenOf, type SeedPage, SeedPages } from "./seed_pages.ts";
import { startTestServer } from "./seed_server.ts";

/** Opens the first `count` people's pages. */
async function crowd(pages: SeedPages, count: number): Promise<SeedPage[]> {
  const opened: SeedPage[] = [];
  for (let n = 0; n < count; n++) opened.push(await pages.open(person(n)));
  return opened;
}

/** Every page shows the cameras of all others, and these tiles. */
async function allShow(members: readonly SeedPage[], more: readonly ExpectedTile[] = []) {
  for (const page of members) {
    const others = members.filter((other) => other !== page).map((other) => cameraOf(other.person));
    await page.shows([...others, ...more.filter((tile) => tile.participant !== page.person.name)]);
  }
}

Deno.test("the seed's client with five people: join at once, leave, rejoin, a stranger in the freed slot", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const everybody = await crowd(pages, 6);
  const members = everybody.slice(0, 5);
  const [, second, third] = members;
  const stranger = everybody[5];
  if (second === undefined || third === undefined || stranger === undefined) throw new Error("six pages were opened");

  await Promise.all(members.map((page) => page.join("five")));
  await allShow(members);

  await Promise.all([second.call("leave"), third.call("leave")]);
  const left = members.filter((page) => page !== second && page !== third);
  await allShow(left);

  await stranger.join("five");
  await allShow([...left, stranger]);
  await Promise.all([second.join("five"), third.join("five")]);
  await allShow([...left, stranger, second, third]);
});

Deno.test("the seed's client: a screen share during a join, for a late joiner, and its end", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const [a, b, c, d] = await crowd(pages, 4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new Error("four pages were opened");
  }
  await Promise.all([a.join("screen"), b.join("screen")]);
  await allShow([a, b]);

  await Promise.all([a.share(), c.join("screen")]);
  await allShow([a, b, c], [screenOf(a.person)]);
  await d.join("screen");
  await allShow([a, b, c, d], [screenOf(a.person)]);

  await a.call("stopShare");
  await allShow([a, b, c, d]);
  await b.share();
  await allShow([a, b, c, d], [screenOf(b.person)]);
  await b.call("leave");
  await allShow([a, c, d]);
});

Deno.test("the seed's client without devices shows the others and their screen, although its own lines are free", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const [a, b, viewer] = await crowd(pages, 3);
  if (a === undefined || b === undefined || viewer === undefined) throw new Error("three pages were opened");
  await viewer.join("quiet", false);
  await a.join("quiet");
  await viewer.shows([cameraOf(a.person)]);
  await a.share();
  await b.join("quiet");
  await viewer.shows([cameraOf(a.person), screenOf(a.person), cameraOf(b.person)]);
});

Deno.test("the seed's client comes back after a lost socket", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const [a, b, c] = await crowd(pages, 3);
  if (a === undefined || b === undefined || c === undefined) throw new Error("three pages were opened");
  await Promise.all([a.join("again"), b.join("again"), c.join("again")]);
  await allShow([a, b, c]);
  await b.call("dropSocket");
  await a.shows([cameraOf(c.person)]);
  await allShow([a, b, c]);
});

Deno.test("the seed's client with ten people: more than its pool holds, leave and rejoin", async () => {
  await using server = await startTestServer();
  await using pages = await SeedPages.start(server.origin);
  const members = await crowd(pages, 10);
  // One after another: the first ones begin with seven pairs and have to ask for more.
  for (const page of members) await page.join("ten");
  await allShow(members);
  const [first, , third, ...others] = members;
  const second = members[1];
  if (first === undefined || second === undefined || third === undefined) throw new Error("ten pages were opened");
  await Promise.all([first.call("leave"), third.call("leave")]);
  await allShow([second, ...others]);
  await Promise.all([third.join("ten"), first.join("ten")]);
  await allShow(members);
});
