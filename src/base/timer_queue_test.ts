import { assertEquals } from "@std/assert";
import { NEVER } from "./time.ts";
import { type Timed, TimerQueue } from "./timer_queue.ts";
import { seededRandom } from "./random.ts";

const item = (name: string): Timed & { name: string } => ({ name, wakeAt: NEVER });

Deno.test("TimerQueue.takeDue() wakes in order of deadline and each once", () => {
  const queue = new TimerQueue<Timed & { name: string }>();
  queue.wakeBy(item("b"), 20);
  queue.wakeBy(item("a"), 10);
  queue.wakeBy(item("c"), 30);
  assertEquals(queue.nextTimeout(), 10);
  assertEquals(queue.takeDue(25)?.name, "a");
  assertEquals(queue.takeDue(25)?.name, "b");
  assertEquals(queue.takeDue(25), undefined);
  assertEquals(queue.nextTimeout(), 30);
});

Deno.test("TimerQueue.wakeBy() moves a deadline forward only, and cancel() forgets it", () => {
  const queue = new TimerQueue<Timed & { name: string }>();
  const a = item("a");
  queue.wakeBy(a, 50);
  queue.wakeBy(a, 10);
  queue.wakeBy(a, 40);
  assertEquals(queue.takeDue(100)?.name, "a");
  assertEquals(queue.takeDue(100), undefined);
  queue.wakeBy(a, 60);
  queue.cancel(a);
  assertEquals(queue.nextTimeout(), NEVER);
});

Deno.test("TimerQueue keeps order over many random deadlines", () => {
  const random = seededRandom(7);
  const queue = new TimerQueue<Timed & { name: string }>();
  for (let i = 0; i < 500; i++) queue.wakeBy(item(String(i)), Math.floor(random.next() * 1000));
  let last = -1;
  for (let count = 0; count < 500; count++) {
    const at = queue.nextTimeout();
    assertEquals(at >= last, true);
    last = at;
    queue.takeDue(at);
  }
  assertEquals(queue.nextTimeout(), NEVER);
});
