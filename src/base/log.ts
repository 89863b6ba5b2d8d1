/** How much a log line matters, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Facts of a log line; never a token, key or password. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Where log lines go.
 *
 * `module` names the part that speaks (`signaling`, `sfu`, `io`, …) so that levels can be set for each.
 *
 * @example
 * ```ts
 * import type { Logger } from "@seameet/cli";
 *
 * const lines: string[] = [];
 * const logger: Logger = { log: (level, module, message) => lines.push(`${level} ${module} ${message}`) };
 * logger.log("info", "sfu", "Room created");
 * ```
 */
export interface Logger {
  /** Takes one line. */
  log(level: LogLevel, module: string, message: string, fields?: LogFields): void;
}

/**
 * A logger that keeps nothing.
 *
 * @example
 * ```ts
 * import { Room, silentLogger } from "@seameet/cli";
 *
 * await using room = new Room({ logger: silentLogger });
 * console.log(room.id);
 * ```
 */
export const silentLogger: Logger = { log() {} };
