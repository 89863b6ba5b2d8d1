/**
 * What participants cost is given back when they leave: resident memory of a server of its own with the native engine,
 * over 10,000 joins with real signaling, ICE and DTLS.
 */
import { assertGreater, assertLess } from "@std/assert";
import { nativeLibraries } from "../../src/io/native/testing_native.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { silentLogger } from "../../src/base/log.ts";
import { JoinLeave } from "./join_leave.ts";

/** How much resident memory may differ between 1,000 and 10,000 joins. */
const TOLERANCE = 0.05;

const WARM_UP = 1_000;
const JOINS = 10_000;

/** Enough for a leak to show: four contexts of each participant, and the freed memory that lies between them. */
const JOINS_WITH_LEAK = 3_000;

/** Growth of the server's resident memory from the 1,000th join to the last, as a part of what it was. */
async function growth(mode: "close" | "keep", total: number): Promise<number> {
  await using joins = await JoinLeave.start(chooseEngine("native", silentLogger), [mode]);
  await joins.run(WARM_UP);
  const before = await joins.usage();
  const startedAt = performance.now();
  await joins.run(total - WARM_UP);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await joins.usage();
  const grown = after.rss / before.rss - 1;
  const megabytes = [before, after].map(({ rss }) => `${(rss / 1e6).toFixed(1)} MB`).join(" → ");
  const rate = ((total - WARM_UP) / seconds).toFixed(0);
  const longest = (Math.max(...joins.times) / 1000).toFixed(1);
  console.log(`${mode}: ${megabytes}, ${(100 * grown).toFixed(1)} %, ${rate} joins/s, the longest took ${longest} s`);
  return grown;
}

for (const _ of nativeLibraries()) {
  Deno.test("10,000 joins and leaves leave no memory behind in the server", async () => {
    assertLess(await growth("close", JOINS), TOLERANCE);
  });

  Deno.test("the leak test notices contexts that nobody closes", async () => {
    assertGreater(await growth("keep", JOINS_WITH_LEAK), TOLERANCE);
  });
}
