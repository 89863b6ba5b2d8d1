import type { ClientMessage, ServerMessage } from "./messages.ts";

/**
 * Messages that are not state: nothing that comes later makes up for one that is lost.
 *
 * Both sides count them, so that after a lost connection each can say how many it has, and gets the rest.
 */
export type NumberedMessage = Extract<
  ServerMessage,
  { type: "chat_message" | "e2ee_public_key" | "e2ee_sender_key" | "moderated" }
>;

const TYPES: ReadonlySet<string> = new Set<NumberedMessage["type"]>(
  ["chat_message", "e2ee_public_key", "e2ee_sender_key", "moderated"],
);

/** Says whether a message is counted, whichever side sends it. */
export function isNumbered<M extends ClientMessage | ServerMessage>(message: M): message is M & NumberedMessage {
  return TYPES.has(message.type);
}

/** About how many bytes a counted message takes in memory. */
export function sizeOfNumbered(message: NumberedMessage): number {
  switch (message.type) {
    case "chat_message":
      return OVERHEAD_BYTES + 2 * message.content.length;
    case "e2ee_public_key": {
      const { public_key, identity_key = "", signature = "" } = message;
      return OVERHEAD_BYTES + public_key.length + identity_key.length + signature.length;
    }
    case "e2ee_sender_key":
      return OVERHEAD_BYTES + message.encrypted_key.length;
    case "moderated":
      return OVERHEAD_BYTES;
  }
}

/** Ids, names and the object itself. */
const OVERHEAD_BYTES = 256;
