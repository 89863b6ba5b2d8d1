import { type Millis, NEVER } from "../base/time.ts";
import { AdaptiveBuffer } from "./guard_buffers.ts";
import type { GuardContext } from "./guard_context.ts";
import { closeFrame, FrameScanner } from "./guard_frames.ts";
import { RequestIntake } from "./guard_intake.ts";
import { type HttpRefusal, type RequestHead, writeRefusal } from "./guard_http_head.ts";
import { closeQuietly, type InnerConn, readAnswerHead, writeAll } from "./guard_stream.ts";

/** What a client may still send while it should be hanging up; more shows that it does not listen. */
const MAX_DROPPED_BYTES = 1_048_576;
/** An empty ping from a server (RFC 6455 section 5.5.2). */
const PING = Uint8Array.of(0x89, 0);
/** RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;

/**
 * One client's TCP connection and the one behind it.
 *
 * Bytes go through fixed buffers, each way at the pace of its reader: what the slower side does not take stays in the
 * sender's kernel. Whoever is over a limit is told, where the stream allows it, and cut.
 */
export class GuardConnection {
  /** Number of the connection, unique in this process. */
  readonly id: number;
  /** The other end of the TCP connection. */
  readonly peerAddress: string;
  /** The client: `peerAddress`, or what a trusted proxy says. */
  remoteAddress: string;
  /** Why the connection ended or is ending. */
  ending: string | undefined;

  readonly #tcp: Deno.TcpConn;
  readonly #guard: GuardContext;
  readonly #intake: RequestIntake;
  #inner: InnerConn | undefined;
  #answer: Promise<void> | undefined;
  #readDeadline: Millis;
  #writeDeadline: Millis = NEVER;
  #idle = false;
  #requests = 0;
  #toServer: FrameScanner | undefined;
  #toClient: FrameScanner | undefined;
  #reported = 0;
  #controlWindowEnd: Millis = 0;
  #heardAt: Millis = 0;
  #pinging: Promise<void> | undefined;
  #dropped = 0;

  constructor(id: number, tcp: Deno.TcpConn, peerAddress: string, guard: GuardContext) {
    this.id = id;
    this.#tcp = tcp;
    this.peerAddress = peerAddress;
    this.remoteAddress = peerAddress;
    this.#guard = guard;
    this.#intake = new RequestIntake(guard.limits.maxHeadBytes, guard.buffers);
    this.#readDeadline = guard.now() + guard.limits.headTimeoutMs;
  }

  /** Payload bytes of the message that this connection has not finished. */
  get unfinishedBytes(): number {
    return this.#reported;
  }

