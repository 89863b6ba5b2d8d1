import { TokenBucket } from "../base/token_bucket.ts";
import type { Logger } from "../base/log.ts";
import { CLOSE_CODES, type CloseReason, type ErrorReason } from "../signaling/errors.ts";
import { cleanDisplayName, type NameLengths } from "../signaling/fields.ts";
import { decodeClientMessage, type DecodedMessage } from "../signaling/decode.ts";
import { isPeerMessage, type PeerMessage } from "../signaling/peer_message.ts";
import { encodeServerMessage, errorMessage, refusal } from "../signaling/encode.ts";
import { UNJOINED_TIMEOUT_MS } from "../signaling/limits.ts";
import type { ClientMessage, JoinMessage } from "../signaling/messages.ts";
import type { Grant } from "../sfu/member.ts";
import {
  type Authenticate,
  type AuthenticateResult,
  DEFAULT_PERMISSIONS,
  type Granted,
  type RateCheck,
} from "./hooks.ts";
import type { ServerEvent } from "./server_events.ts";
import type { SignalingConnection } from "./signaling_connection.ts";
import type { Accepted } from "./workers/room_host.ts";

/** Messages that may wait while a hook of the application thinks: a joining browser's offer and all its candidates. */
const MAX_WAITING_MESSAGES = 256;

/** Characters of those messages together. */
const MAX_WAITING_CHARS = 1_500_000;

/** How long `authenticate` may take; a client waits no longer than that for anything. */
const AUTHENTICATE_TIMEOUT_MS = 10_000;

/** Bad messages forgiven at once and per second; a client that sends more of them is broken or hostile. */
const BAD_MESSAGE_BURST = 40;
const BAD_MESSAGES_PER_SECOND = 2;

/** How often a client that is rate limited is told so; the other messages are dropped in silence. */
const RATE_NOTICE_INTERVAL_MS = 1_000;

/** Where messages go that were let through. */
export interface GateTarget {
  /** Settled once the gate was told by `joined` of the membership it led to. */
  join(connection: SignalingConnection, message: JoinMessage, grant: Grant): void | Promise<void>;
  /** Returns whether the core took it; the promise of a core in another thread is never rejected. */
  message(
    connection: SignalingConnection,
    message: Exclude<ClientMessage, JoinMessage>,
  ): Accepted | Promise<Accepted>;
  /** A message for another client, where `readPeerMessage` reads such; returns whether it was passed on. */
  relay?(message: PeerMessage): boolean;
  /** Counts something refused, by reason. */
  count(reason: ErrorReason): void;
  emit(event: ServerEvent): void;
}

/**
 * Messages that may be on their way to a worker at a time. A core that is held up must not let them pile up there;
 * beyond this they wait here, where what waits is bounded.
 */
const MAX_UNANSWERED = 32;

/** What a gate is made with. */
export interface GateOptions {
  readonly authenticate: Authenticate | undefined;
  readonly rateCheck: RateCheck;
  readonly logger: Logger;
  readonly now: () => number;
  /** Reads offers, answers and candidates that clients send each other; left out where the server carries the media. */
  readonly readPeerMessage?: ((text: string) => PeerMessage | undefined) | undefined;
  /** Longest names (64 characters each). */
  readonly nameLengths?: NameLengths | undefined;
}

/**
 * Stands between one connection and the core: reads its messages one after the other, applies the application's
 * hooks, answers what is malformed.
 */
