/** Bytes of a timeline; a call of a day with lively speakers has some megabytes. */
const MAX_TIMELINE_BYTES = 64 * 1024 * 1024;

/** What closes the JSON document; each event is written over it and followed by it again. */
const FOOTER = new TextEncoder().encode("\n]}\n");

/**
 * A JSON document `{…, "events": […]}` that grows and is valid after every write, also when the process is killed
 * between two of them: an event and the document's end go out in one piece, in the place of the old end.
 */
export class TimelineFile {
  readonly #file: Deno.FsFile;
  /** Where the next event goes: before the footer. */
  #end: number;
  #isFirst = true;
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(file: Deno.FsFile, end: number) {
    this.#file = file;
    this.#end = end;
  }

  /** Creates the file, which must not exist, with these fields at its beginning. */
  static async create(path: string, fields: Readonly<Record<string, unknown>>): Promise<TimelineFile> {
    const file = await Deno.open(path, { read: true, write: true, createNew: true });
    const members = JSON.stringify(fields).slice(1, -1);
    const start = new TextEncoder().encode(`{${members}${members === "" ? "" : ","}"events":[`);
    const timeline = new TimelineFile(file, start.length);
    try {
      await writeAll(file, Uint8Array.of(...start, ...FOOTER));
    } catch (error) {
      file.close();
      throw error;
    }
    return timeline;
  }

  /** Adds an event; rejects when it could not be written, and the document then ends before it. */
  async add(event: Readonly<Record<string, unknown>>): Promise<void> {
    const text = new TextEncoder().encode(`${this.#isFirst ? "" : ","}\n${JSON.stringify(event)}`);
    this.#isFirst = false;
    const result = this.#queue.then(() => this.#write(text));
    this.#queue = result.catch(() => {});
    await result;
  }

  /** Closes the file after all events have been written. */
  async close(): Promise<void> {
    await this.#queue;
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  async #write(text: Uint8Array): Promise<void> {
    if (this.#closed || this.#end + text.length > MAX_TIMELINE_BYTES) return;
    const bytes = new Uint8Array(text.length + FOOTER.length);
    bytes.set(text);
    bytes.set(FOOTER, text.length);
    await this.#file.seek(this.#end, Deno.SeekMode.Start);
    try {
      await writeAll(this.#file, bytes);
      this.#end += text.length;
    } catch (error) {
      // The old end fits where it was.
      await this.#file.seek(this.#end, Deno.SeekMode.Start);
      await writeAll(this.#file, FOOTER);
      await this.#file.truncate(this.#end + FOOTER.length);
      throw error;
    }
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
