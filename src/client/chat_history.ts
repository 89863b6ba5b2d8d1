import type { ParticipantId } from "../base/ids.ts";
import type { ChatMessage } from "../signaling/messages.ts";
import type { ChatEntry } from "./types.ts";

/** Lines that are kept. */
const MAX_ENTRIES = 500;

/** Lines that are recognised when the server repeats its history; more than it keeps, so that none comes twice. */
const MAX_KEYS = 2_000;

/** The newest lines of chat, each once: the server repeats its history on every join, also after a lost connection. */
export class ChatHistory {
  /** Oldest first. Replaced, never changed, when a line is added. */
  entries: readonly ChatEntry[] = [];
  #keys = new Set<string>();

  /** Adds a line with its text (`undefined`: it cannot be read); `undefined` when it is known already. */
  add(message: ChatMessage, self: ParticipantId, text: string | undefined): ChatEntry | undefined {
    // No two encrypted lines are alike, so one that comes again under another time is a copy that somebody made.
    const id = `${message.from} ${message.encrypted ? "" : message.timestamp} ${message.content}`;
    if (this.#keys.has(id)) return undefined;
    this.#keys.add(id);
    if (this.#keys.size > MAX_KEYS) {
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    }
    const entry: ChatEntry = {
      id,
      from: message.from,
      displayName: message.display_name ?? "",
      content: text ?? "",
      encrypted: message.encrypted,
      locked: text === undefined,
      timestamp: message.timestamp,
      own: message.from === self,
    };
    this.entries = [...this.entries.slice(-(MAX_ENTRIES - 1)), entry];
    return entry;
  }
}
