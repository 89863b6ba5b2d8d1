import type { Millis } from "../base/time.ts";
import type { Core } from "./core.ts";
import { LOAD_STEPS, type LoadControl } from "./load_control.ts";
import type { LoadChange } from "./outputs.ts";

/** Takes the load of the core's thread in; when that changes what is sent, everybody concerned is told. */
export function handleLoad(core: Core, level: number, now: Millis): void {
  const before = core.load.step;
  if (!core.load.handle(level, now)) return;
  const change = loadState(core.load);
  const isLess = change.step > before;
  const text = isLess ? "There is too much to do: less video is sent" : "There is time again: more video is sent";
  core.options.logger.log(isLess ? "warn" : "info", "sfu", text, { ...change });
  core.outbox.push({ kind: "load", change });
  for (const room of core.rooms.values()) {
    for (const member of room.members.values()) member.peer?.viewer.allocate(now);
    // What nobody gets any more need not be encoded and received either.
    for (const member of room.members.values()) member.layers.update(now);
  }
}

/** What holds now, with numbers that can be written as JSON. */
export function loadState(load: LoadControl): LoadChange {
  const { step, level, lastN } = load;
  return {
    step,
    steps: LOAD_STEPS.length - 1,
    level: Math.round(100 * level) / 100,
    lastN: lastN === Infinity ? 0 : lastN,
  };
}
