import type { Millis } from "../base/time.ts";

/** On Linux: how long this very thread has run, in nanoseconds, and two more numbers. */
const SCHEDULER_FILE = "/proc/thread-self/schedstat";

const NANOS_PER_MILLI = 1e6;

let isReadable = Deno.build.os === "linux";

/** How long the calling thread has run so far; `undefined` where the system does not tell, or may not be asked. */
export function threadTime(): Millis | undefined {
  if (!isReadable) return undefined;
  try {
    const [nanos] = Deno.readTextFileSync(SCHEDULER_FILE).split(" ");
    const time = Number(nanos) / NANOS_PER_MILLI;
    if (time > 0) return time;
  } catch {
    // No permission, or no such file: that does not change.
  }
  isReadable = false;
  return undefined;
}
