import type { Millis } from "../../base/time.ts";

/**
 * The name of a folder for one recording: when it began and a number that tells apart what began at the same moment,
 * for example `2026-11-22T18-35-05-120Z-1`. Nothing of it comes from a client; the room's name is in the timeline.
 */
export function recordingFolderName(unixMs: Millis, number: number): string {
  return `${new Date(unixMs).toISOString().replaceAll(/[:.]/g, "-")}-${number}`;
}
