import { CLOSE_CODES } from "../../signaling/errors.ts";
import type { SignalingConnection } from "../signaling_connection.ts";

/** Messages that may come before the room is ready: a join, and what follows it at once. */
const MAX_HELD_MESSAGES = 64;

/** Keeps what a client says before somebody listens: a socket hands its messages over once, whoever is there. */
export class HeldConnection {
  readonly connection: SignalingConnection;
  readonly #texts: string[] = [];
  #end: { readonly reason: string; readonly lost: boolean } | undefined;

  constructor(connection: SignalingConnection) {
    this.connection = connection;
    connection.onText = (text) => {
      if (this.#texts.push(text) > MAX_HELD_MESSAGES) connection.close(CLOSE_CODES.abuse, "abuse");
    };
    connection.onClose = (reason, lost = false) => this.#end = { reason, lost };
  }

  /** Somebody listens now: gives out what was kept, and that it has ended, if it has. */
  release(): void {
    const { connection } = this;
    for (const text of this.#texts.splice(0)) connection.onText(text);
    if (this.#end !== undefined) connection.onClose(this.#end.reason, this.#end.lost);
  }
}
