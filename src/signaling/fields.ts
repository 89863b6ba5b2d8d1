import { parseParticipantId, type ParticipantId, type RoomId } from "../base/ids.ts";
import { type ErrorReason, type SignalingError, signalingError } from "./errors.ts";
import {
  DEFAULT_MAX_DISPLAY_NAME_LENGTH,
  DEFAULT_MAX_ROOM_ID_LENGTH,
  LONGEST_NAME,
  MAX_MID_LENGTH,
  MAX_U32,
} from "./limits.ts";

/** How long names may be, in characters. */
export interface NameLengths {
  /** Longer room ids are refused. */
  readonly roomId: number;
  /** Longer display names are cut. */
  readonly displayName: number;
}

/** The lengths of the basic protocol. */
export const DEFAULT_NAME_LENGTHS: NameLengths = {
  roomId: DEFAULT_MAX_ROOM_ID_LENGTH,
  displayName: DEFAULT_MAX_DISPLAY_NAME_LENGTH,
};

/** The longest that can be allowed: what a client that cannot know the server's choice takes. */
export const LONGEST_NAMES: NameLengths = { roomId: LONGEST_NAME, displayName: LONGEST_NAME };

/** UTF-16 units of a display name that are looked at: far more than can be kept, so that cleaning it costs next to nothing. */
const DISPLAY_NAME_WINDOW = 1_024;

const CONTROL_CHARACTER = /\p{Cc}/u;

/** Control characters, and the marks that would turn the direction of the text around a name (UAX 9 section 2). */
const REMOVED_FROM_NAMES = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Characters of a token (RFC 8866 section 9); an m-line's `mid` is one. */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Says whether `text` has at most `max` characters (code points). */
export function fitsCharacters(text: string, max: number): boolean {
  if (text.length <= max) return true;
  if (text.length > 2 * max) return false;
  let count = 0;
  for (const _ of text) count++;
  return count <= max;
}

/** Says whether `mid` can name an m-line: a token of at most `MAX_MID_LENGTH` characters. */
export function isMid(mid: string): boolean {
  return mid.length <= MAX_MID_LENGTH && TOKEN.test(mid);
}

/**
 * Makes a display name fit to be shown: no control characters, at most `max` (64) characters.
 *
 * It is cut between what people see as characters, so that no half of a flag or a family stays behind.
 *
 * @returns `undefined` when nothing is left.
 */
export function cleanDisplayName(name: string, max: number = DEFAULT_MAX_DISPLAY_NAME_LENGTH): string | undefined {
  const text = name.slice(0, DISPLAY_NAME_WINDOW).replaceAll(REMOVED_FROM_NAMES, "").toWellFormed().trim();
  if (fitsCharacters(text, max)) return text === "" ? undefined : text;
  let kept = "";
  let count = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    const length = [...segment].length;
    if (count + length > max) break;
    kept += segment;
    count += length;
  }
  // One "character" with more than `max` marks on it: cut between code points then.
  return kept.trimEnd() || [...text].slice(0, max).join("");
}

/** Says whether a room name is acceptable: 1 to `max` (64) characters, none of them a control character. */
export function isRoomId(text: string, max: number = DEFAULT_MAX_ROOM_ID_LENGTH): boolean {
  return text !== "" && fitsCharacters(text, max) && text.isWellFormed() &&
    !CONTROL_CHARACTER.test(text);
}

/**
 * Reads the fields of one received JSON object and remembers the first that is wrong.
 *
 * Only the object's own properties are read, so names like `__proto__` or `constructor` mean nothing. After an
 * error the methods go on returning harmless values; whoever reads has to look at `error` in the end.
 */
export class FieldReader {
  readonly #fields: object;
  readonly #type: string;
  readonly #lengths: NameLengths;
  #error: SignalingError | undefined;

  /** Reads `fields` of a message of `type`. */
  constructor(fields: object, type: string, lengths: NameLengths = DEFAULT_NAME_LENGTHS) {
    this.#fields = fields;
    this.#type = type;
    this.#lengths = lengths;
  }

  /** What was wrong first, if anything. */
  get error(): SignalingError | undefined {
    return this.#error;
  }

