import { ReplayLog } from "../base/replay_log.ts";
import { MAX_REPLAYED_BYTES, MAX_REPLAYED_MESSAGES } from "./limits.ts";
import type { ClientMessage, JoinMessage, ReadyMessage, ServerMessage } from "./messages.ts";
import { isNumbered, type NumberedMessage, sizeOfNumbered } from "./numbered.ts";

/** What a `ready` says about the session from before. */
export interface Continuation {
  /** It goes on: nobody has noticed that we were away. */
  readonly resumed: boolean;
  /** The media path is still there. */
  readonly media: boolean;
  /** What we said and the server has not heard; `undefined` when that is not known. */
  readonly unheard: readonly NumberedMessage[] | undefined;
}

/** What is needed to go on after a lost connection: the secret, and how much of what must not be lost has come and gone. */
export class Continuity {
  /** The server keeps our session for a while when the connection is lost. */
  isKept = false;
  #secret = "";
  #received = 0;
  #sent = newLog();

  /** What the next join says about the session before. */
  get joinFields(): Pick<JoinMessage, "resume" | "resume_from"> {
    if (this.#secret === "") return {};
    return { resume: this.#secret, ...(this.isKept ? { resume_from: this.#received } : {}) };
  }

  /** Says whether we were in the room before. */
  get hasSession(): boolean {
    return this.#secret !== "";
  }

  /** We are in the room (again). */
  begin({ resume, session }: ReadyMessage): Continuation {
    this.#secret = resume;
    this.isKept = session !== undefined;
    if (session?.resumed) {
      return { resumed: true, media: session.media, unheard: this.#sent.after(session.received) };
    }
    this.#received = 0;
    this.#sent = newLog();
    return { resumed: false, media: false, unheard: [] };
  }

  /** A message came. */
  received(message: ServerMessage): void {
    if (isNumbered(message)) this.#received++;
  }

  /** A message of ours is on its way, or would be if there were a connection. */
  sent(message: ClientMessage): void {
    if (isNumbered(message)) this.#sent.add(message, sizeOfNumbered(message));
  }
}

function newLog(): ReplayLog<NumberedMessage> {
  return new ReplayLog(MAX_REPLAYED_MESSAGES, MAX_REPLAYED_BYTES);
}
