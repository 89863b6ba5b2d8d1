import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../base/random.ts";
import { REPLAY_WINDOW, ReplayWindow } from "./srtp_replay.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535, 2 ** 31 - 2, 2 ** 32 - 2, 2 ** 48 - 5000];

Deno.test("isFresh() says no to an index that was added", () => {
  for (const start of STARTS) {
    const window = new ReplayWindow();
    assertEquals(window.newest, -1);
    assert(window.isFresh(start));
    window.add(start);
    assertEquals(window.newest, start);
    assert(!window.isFresh(start));
    assert(window.isFresh(start + 1));
  }
});

Deno.test("isFresh() accepts the last 1,024 and nothing older", () => {
  for (const start of STARTS) {
    const newest = start + REPLAY_WINDOW;
    const window = new ReplayWindow();
    window.add(newest);
    assert(window.isFresh(newest - REPLAY_WINDOW + 1));
    assert(!window.isFresh(newest - REPLAY_WINDOW));
  }
});

Deno.test("add() forgets what a jump leaves behind", () => {
  for (const jump of [1, 31, 32, 33, REPLAY_WINDOW - 1, REPLAY_WINDOW, REPLAY_WINDOW + 1, 5 * REPLAY_WINDOW]) {
    const window = new ReplayWindow();
    for (let i = 0; i < REPLAY_WINDOW; i++) window.add(i);
    const newest = REPLAY_WINDOW - 1 + jump;
    window.add(newest);
    for (let index = newest - REPLAY_WINDOW + 1; index <= newest; index++) {
      assertEquals(window.isFresh(index), index >= REPLAY_WINDOW && index !== newest, `${jump} ${index}`);
    }
  }
});

Deno.test("ReplayWindow agrees with a set of all indices for random orders", () => {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  for (const start of STARTS) {
    const window = new ReplayWindow();
    const seen = new Set<number>();
    let newest = start;
    for (let i = 0; i < 5_000; i++) {
      const step = random.next() < 0.02 ? 1500 : 4;
      const index = Math.max(0, newest + Math.floor((random.next() - 0.5) * 2 * (random.next() < 0.1 ? 1200 : step)));
      const tooOld = window.newest - index >= REPLAY_WINDOW;
      assertEquals(window.isFresh(index), !tooOld && !seen.has(index), `seed ${seed}, step ${i}`);
      if (!window.isFresh(index)) continue;
      window.add(index);
      seen.add(index);
      newest = Math.max(newest, index);
      assertEquals(window.newest, newest > start || seen.has(start) ? newest : window.newest);
    }
  }
});
