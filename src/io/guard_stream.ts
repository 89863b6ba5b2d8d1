import { SeaMeetError } from "../base/errors.ts";

/** A byte stream to the server behind the guard. */
export type InnerConn = Deno.TcpConn | Deno.UnixConn;

/** "HTTP/1.1 101": the server behind has agreed to a WebSocket. */
const SWITCHING = new TextEncoder().encode("HTTP/1.1 101");
/** Room for the answer to an upgrade, which our own server writes in some 150 bytes. */
const MAX_ANSWER_HEAD = 1_024;
/** Reads the server's answer to an upgrade and the frames that came with it; `undefined` when it is not a yes. */
export async function readAnswerHead(inner: InnerConn): Promise<{ bytes: Uint8Array; early: Uint8Array } | undefined> {
  const bytes = new Uint8Array(MAX_ANSWER_HEAD);
  let length = 0;
  while (length < bytes.length) {
    const got = await inner.read(bytes.subarray(length));
    if (got === null) return undefined;
    length += got;
    if (SWITCHING.some((byte, i) => i < length && bytes[i] !== byte)) return undefined;
    for (let i = 0; i + 4 <= length; i++) {
      if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) {
        return { bytes: bytes.slice(0, length), early: bytes.slice(i + 4, length) };
      }
    }
  }
  return undefined;
}

/** Writes every byte. */
export async function writeAll(conn: InnerConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Closes a connection that may be closed already; what is under way on it ends. */
export function closeQuietly(conn: InnerConn | undefined): void {
  try {
    conn?.close();
  } catch {
    // already closed
  }
}

/**
 * Listens, with an error that says in one sentence why not.
 *
 * @throws {SeaMeetError} `address_in_use`, or `config` when the address is not one of this machine or not permitted.
 */
export function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    const where = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new SeaMeetError("address_in_use", `Cannot listen on ${where}: another program uses this port`, { cause });
    }
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new SeaMeetError("config", `Cannot listen on ${where}: ${detail}`, { cause });
  }
}
