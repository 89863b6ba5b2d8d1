/** How a worker can end: by itself, by not answering any more, or by force. */
export type Fault = "throw" | "reject" | "hang" | "terminate";

/** Makes the workers of a server under test, and ends them. */
export class WorkerFaults {
  readonly #workers: Map<string, Worker> = new Map();

  /** For `startServer`: the newest worker of each name is the one that faults are for. */
  readonly create = (name: string): Worker => {
    const worker = new Worker(new URL("./faulty_worker.ts", import.meta.url).href, { type: "module", name });
    this.#workers.set(name, worker);
    return worker;
  };

  /** Does this to the worker of that name. */
  cause(fault: Fault, name: string): void {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`There is no ${name}`);
    if (fault === "terminate") worker.terminate();
    else worker.postMessage(fault);
  }
}
