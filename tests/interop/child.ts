/** A child process whose output a test waits for. */

/** How long a process may take until it has said what is waited for; the first start downloads npm packages. */
const LINE_TIMEOUT_MS = 120_000;

/** A running command. Disposing of it asks it to end (SIGTERM) and waits until it has. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  #output = "";
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();
  #ended = false;

  constructor(command: Deno.Command) {
    this.#process = command.spawn();
    this.#done = Promise.all([this.#collect(this.#process.stdout), this.#collect(this.#process.stderr)])
      .finally(() => {
        this.#ended = true;
        this.#changed.resolve();
      });
  }

  /** Everything it has printed so far, both streams together. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until its output matches.
   *
   * @throws Error with the whole output when the process ends before, or after two minutes.
   */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(LINE_TIMEOUT_MS);
    signal.onabort = () => this.#changed.resolve();
    try {
      while (true) {
        const match = pattern.exec(this.#output);
        if (match !== null) return match;
        if (this.#ended || signal.aborted) throw new Error(`It never said ${pattern}, only:\n${this.#output}`);
        await this.#changed.promise;
      }
    } finally {
      signal.onabort = null;
    }
  }

  /** Asks it to end and answers its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    if (!this.#ended) this.#process.kill(signal);
    const { code } = await this.#process.status;
    await this.#done;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      const before = this.#changed;
      this.#changed = Promise.withResolvers();
      before.resolve();
    }
  }
}
