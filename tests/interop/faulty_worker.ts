/** The media worker as it is, with faults that a test asks for. */
import "../../src/io/workers/worker_main.ts";
import type { Fault } from "./worker_faults.ts";

/** Longer than unanswered heartbeats are put up with; not endless, since Deno could not end it. */
const HANG_MS = 6_000;

const FAULTS: Readonly<Record<Exclude<Fault, "terminate">, () => void>> = {
  throw: () => {
    throw new Error("a fault of the test");
  },
  reject: () => void Promise.reject(new Error("a rejection of the test")),
  hang: () => {
    const end = performance.now() + HANG_MS;
    while (performance.now() < end);
  },
};

self.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (data === "throw" || data === "reject" || data === "hang") FAULTS[data]();
});
