import { SeaMeetError } from "../base/errors.ts";
import { MAX_SLOTS } from "../signaling/limits.ts";

/** Checks `audioSlots` or `lastN`. @throws {SeaMeetError} `config` when it is no whole number from 0 to `MAX_SLOTS` */
export function checkSlots(name: string, count: number | undefined): void {
  if (count === undefined || Number.isInteger(count) && count >= 0 && count <= MAX_SLOTS) return;
  throw new SeaMeetError("config", `${name} must be a whole number from 0 to ${MAX_SLOTS}, not ${count}`);
}
