import type { Millis } from "../base/time.ts";

/** A signal that asks a program to end. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Ctrl-C in a terminal reaches a program twice when its starter forwards signals; within this time both are one wish. */
const SAME_WISH_MS: Millis = 500;

/** The signals that end programs on this system; Windows knows Ctrl-C only. */
export const END_SIGNALS: readonly EndSignal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Calls `handler` when somebody asks the program to end: Ctrl-C, `kill`, a closed terminal.
 *
 * @param handler Gets the signal and how often one has come so far: on the second, stop waiting and go.
 * @returns A function that stops listening.
 *
 * @example
 * ```ts
 * import { onEndSignal } from "@seameet/cli/server";
 *
 * const stop = onEndSignal((signal, count) => console.log(signal, count === 1 ? "ending" : "ending now"));
 * stop();
 * ```
 */
export function onEndSignal(handler: (signal: EndSignal, count: number) => void): () => void {
  let count = 0;
  let lastAt = -Infinity;
  const listeners = END_SIGNALS.map((signal) => {
    const listener = () => {
      const now = performance.now();
      if (now - lastAt < SAME_WISH_MS) return;
      lastAt = now;
      handler(signal, ++count);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => {
    for (const remove of listeners.splice(0)) remove();
  };
}
