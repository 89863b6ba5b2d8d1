import { SeaMeetError } from "../base/errors.ts";
import { parseParticipantId, type ParticipantId } from "../base/ids.ts";

/**
 * Reads a participant id: a hyphenated UUID, brought to lower case.
 *
 * @throws {SeaMeetError} `config` for everything else
 *
 * @example
 * ```ts
 * import { participantId, randomParticipantId } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(participantId("00000000-0000-4000-8000-0000000000AB"), "00000000-0000-4000-8000-0000000000ab");
 * assertEquals(participantId(randomParticipantId()).length, 36);
 * ```
 */
export function participantId(text: string): ParticipantId {
  const id = parseParticipantId(text);
  if (id === undefined) throw new SeaMeetError("config", `A participant id must be a UUID, not "${text}"`);
  return id;
}

/**
 * A participant id that nobody has (UUID version 4).
 *
 * @example
 * ```ts
 * import { randomParticipantId } from "@seameet/cli";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(randomParticipantId(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
 * ```
 */
export function randomParticipantId(): ParticipantId {
  return crypto.randomUUID();
}