  /** Serves the connection to its end; never rejects. */
  async run(): Promise<void> {
    try {
      for (let head = await this.#readHead(); head !== undefined; head = await this.#readHead()) {
        if (!(await this.#serve(head))) break;
      }
    } catch {
      // the peer or the server behind is gone, or somebody cut the connection
    }
    this.cut("closed");
    await this.#answer;
    this.#intake.release();
    this.#report(0);
  }

  /** Ends the connection at once, whatever is under way. */
  cut(reason: string): void {
    this.ending ??= reason;
    closeQuietly(this.#tcp);
    closeQuietly(this.#inner);
  }

  /** Ends a WebSocket with a Close frame where one can be put in, anything else at once. */
  refuse(code: number, reason: string): void {
    if (this.ending !== undefined) return;
    if (this.#writeDeadline !== NEVER || this.#toClient?.atBoundary !== true) return this.cut(reason);
    this.#end(reason, closeFrame(code, reason));
  }

  /** The host lets the client in: the limits for strangers end. */
  welcome(): void {
    this.#guard.stranger(this, false);
    if (this.#toServer !== undefined) this.#toServer.maxMessageBytes = this.#guard.limits.maxMessageBytes;
  }

  /** Enforces deadlines; called several times a second. */
  expire(now: Millis): void {
    if (now >= this.#writeDeadline) this.cut("receiver stalled");
    else if (now >= this.#readDeadline) {
      if (this.#toServer === undefined) this.cut(this.#idle ? "idle" : "request timed out");
      else this.refuse(POLICY_VIOLATION, "message timed out");
      if (this.ending !== undefined && now >= this.#readDeadline) this.cut("lingered");
    }
    if (this.#toServer === undefined || this.ending !== undefined) return;
    if (now >= this.#controlWindowEnd) {
      this.#controlWindowEnd = now + this.#guard.limits.controlWindowMs;
      this.#toServer.controlFrames = 0;
    }
    this.#keepAlive(now);
  }

  /** Pings a silent client; the pings of `Deno.upgradeWebSocket` would keep every closed socket in memory until their timer ends. */
  #keepAlive(now: Millis): void {
    const { pingAfterMs } = this.#guard.limits;
    const silence = now - this.#heardAt;
    if (silence < pingAfterMs) this.#pinging = undefined;
    else if (silence >= 2 * pingAfterMs) this.refuse(POLICY_VIOLATION, "no answer to ping");
    else if (this.#pinging === undefined && this.#writeDeadline === NEVER && this.#toClient?.atBoundary === true) {
      this.#pinging = this.#writeToClient(PING).catch(() => {}); // who is gone is found out by reading
    }
  }

  async #readHead(): Promise<RequestHead | undefined> {
    const { limits } = this.#guard;
    this.#idle = this.#requests > 0 && this.#intake.length === 0;
    this.#guard.silent(this, true);
    this.#readDeadline = this.#guard.now() + (this.#idle ? limits.idleTimeoutMs : limits.headTimeoutMs);
    for (;;) {
      const head = this.#intake.takeHead();
      if (head !== undefined && "status" in head) this.#answerRefusal(head);
      else if (head !== undefined) {
        this.#guard.silent(this, false);
        return head;
      }
      const length = await this.#read(this.#intake.room);
      if (length === null) {
        await this.#afterHangUp();
        return undefined;
      }
      if (this.#idle) this.#readDeadline = this.#guard.now() + limits.headTimeoutMs;
      this.#idle = false;
      this.#intake.length += length;
    }
  }

  /** A client that only closed its sending side still gets the answer that is on its way. */
  async #afterHangUp(): Promise<void> {
    this.#idle = false;
    this.#readDeadline = this.#guard.now() + this.#guard.limits.lingerMs;
    if (this.ending === undefined) await this.#answer;
  }

  /** Passes a request on; `false` when the connection has been used up by it. */
  async #serve(head: RequestHead): Promise<boolean> {
    const { limits } = this.#guard;
    this.#readDeadline = this.#guard.now() + limits.bodyTimeoutMs;
    const passed = head.contentLength > limits.maxBodyBytes
      ? { status: 413, text: "Content Too Large" }
      : this.#guard.admit(head, this);
    if ("status" in passed) {
      this.#answerRefusal(passed);
      return true;
    }
    this.#requests++;
    if (head.upgrade) {
      await this.#serveWebSocket(passed);
      return false;
    }
    if (this.#inner === undefined) {
      const inner = this.#inner = await this.#dial();
      this.#answer = this.#pumpAnswer(inner);
    }
    await writeAll(this.#inner, passed);
    await this.#passBody(this.#inner, head.contentLength);
    return true;
  }

  async #passBody(inner: InnerConn, length: number): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#intake.length === 0) {
        const got = await this.#read(this.#intake.room);
        if (got === null) throw new Deno.errors.UnexpectedEof("the body is cut");
        this.#intake.length = got;
      }
      const piece = this.#intake.take(left);
      left -= piece.length;
      await writeAll(inner, piece);
    }
  }

  /** Serves a WebSocket over a fresh connection to the server behind: what was answered on an old one cannot get in between. */
  async #serveWebSocket(head: Uint8Array<ArrayBuffer>): Promise<void> {
    closeQuietly(this.#inner);
    await this.#answer;
    const inner = this.#inner = await this.#dial();
    this.#readDeadline = this.#guard.now() + this.#guard.limits.headTimeoutMs;
    await writeAll(inner, head);
    const first = await readAnswerHead(inner);
    if (first === undefined) {
      this.#answerRefusal({ status: 400, text: "Bad request: not a WebSocket handshake" });
    } else {
      const { maxFirstMessageBytes, maxFragments } = this.#guard.limits;
      this.#toServer = new FrameScanner({ masked: true, maxMessageBytes: maxFirstMessageBytes, maxFragments });
      this.#toClient = new FrameScanner({ masked: false, maxMessageBytes: Infinity, maxFragments: Infinity });
      this.#toClient.scan(first.early, first.early.length, 0);
      this.#readDeadline = NEVER;
      this.#guard.stranger(this, true);
      this.#heardAt = this.#guard.now();
      this.#answer = this.#pumpAnswer(inner, first.bytes);
    }
    await this.#pumpFrames(inner);
  }

  /** Client to server, frame headers watched, until the client hangs up. */
  async #pumpFrames(inner: InnerConn): Promise<void> {
    const early = this.#intake.takeAll();
    if (early.length > 0 && this.ending === undefined) await this.#passFrames(inner, early);
    const buffer = new AdaptiveBuffer(this.#guard.buffers);
    try {
      for (let n = await this.#read(buffer.bytes); n !== null; n = await this.#read(buffer.bytes)) {
        await this.#passFrames(inner, buffer.bytes.subarray(0, n));
        buffer.used(n);
      }
    } finally {
      buffer.release();
    }
  }

  async #passFrames(inner: InnerConn, bytes: Uint8Array): Promise<void> {
    const scanner = this.#toServer;
    if (scanner === undefined || scanner.closed) return;
    const { limits } = this.#guard;
    const acceptable = scanner.scan(bytes, bytes.length, this.#guard.now());
    this.#heardAt = this.#guard.now();
    this.#readDeadline = scanner.unfinishedSince + limits.messageTimeoutMs;
    this.#report(scanner.unfinishedBytes);
    if (this.ending !== undefined) return; // the report has found this connection to be the greediest
    if (!acceptable) return this.refuse(scanner.violation!.code, scanner.violation!.reason);
    if (scanner.controlFrames > limits.maxControlFrames) {
      return this.refuse(POLICY_VIOLATION, "too many control frames");
    }
    await writeAll(inner, bytes);
  }

  /** Server to client; when the server hangs up, so do we. */
  async #pumpAnswer(inner: InnerConn, first?: Uint8Array): Promise<void> {
    const buffer = new AdaptiveBuffer(this.#guard.buffers);
    try {
      if (first !== undefined) await this.#writeToClient(first);
      for (let n = await inner.read(buffer.bytes); n !== null; n = await inner.read(buffer.bytes)) {
        const bytes = buffer.bytes.subarray(0, n);
        await this.#pinging;
        this.#toClient?.scan(bytes, n, 0);
        await this.#writeToClient(bytes);
        buffer.used(n);
        if (this.#idle) this.#readDeadline = this.#guard.now() + this.#guard.limits.idleTimeoutMs;
      }
      if (this.#inner === inner) this.#end("server closed");
    } catch {
      // one of the two is closed; run() ends or has given this connection to the server up
    } finally {
      buffer.release();
    }
  }

  async #writeToClient(bytes: Uint8Array): Promise<void> {
    this.#writeDeadline = this.#guard.now() + this.#guard.limits.stallTimeoutMs;
    await writeAll(this.#tcp, bytes);
    this.#writeDeadline = NEVER;
  }

  /** Says no in HTTP; silently when another answer may be half way out. */
  #answerRefusal(refusal: HttpRefusal): void {
    if (this.ending !== undefined) return;
    if (this.#requests > 1 || (this.#requests === 1 && this.#answer !== undefined)) return this.cut(refusal.text);
    this.#end(refusal.text, writeRefusal(refusal));
  }

  /** Says a last word, closes our direction and gives the client a moment to hang up, so that it can read that word. */
  #end(reason: string, lastWord?: Uint8Array): void {
    if (this.ending !== undefined) return;
    this.ending = reason;
    closeQuietly(this.#inner);
    this.#readDeadline = this.#guard.now() + this.#guard.limits.lingerMs;
    const said = lastWord === undefined ? Promise.resolve() : writeAll(this.#tcp, lastWord);
    said.then(() => this.#tcp.closeWrite()).catch(() => this.cut(reason));
  }

  /** Reads from the client; once the connection is ending, whatever still comes is dropped. */
  async #read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const length = await this.#tcp.read(into);
      if (length === null || this.ending === undefined) return length;
      this.#dropped += length;
      if (this.#dropped > MAX_DROPPED_BYTES) this.cut(this.ending);
    }
  }

  async #dial(): Promise<InnerConn> {
    const inner = await this.#guard.dial();
    if (this.ending === undefined) return inner;
    inner.close();
    throw new Deno.errors.Interrupted("cut while dialling");
  }

  #report(unfinishedBytes: number): void {
    const delta = unfinishedBytes - this.#reported;
    this.#reported = unfinishedBytes;
    if (delta !== 0) this.#guard.unfinished(delta);
  }
}
