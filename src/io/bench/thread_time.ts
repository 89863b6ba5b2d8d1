import process from "node:process";

const CLOCK_THREAD_CPUTIME_ID = 3;

/** Bits of a processor mask, for the first 64 cores. */
const MASKS = { first: 1n, others: 0xffff_ffff_ffff_fffen, any: 0xffff_ffff_ffff_ffffn } as const;

/** Processor time of this thread, and where it runs. */
export interface ThreadTime {
  /** Processor seconds that this thread has used so far; other threads and processes on the same core do not count. */
  seconds(): number;
  /** Keeps this thread, and those it starts, on the first core or away from it; without effect where the system does not let us. */
  keepTo(cores: "first" | "others" | "any"): void;
}

/**
 * Looks for the best clock there is: that of the thread by the system, else that of the runtime.
 *
 * @param ffi false does without native calls
 */
export function threadTime(ffi: boolean): ThreadTime {
  return (ffi ? systemTime() : undefined) ?? {
    seconds() {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1e6;
    },
    keepTo() {},
  };
}

function systemTime(): ThreadTime | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
      sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
    });
    const time = new BigInt64Array(2);
    return {
      seconds() {
        symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
        return Number(time[0]!) + Number(time[1]!) / 1e9;
      },
      keepTo(cores) {
        symbols.sched_setaffinity(0, 8n, BigUint64Array.of(MASKS[cores]));
      },
    };
  } catch {
    // No FFI: the other clock is as good for this purpose, only less fine.
    return undefined;
  }
}