export class Gate {
  readonly #connection: SignalingConnection;
  readonly #options: GateOptions;
  readonly #target: GateTarget;
  readonly #badMessages: TokenBucket;
  readonly #waiting: string[] = [];
  #waitingChars = 0;
  #unanswered = 0;
  #busy = false;
  #closed = false;
  #participant: string | undefined;
  #noticeAt = -Infinity;
  #unjoined: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: SignalingConnection, options: GateOptions, target: GateTarget) {
    this.#connection = connection;
    this.#options = options;
    this.#target = target;
    this.#badMessages = new TokenBucket(BAD_MESSAGE_BURST, BAD_MESSAGES_PER_SECOND, options.now());
    this.#watchUnjoined();
    connection.onText = (text) => this.#receive(text);
  }

  /** The core has let the participant into a room: the connection may stay. */
  joined(participant: string): void {
    this.#participant = participant;
    this.#connection.welcome();
    clearTimeout(this.#unjoined);
  }

  /** The connection is in no room any more: it has as long as a new one to join. */
  left(): void {
    if (!this.#closed) this.#watchUnjoined();
  }

  /** The connection is gone. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#unjoined);
    this.#waiting.length = 0;
  }

  #watchUnjoined(): void {
    clearTimeout(this.#unjoined);
    this.#unjoined = setTimeout(() => this.#goodbye("unjoined_timeout"), UNJOINED_TIMEOUT_MS);
  }

  #receive(text: string): void {
    if (this.#closed) return;
    this.#waiting.push(text);
    this.#waitingChars += text.length;
    if (this.#waiting.length > MAX_WAITING_MESSAGES || this.#waitingChars > MAX_WAITING_CHARS) {
      this.#goodbye("abuse");
    } else if (!this.#busy) this.#work();
  }

  /** Works through what waits; stays synchronous as long as no hook returns a promise. */
  #work(): void {
    while (!this.#closed && this.#waiting.length > 0) {
      const text = this.#waiting.shift()!;
      this.#waitingChars -= text.length;
      const pending = this.#handle(text);
      if (pending === undefined) continue;
      this.#busy = true;
      pending.catch((error) => this.#hookFailed(error)).finally(() => {
        this.#busy = false;
        this.#work();
      });
      return;
    }
  }

  #handle(text: string): Promise<void> | undefined {
    const forPeer = this.#options.readPeerMessage?.(text);
    const decoded: { ok: true; message: PeerMessage } | DecodedMessage = forPeer === undefined
      ? decodeClientMessage(text, this.#options.nameLengths)
      : { ok: true, message: forPeer };
    if (!decoded.ok) {
      this.#target.count(decoded.error.reason);
      this.#connection.send(encodeServerMessage(errorMessage(decoded.error)));
      this.#countBad();
      return undefined;
    }
    const { message } = decoded;
    let allowed: boolean | Promise<boolean>;
    try {
      allowed = this.#options.rateCheck({
        participant: this.#participant,
        remoteAddress: this.#connection.remoteAddress,
        messageType: message.type,
      });
    } catch (error) {
      return this.#checkFailed(error, message);
    }
    if (typeof allowed === "boolean") return allowed ? this.#pass(message) : this.#limit(message);
    return allowed.then(
      (passes) => passes ? this.#pass(message) : this.#limit(message),
      (error) => this.#checkFailed(error, message),
    );
  }

  #checkFailed(error: unknown, message: ClientMessage | PeerMessage): undefined {
    this.#hookFailed(error);
    this.#refuse("internal", "A check of the application failed: try again", message);
    return undefined;
  }

  #pass(message: ClientMessage | PeerMessage): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (isPeerMessage(message)) return this.#passed(message, this.#target.relay?.(message) ?? false);
    if (message.type === "join") return this.#authenticate(message);
    const accepted = this.#target.message(this.#connection, message);
    if (!(accepted instanceof Promise)) return this.#passed(message, accepted);
    this.#unanswered++;
    const answered = accepted.then((value) => {
      this.#unanswered--;
      if (!this.#closed) this.#passed(message, value);
    });
    // What comes after a leave may depend on the place it has given up.
    return message.type === "leave" || this.#unanswered >= MAX_UNANSWERED ? answered : undefined;
  }

  #passed(message: ClientMessage | PeerMessage, accepted: Accepted): undefined {
    if (accepted === undefined) this.#refuse("internal", "This message could not be handled: try again", message);
    if (this.#participant === undefined) this.#countBad();
    else if (accepted) {
      this.#target.emit({ type: "messageReceived", participant: this.#participant, messageType: message.type });
    }
    return undefined;
  }

  #limit(message: ClientMessage | PeerMessage): undefined {
    const { remoteAddress } = this.#connection;
    this.#target.count("rate_limited");
    this.#target.emit({ type: "rateLimited", participant: this.#participant, remoteAddress });
    // Who is in no room has nothing to say but a join: each word more costs an answer and a line in the logs.
    if (this.#participant === undefined) this.#countBad();
    const now = this.#options.now();
    // A client waits for the answer to these and would wait for ever.
    const isAwaited = message.type === "offer" || message.type === "join";
    if (!isAwaited && now - this.#noticeAt < RATE_NOTICE_INTERVAL_MS) return undefined;
    this.#noticeAt = now;
    this.#refuse("rate_limited", "Too many messages: some were dropped, send less", message);
    return undefined;
  }

  async #authenticate(message: JoinMessage): Promise<void> {
    // The credential goes no further than this.
    const { token: _, ...rest } = message;
    const { authenticate } = this.#options;
    const result = authenticate === undefined ? {} : readResult(await this.#ask(authenticate, message));
    if (this.#closed) return;
    if ("reject" in result) {
      this.#target.count("unauthorized");
      this.#refuse("unauthorized", result.reject, message);
      const { participant, room_id: roomId } = message;
      this.#target.emit({ type: "authRejected", participant, roomId, reason: result.reject });
      this.#goodbye("unauthorized");
      return;
    }
    await this.#target.join(this.#connection, rest, {
      displayName: result.displayName === undefined ? undefined : this.#cleanName(result.displayName),
      permissions: result.permissions ?? DEFAULT_PERMISSIONS,
      ownsParticipant: result.ownsParticipant ?? false,
    });
  }

  async #ask(authenticate: Authenticate, message: JoinMessage): Promise<AuthenticateResult> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<AuthenticateResult>((resolve) => {
      timer = setTimeout(() => resolve({ reject: "authentication took too long: try again" }), AUTHENTICATE_TIMEOUT_MS);
    });
    const { remoteAddress, headers } = this.#connection;
    try {
      const asked = authenticate({
        participant: message.participant,
        roomId: message.room_id,
        token: message.token,
        displayName: message.display_name,
        remoteAddress,
        headers,
      });
      return await Promise.race([asked, late]);
    } catch (error) {
      this.#hookFailed(error);
      return { reject: "authentication failed" };
    } finally {
      clearTimeout(timer);
    }
  }

  #hookFailed(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    this.#options.logger.log("warn", "signaling", "A hook of the application has thrown", { detail });
  }

  #countBad(): void {
    if (!this.#badMessages.take(this.#options.now())) this.#goodbye("abuse");
  }

  #cleanName(name: string): string | undefined {
    return cleanDisplayName(name, this.#options.nameLengths?.displayName);
  }

  #refuse(reason: ErrorReason, text: string, about: ClientMessage | PeerMessage): void {
    this.#connection.send(encodeServerMessage(refusal(reason, text, about)));
  }

  #goodbye(reason: CloseReason): void {
    this.close();
    this.#connection.close(CLOSE_CODES[reason], reason);
  }
}

/** What a hook answered, in one form; whatever is neither nothing nor a grant keeps the participant out. */
function readResult(result: AuthenticateResult): Granted | { readonly reject: string } {
  if (result === undefined) return {};
  const refused = { reject: "authentication failed" };
  if (typeof result !== "object" || result === null) return refused;
  if ("ok" in result) return result.ok === true ? {} : refused;
  return result;
}
