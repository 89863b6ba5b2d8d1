import { type Millis, NEVER } from "../base/time.ts";

/** Why a byte stream is not an acceptable series of WebSocket frames, with the Close code that says so (RFC 6455 section 7.4.1). */
export interface FrameViolation {
  readonly code: number;
  readonly reason: string;
}

/** What a `FrameScanner` allows. */
export interface FrameScannerOptions {
  /** Whether every frame must be masked (from a client) or must not be (from a server), RFC 6455 section 5.1. */
  readonly masked: boolean;
  /** Payload bytes of one message, all fragments together; may be changed later. */
  readonly maxMessageBytes: number;
  /** Data frames of one message. */
  readonly maxFragments: number;
}

/** Payload bytes of a control frame (RFC 6455 section 5.5). */
const MAX_CONTROL_BYTES = 125;

const CONTINUATION = 0;
const CLOSE = 8;

/** Protocol error and message too big (RFC 6455 section 7.4.1). */
const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;

/** What the next byte is. */
const EXPECT_OPCODE = 0;
const EXPECT_LENGTH = 1;
const EXPECT_EXTENDED_LENGTH = 2;
const EXPECT_MASK = 3;
const EXPECT_PAYLOAD = 4;

/**
 * Follows WebSocket frames through a byte stream without keeping any of it.
 *
 * Pieces may be cut anywhere. Only frame headers are read; payload bytes are counted and skipped, so a scan costs
 * nearly nothing and needs a few numbers of memory whatever the peer sends.
 */
export class FrameScanner {
  readonly #options: FrameScannerOptions;
  #expect = EXPECT_OPCODE;
  #opcode = 0;
  #final = true;
  #left = 0;
  #payloadLength = 0;
  #extendedBytes = 0;
  #messageOpen = false;
  #fragments = 0;

  /** What was wrong, once `scan` has answered `false`. */
  violation: FrameViolation | undefined;
  /** Since when there has been a message or frame that is not complete; NEVER when there is none. */
  unfinishedSince: Millis = NEVER;
  /** Payload bytes seen of the message that is not complete. */
  unfinishedBytes = 0;
  /** Control frames begun since somebody last set this to 0. */
  controlFrames = 0;
  /** Whether a Close frame has gone by; nothing may follow it. */
  closed = false;
  /** Payload bytes of one message, all fragments together. */
  maxMessageBytes: number;

  constructor(options: FrameScannerOptions) {
    this.#options = options;
    this.maxMessageBytes = options.maxMessageBytes;
  }

  /** Whether a frame of ours could be put in at this point of the stream. */
  get atBoundary(): boolean {
    return this.#expect === EXPECT_OPCODE;
  }

