import { SeaMeetError } from "../base/errors.ts";
import { DEFAULT_NAME_LENGTHS, type NameLengths } from "../signaling/fields.ts";
import { LONGEST_NAME } from "../signaling/limits.ts";

/** Lengths that an application may choose. */
export interface NameLengthOptions {
  /** Longest room id in characters. */
  readonly maxRoomIdLength?: number;
  /** Longest display name in characters. */
  readonly maxDisplayNameLength?: number;
}

/** Defaults put in. */
export function nameLengths(options: NameLengthOptions = {}): NameLengths {
  return {
    roomId: options.maxRoomIdLength ?? DEFAULT_NAME_LENGTHS.roomId,
    displayName: options.maxDisplayNameLength ?? DEFAULT_NAME_LENGTHS.displayName,
  };
}

/** Checks an option. @throws {SeaMeetError} `config` for a length that no client would understand */
export function checkNameLength(option: string, length: number | undefined): void {
  if (length === undefined || (Number.isInteger(length) && length >= 1 && length <= LONGEST_NAME)) return;
  throw new SeaMeetError("config", `${option} must be a whole number from 1 to ${LONGEST_NAME}, not ${length}`);
}
