import type { Millis } from "../base/time.ts";
import type { BufferPool } from "./guard_buffers.ts";
import type { GuardConnection } from "./guard_connection.ts";
import type { HttpRefusal, RequestHead } from "./guard_http_head.ts";
import type { GuardLimits } from "./guard_limits.ts";
import type { InnerConn } from "./guard_stream.ts";

/** What a connection needs from the guard it belongs to. */
export interface GuardContext {
  readonly limits: GuardLimits;
  readonly buffers: BufferPool;
  /** Milliseconds that never jump. */
  now(): Millis;
  /** Opens a connection to the server behind. */
  dial(): Promise<InnerConn>;
  /** Judges a request: the head to pass on, or what to answer instead. */
  admit(head: RequestHead, from: GuardConnection): Uint8Array<ArrayBuffer> | HttpRefusal;
  /** Told when a connection begins and ends to wait for a request. */
  silent(from: GuardConnection, isSilent: boolean): void;
  /** Told when a WebSocket opens that the host knows nothing about, and when the host lets it in. */
  stranger(from: GuardConnection, isStranger: boolean): void;
  /** Told by how many bytes the unfinished message of a connection has grown or shrunk. */
  unfinished(delta: number): void;
}
