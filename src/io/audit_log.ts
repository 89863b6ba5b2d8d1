import { printableJson } from "./console_log.ts";

/** Options of `openAuditLog`. */
export interface AuditLogOptions {
  /** Told once for each run of trouble: the file cannot be written, or lines are being dropped. */
  readonly onTrouble?: (message: string) => void;
  /** Characters that may wait to be written (1,000,000); what comes beyond is dropped and counted. */
  readonly maxWaitingChars?: number;
}

/** A file, or standard output, that gets one JSON line per event and never holds up the server. */
export interface AuditLog {
  /** Queues an event. */
  write(event: object): void;
  /** Events that were not written because the file could not keep up or failed. */
  readonly dropped: number;
  /** Writes what is waiting, as far as it can be written soon, and closes the file. */
  close(): Promise<void>;
}

const MAX_WAITING_CHARS = 1_000_000;
/** How long closing waits for a reader of our output that does not read. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Opens an audit log; `-` is standard output, anything else a file that is appended to and that only this user can read.
 *
 * @throws When the file cannot be opened.
 */
export async function openAuditLog(target: string, options: AuditLogOptions = {}): Promise<AuditLog> {
  if (target === "-") return new LineWriter(Deno.stdout, () => {}, options);
  const file = await Deno.open(target, { append: true, create: true, mode: 0o600 });
  return new LineWriter(file, () => file.close(), options);
}

/** What lines are written to. */
interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

class LineWriter implements AuditLog {
  readonly #sink: Sink;
  readonly #closeSink: () => void;
  readonly #options: AuditLogOptions;
  #lines: string[] = [];
  #waitingChars = 0;
  #dropped = 0;
  #droppedSince = 0;
  #failing = false;
  #closed = false;
  #writing: Promise<void> | undefined;

  constructor(sink: Sink, closeSink: () => void, options: AuditLogOptions) {
    this.#sink = sink;
    this.#closeSink = closeSink;
    this.#options = options;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(event: object): void {
    if (this.#closed) return;
    const line = `${printableJson(event)}\n`;
    if (this.#waitingChars + line.length > (this.#options.maxWaitingChars ?? MAX_WAITING_CHARS)) {
      if (this.#droppedSince === 0) this.#options.onTrouble?.("Audit log cannot keep up: events are being dropped");
      this.#dropped++;
      this.#droppedSince++;
      return;
    }
    if (this.#droppedSince > 0) this.#push(droppedLine(this.#droppedSince));
    this.#droppedSince = 0;
    this.#push(line);
    this.#writing ??= this.#drain();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#droppedSince > 0) this.#push(droppedLine(this.#droppedSince));
    this.#writing ??= this.#drain();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
    this.#closeSink();
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#waitingChars += line.length;
  }

  async #drain(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      const bytes = new TextEncoder().encode(lines.join(""));
      this.#lines = [];
      try {
        for (let at = 0; at < bytes.length;) at += await this.#sink.write(bytes.subarray(at));
        this.#failing = false;
      } catch (error) {
        this.#dropped += lines.length;
        const detail = error instanceof Error ? error.message : String(error);
        if (!this.#failing) this.#options.onTrouble?.(`Audit log cannot be written: ${detail}`);
        this.#failing = true;
      }
      for (const line of lines) this.#waitingChars -= line.length;
    }
    this.#writing = undefined;
  }
}

/** Stands where events are missing. */
function droppedLine(count: number): string {
  return `${JSON.stringify({ type: "auditDropped", count })}\n`;
}
