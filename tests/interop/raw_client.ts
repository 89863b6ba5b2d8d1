import { machine, PATIENCE_MS } from "./patience.ts";

/** Waits until `condition` holds, looking every few milliseconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}; ${machine()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Builds a frame as a client sends it; `declared` lies about the length. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array,
  options: { final?: boolean; declared?: number; masked?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const length = options.declared ?? bytes.length;
  const mask = (options.masked ?? true) ? 0x80 : 0;
  const head = [((options.final ?? true) ? 0x80 : 0) | opcode];
  if (length < 126) head.push(mask | length);
  else if (length < 0x10000) head.push(mask | 126, length >> 8, length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  if (mask !== 0) head.push(0, 0, 0, 0); // a mask of zeros leaves the payload readable
  const frame = new Uint8Array(head.length + bytes.length);
  frame.set(head);
  frame.set(bytes, head.length);
  return frame;
}

/** A TCP client that says exactly what it is told to, HTTP and WebSocket rules or not. */
export class RawClient {
  readonly #conn: Deno.TcpConn;
  #received = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number, hostname = "127.0.0.1"): Promise<RawClient> {
    const conn = await Deno.connect({ hostname, port });
    conn.setNoDelay(true);
    return new RawClient(conn);
  }

  /** Connects and shakes hands for a WebSocket. */
  static async webSocket(port: number, headers: Record<string, string> = {}): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.write(handshake(headers));
    await client.readUntil("\r\n\r\n");
    if (!client.#received.startsWith("HTTP/1.1 101")) throw new Error(`No WebSocket: ${client.#received}`);
    client.#received = client.#received.slice(client.#received.indexOf("\r\n\r\n") + 4);
    return client;
  }

  /** What has come so far, as Latin-1. */
  get received(): string {
    return this.#received;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Uint8Array.from(data, (c) => c.charCodeAt(0)) : data;
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Reads until `text` has come; answers everything received. */
  async readUntil(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (!(await this.#read())) throw new Error(`Closed before "${text}": ${JSON.stringify(this.#received)}`);
    }
    return this.#received;
  }

  /** Reads until the server hangs up; answers everything received. */
  async readToEnd(): Promise<string> {
    while (await this.#read());
    return this.#received;
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // closed before
    }
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    try {
      const n = await this.#conn.read(buffer);
      if (n === null) return false;
      for (let i = 0; i < n; i += 8_192) {
        this.#received += String.fromCharCode(...buffer.subarray(i, Math.min(n, i + 8_192)));
      }
      return true;
    } catch {
      return false; // reset by the server
    }
  }
}

/** The head of a WebSocket handshake. */
export function handshake(headers: Record<string, string> = {}): string {
  const lines = Object.entries({
    Host: "localhost:3001",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /ws HTTP/1.1\r\n${lines.join("")}\r\n`;
}
