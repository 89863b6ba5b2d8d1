/**
 * Version of the package, the same as in `deno.json` (a test compares them).
 *
 * @example
 * ```ts
 * import { VERSION } from "@seameet/cli/server";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(VERSION, /^\d+\.\d+\.\d+/);
 * ```
 */
export const VERSION = "0.1.0";