  /** Follows the next `length` bytes; `false` at the first violation, after which the stream must end. */
  scan(bytes: Uint8Array, length: number, now: Millis): boolean {
    let at = 0;
    while (at < length && this.violation === undefined && !this.closed) {
      if (this.#expect === EXPECT_PAYLOAD) {
        const step = Math.min(this.#left, length - at);
        at += step;
        this.#left -= step;
        if (this.#opcode < CLOSE) this.unfinishedBytes += step;
        if (this.#left === 0) this.#endFrame();
      } else {
        this.#headerByte(bytes[at++]!);
      }
    }
    const clean = this.#expect === EXPECT_OPCODE && !this.#messageOpen;
    if (!clean && this.unfinishedSince === NEVER) this.unfinishedSince = now;
    else if (clean) this.unfinishedSince = NEVER;
    return this.violation === undefined;
  }

  #headerByte(byte: number): void {
    switch (this.#expect) {
      case EXPECT_OPCODE:
        return this.#opcodeByte(byte);
      case EXPECT_LENGTH:
        return this.#lengthByte(byte);
      case EXPECT_EXTENDED_LENGTH:
        if (this.#left === 8 && byte >= 0x80) return this.#fail(PROTOCOL_ERROR, "frame length is negative");
        this.#payloadLength = this.#payloadLength * 256 + byte;
        if (--this.#left === 0) this.#lengthKnown();
        return;
      default: // the mask
        if (--this.#left === 0) this.#startPayload();
    }
  }

  #opcodeByte(byte: number): void {
    this.#opcode = byte & 0x0f;
    this.#final = byte >= 0x80;
    if ((byte & 0x70) !== 0) return this.#fail(PROTOCOL_ERROR, "reserved bit set");
    if (this.#opcode > 10 || (this.#opcode > 2 && this.#opcode < CLOSE)) {
      return this.#fail(PROTOCOL_ERROR, "unknown opcode");
    }
    if (this.#opcode >= CLOSE) {
      if (!this.#final) return this.#fail(PROTOCOL_ERROR, "fragmented control frame");
      this.controlFrames++;
    } else if ((this.#opcode === CONTINUATION) !== this.#messageOpen) {
      return this.#fail(PROTOCOL_ERROR, this.#messageOpen ? "message inside a message" : "continuation of nothing");
    } else if (++this.#fragments > this.#options.maxFragments) {
      return this.#fail(TOO_BIG, "too many fragments");
    }
    this.#expect = EXPECT_LENGTH;
  }

  #lengthByte(byte: number): void {
    if ((byte >= 0x80) !== this.#options.masked) {
      return this.#fail(PROTOCOL_ERROR, this.#options.masked ? "frame is not masked" : "frame is masked");
    }
    const length = byte & 0x7f;
    if (this.#opcode >= CLOSE && length > MAX_CONTROL_BYTES) {
      return this.#fail(PROTOCOL_ERROR, "control frame too long");
    }
    this.#payloadLength = length < 126 ? length : 0;
    this.#extendedBytes = length < 126 ? 0 : length === 126 ? 2 : 8;
    this.#left = this.#extendedBytes;
    if (this.#left > 0) this.#expect = EXPECT_EXTENDED_LENGTH;
    else this.#lengthKnown();
  }

  #lengthKnown(): void {
    const smallest = this.#extendedBytes === 0 ? 0 : this.#extendedBytes === 2 ? 126 : 0x10000;
    if (this.#payloadLength < smallest) return this.#fail(PROTOCOL_ERROR, "frame length is not in its shortest form");
    if (this.#opcode === CLOSE && this.#payloadLength === 1) {
      return this.#fail(PROTOCOL_ERROR, "close frame of one byte");
    }
    if (this.#opcode < CLOSE && this.unfinishedBytes + this.#payloadLength > this.maxMessageBytes) {
      return this.#fail(TOO_BIG, "message_too_big");
    }
    this.#left = 4;
    this.#expect = EXPECT_MASK;
    if (!this.#options.masked) this.#startPayload();
  }

  #startPayload(): void {
    this.#left = this.#payloadLength;
    this.#expect = EXPECT_PAYLOAD;
    if (this.#left === 0) this.#endFrame();
  }

  #endFrame(): void {
    this.#expect = EXPECT_OPCODE;
    if (this.#opcode === CLOSE) this.closed = true;
    if (this.#opcode >= CLOSE) return;
    this.#messageOpen = !this.#final;
    if (this.#messageOpen) return;
    this.#fragments = 0;
    this.unfinishedBytes = 0;
    this.unfinishedSince = NEVER;
  }

  #fail(code: number, reason: string): void {
    this.violation = { code, reason };
  }
}

/** Builds an unmasked Close frame, as a server sends it; a reason beyond 123 bytes is cut. */
export function closeFrame(code: number, reason: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(reason).subarray(0, MAX_CONTROL_BYTES - 2);
  const frame = new Uint8Array(4 + text.length);
  frame.set([0x80 | CLOSE, 2 + text.length, code >> 8, code & 0xff]);
  frame.set(text, 4);
  return frame;
}