  /** Notes that something is wrong; only the first note is kept. */
  fail(reason: ErrorReason, message: string): void {
    this.#error ??= signalingError(reason, message, this.#type);
  }

  /** The value of `name`, `undefined` when it is absent or null. */
  value(name: string): unknown {
    return ownValue(this.#fields, name) ?? undefined;
  }

  /** A required participant id, in lower case. */
  participant(name: string): ParticipantId {
    const value = this.value(name);
    const id = typeof value === "string" ? parseParticipantId(value) : undefined;
    if (id === undefined) this.#wrong(name, "must be a UUID");
    return id ?? "";
  }

  /** The required `room_id`. */
  room(): RoomId {
    const value = this.value("room_id");
    if (typeof value === "string" && isRoomId(value, this.#lengths.roomId)) return value;
    // The words of the basic protocol; clients may compare them.
    this.fail("invalid_room", `invalid room_id (max ${this.#lengths.roomId} chars, no control chars)`);
    return "";
  }

  /** A required text of at most `max` characters. */
  text(name: string, max: number): string {
    const value = this.optionalText(name, max);
    if (value === undefined) this.#wrong(name, "is missing");
    return value ?? "";
  }

  /** A text of at most `max` characters, if there is one. */
  optionalText(name: string, max: number): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && fitsCharacters(value, max)) return value;
    this.#wrong(name, `must be a text of at most ${max} characters`);
    return "";
  }

  /** The `display_name`, cleaned; never wrong as long as it is a text. */
  displayName(): string | undefined {
    const value = this.value("display_name");
    if (value === undefined) return undefined;
    if (typeof value === "string") return cleanDisplayName(value, this.#lengths.displayName);
    this.#wrong("display_name", "must be a text");
    return undefined;
  }

  /** A required base64 text (RFC 4648 section 4, with padding) of at most `max` characters. */
  base64(name: string, max: number): string {
    const value = this.optionalBase64(name, max);
    if (value === undefined) this.#wrong(name, "is missing");
    return value ?? "";
  }

  /** A base64 text of at most `max` characters, if there is one. */
  optionalBase64(name: string, max: number): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "" && value.length <= max && BASE64.test(value)) return value;
    this.#wrong(name, `must be base64 of 4 to ${max} characters, with padding`);
    return "";
  }

  /** A required whole number from 0 to `max`. */
  integer(name: string, max: number = MAX_U32): number {
    const value = this.optionalInteger(name, max);
    if (value === undefined) this.#wrong(name, "is missing");
    return value ?? 0;
  }

  /** A whole number from 0 to `max`, if there is one. */
  optionalInteger(name: string, max: number = MAX_U32): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value + 0;
    this.#wrong(name, `must be a whole number from 0 to ${max}`);
    return 0;
  }

  /** A required boolean. */
  boolean(name: string): boolean {
    const value = this.optionalBoolean(name);
    if (value === undefined) this.#wrong(name, "is missing");
    return value ?? false;
  }

  /** A boolean, if there is one. */
  optionalBoolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "boolean") return value;
    this.#wrong(name, "must be true or false");
    return undefined;
  }

  /** A list of at most `max` entries, each read by `read`, if there is one; `read` answers `undefined` for a wrong entry. */
  optionalList<T>(
    name: string,
    max: number,
    wanted: string,
    read: (entry: unknown) => T | undefined,
  ): T[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const list: T[] = [];
    if (Array.isArray(value) && value.length <= max) {
      for (const entry of value) {
        const item = read(entry);
        if (item === undefined) break;
        list.push(item);
      }
      if (list.length === value.length) return list;
    }
    this.#wrong(name, `must be a list of at most ${max} ${wanted}`);
    return [];
  }

  #wrong(name: string, demand: string): void {
    this.fail("bad_field", `Cannot read "${this.#type}": field "${name}" ${demand}`);
  }
}

/** The value of an object's own property, `undefined` for inherited ones and for anything that is no object. */
export function ownValue(from: unknown, name: string): unknown {
  if (typeof from !== "object" || from === null || !Object.hasOwn(from, name)) return undefined;
  return Reflect.get(from, name);
}
