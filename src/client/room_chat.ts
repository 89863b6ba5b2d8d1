import type { ParticipantId } from "../base/ids.ts";
import { MAX_CHAT_LENGTH } from "../signaling/limits.ts";
import type { ChatMessage } from "../signaling/messages.ts";
import { ChatHistory } from "./chat_history.ts";
import { fitsEncrypted } from "./e2ee/chat_cipher.ts";
import type { E2eeSession } from "./e2ee/e2ee_session.ts";
import type { Emitter } from "./emitter.ts";
import type { RoomSender } from "./room_sender.ts";
import type { ChatEntry, ClientEvents } from "./types.ts";

/** What a {@linkcode RoomChat} needs from outside. */
export interface RoomChatOptions {
  /** Our id. */
  readonly self: ParticipantId;
  /** Where events go. */
  readonly events: Emitter<ClientEvents>;
  /** Writes messages. */
  readonly sender: RoomSender;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Encrypts and decrypts; absent where encryption is off. */
  readonly e2ee: E2eeSession | undefined;
}

/** The chat of one room, encrypted where encryption is on. */
export class RoomChat {
  #options: RoomChatOptions;
  #history = new ChatHistory();

  /** A chat without lines. */
  constructor(options: RoomChatOptions) {
    this.#options = options;
  }

  /** The newest lines, oldest first. */
  get entries(): readonly ChatEntry[] {
    return this.#history.entries;
  }

  /** Sends a line; `false` when there is nothing to send, it is too long, or there is no connection. */
  send(content: string, allowUnencrypted: boolean): boolean {
    const text = content.trim();
    if (text === "" || text.length > MAX_CHAT_LENGTH) return false;
    const { e2ee, sender } = this.#options;
    const now = this.#options.now();
    if (e2ee === undefined || allowUnencrypted) return sender.chat(text, now);
    if (!fitsEncrypted(text)) return false;
    e2ee.encryptChat(text, (sealed, keyId) => sender.chat(sealed, now, keyId));
    return true;
  }

  /** Takes a line of the server. */
  handle(message: ChatMessage): void {
    const { e2ee } = this.#options;
    if (e2ee !== undefined) return e2ee.readChat(message, (text) => this.#add(message, text));
    this.#add(message, message.encrypted ? undefined : message.content);
  }

  #add(message: ChatMessage, text: string | undefined): void {
    const entry = this.#history.add(message, this.#options.self, text);
    if (entry !== undefined) this.#options.events.emit("chat", entry);
  }
}
