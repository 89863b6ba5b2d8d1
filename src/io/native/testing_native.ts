/** What tests of native code share. */
import { chooseEngine, type Engine } from "./choose_engine.ts";
import { silentLogger } from "../../base/log.ts";
import { type NativeLibraries, openNative } from "./library.ts";

/** The libraries, where there are any: a loop over it defines tests only where native code can run. */
export function nativeLibraries(): NativeLibraries[] {
  const found = openNative();
  return "unavailable" in found ? [] : [found];
}

/** Both engines, or the portable one alone where native code cannot run. */
export function engines(): Engine[] {
  const kinds = nativeLibraries().length > 0 ? ["portable", "native"] as const : ["portable"] as const;
  return kinds.map((kind) => chooseEngine(kind, silentLogger));
}
