import type { ErrorMessage, ServerMessage } from "../../src/signaling/messages.ts";

/** What a client was told. */
export class MessageLog {
  /** Everything the server said, oldest first. */
  readonly messages: ServerMessage[] = [];

  /** All messages of one type. */
  all<Type extends ServerMessage["type"]>(type: Type): Extract<ServerMessage, { type: Type }>[] {
    return this.messages.filter((message): message is Extract<ServerMessage, { type: Type }> => message.type === type);
  }

  /** The newest message of one type. */
  last<Type extends ServerMessage["type"]>(type: Type): Extract<ServerMessage, { type: Type }> | undefined {
    return this.all(type).at(-1);
  }

  get errors(): ErrorMessage[] {
    return this.all("error");
  }
}
