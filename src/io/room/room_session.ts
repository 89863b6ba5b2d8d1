import { SeaMeetError } from "../../base/errors.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import { Gate } from "../gate.ts";
import { encodeServerMessage } from "../../signaling/encode.ts";
import { ERROR_CODES } from "../../signaling/errors.ts";
import type { JoinMessage } from "../../signaling/messages.ts";
import type { Authenticate, AuthenticateContext, AuthenticateResult, RateCheck } from "../hooks.ts";
import type { SfuHost } from "../sfu_host.ts";
import type { SignalingConnection } from "../signaling_connection.ts";

/** Registered by IANA for "the server is overloaded": a client that is not taken may try again. */
const TRY_AGAIN_LATER = 1013;

/** What a session needs of its room. */
export interface RoomSessionOptions {
  readonly host: SfuHost;
  readonly roomId: RoomId;
  /** Under which the core knows the connection. */
  readonly id: ConnectionId;
  /** Whom the application expects; anybody when left out. */
  readonly expected: ParticipantId | undefined;
  readonly authenticate: Authenticate | undefined;
  readonly rateCheck: RateCheck;
  readonly logger: Logger;
  /** Says that there is no place for somebody; there always is for who comes back. */
  readonly isFull: (participant: ParticipantId) => boolean;
  /** The participant is known and about to join. */
  readonly onJoining: (participant: ParticipantId) => void;
  /** The connection is gone; `lost`: who was on it may come back. */
  readonly onEnd: (lost: ParticipantId | undefined) => void;
}

/** One client of a room: its signaling connection, checked message by message as a server does. */
export class RoomSession {
  /** Settles when it has joined; rejects when its connection ends before. */
  readonly joined: Promise<ParticipantId>;
  readonly #connection: SignalingConnection;
  readonly #options: RoomSessionOptions;
  readonly #gate: Gate;
  #settle!: { resolve: (participant: ParticipantId) => void; reject: (error: Error) => void };
  #participant: ParticipantId | undefined;

  constructor(connection: SignalingConnection, options: RoomSessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.joined = new Promise((resolve, reject) => this.#settle = { resolve, reject });
    const { host, id, logger, rateCheck } = options;
    this.#gate = new Gate(connection, {
      authenticate: (context) => this.#authenticate(context),
      rateCheck,
      logger,
      now: () => performance.now(),
    }, {
      join: (_, message, grant) => {
        if (options.isFull(message.participant)) this.#refuse(message);
        else host.join(id, message, grant);
      },
      message: (_, message) => {
        const accepted = host.message(id, message);
        if (message.type === "leave" && this.#participant === undefined) this.#gate.left();
        return accepted;
      },
      count: () => {},
      emit: () => {},
    });
    host.addConnection({
      id,
      send: (text) => connection.send(text),
      close: (code, reason) => connection.close(code, reason),
    });
    connection.onClose = (reason, lost) => this.#ended(reason, lost);
  }

  /** The core has made its participant a member. */
  entered(participant: ParticipantId): void {
    this.#participant = participant;
    this.#gate.joined(participant);
    this.#settle.resolve(participant);
  }

  /** The membership has ended; the connection may join again. */
  left(): void {
    this.#participant = undefined;
  }

  /** Ends the connection. */
  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  async #authenticate(context: AuthenticateContext): Promise<AuthenticateResult> {
    const { roomId, expected, authenticate } = this.#options;
    if (context.roomId !== roomId) return { reject: `this connection is for the room "${roomId}"` };
    if (expected !== undefined && context.participant !== expected) {
      return { reject: "this connection is for another participant" };
    }
    const result = await authenticate?.(context);
    if (result === undefined || !("reject" in result)) this.#options.onJoining(context.participant);
    return result;
  }

  #refuse({ room_id }: JoinMessage): void {
    const [reason, message] = ["room_full", "room is full"] as const;
    const error = { type: "error", code: ERROR_CODES[reason], reason, message, room_id, request: "join" } as const;
    this.#connection.send(encodeServerMessage(error));
    this.#settle.reject(new SeaMeetError(reason, message));
    this.#connection.close(TRY_AGAIN_LATER, reason);
  }

  #ended(reason: string, lost: boolean = false): void {
    this.#gate.close();
    this.#settle.reject(new SeaMeetError("signaling", `The connection has ended before it joined: ${reason}`));
    this.#options.onEnd(lost ? this.#participant : undefined);
    this.#options.host.removeConnection(this.#options.id, lost);
  }
}
