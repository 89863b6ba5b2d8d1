/** An answer that takes longer will not come: the longest takes a second. */
const ANSWER_MS = 20_000;

/** A worker that is asked one thing at a time. */
export interface WorkerPort<Request, Answer> {
  /** Sends a request. */
  post(request: Request): void;
  /** The next answer; rejects when the worker has failed or says nothing for 20 seconds. */
  answer(): Promise<Answer>;
  /** Ends it. */
  close(): void;
}

/** Starts a module as a worker; its answers are taken in the order in which they come. */
export function openWorker<Request, Answer>(module: URL): WorkerPort<Request, Answer> {
  const worker = new Worker(module, { type: "module" });
  const answers: Answer[] = [];
  let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  let failure: Error | undefined;
  worker.onmessage = (event: MessageEvent<Answer>) => {
    if (waiting === undefined) answers.push(event.data);
    else waiting.resolve(event.data);
    waiting = undefined;
  };
  worker.onerror = (event) => {
    event.preventDefault();
    failure = new Error(`A worker of the benchmark has failed: ${event.message}`);
    waiting?.reject(failure);
    waiting = undefined;
  };
  return {
    post: (request) => worker.postMessage(request),
    answer() {
      const ready = answers.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        const overdue = setTimeout(() => {
          waiting = undefined;
          reject(new Error("A worker of the benchmark does not answer"));
        }, ANSWER_MS);
        const settle = <T>(then: (value: T) => void) => (value: T) => {
          clearTimeout(overdue);
          then(value);
        };
        waiting = { resolve: settle(resolve), reject: settle(reject) };
      });
    },
    close: () => worker.terminate(),
  };
}
