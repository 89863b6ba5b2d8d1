/** A bad network between two namespaces of this machine: two TUN devices that a worker joins. Needs root and `ip`. */

/** What one direction does. */
export interface LinkRate {
  /** Kilobits per second; `Infinity` for no limit. */
  readonly kbps: number;
  /** Longest wait in the queue before the limit; later packets are dropped. */
  readonly queueMs: number;
  /** One way. */
  readonly delayMs: number;
}

/** One packet that came to the link's near end. */
export interface LinkSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** IP packet. */
  readonly bytes: number;
  /** What waited before it. */
  readonly queueMs: number;
  readonly isLost: boolean;
}

/** What the worker is told. */
export type LinkCommand =
  | { readonly kind: "open"; readonly devices: readonly string[] }
  | { readonly kind: "rate"; readonly side: 0 | 1; readonly rate: LinkRate }
  | { readonly kind: "samples" }
  | { readonly kind: "close" };

/** Its answer. */
export interface LinkReport {
  readonly samples: LinkSample[];
}

/** The end that is in our own namespace. */
export const NEAR_ADDRESS = "10.77.0.1";
const FAR_ADDRESS = "10.77.0.2";

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(`Cannot run ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A link from this namespace (`NEAR_ADDRESS`) into one that it makes. */
export class TunLink implements AsyncDisposable {
  /** Name of the namespace at the far end, for `ip netns exec`. */
  readonly namespace = `seameet-${Deno.pid}`;
  readonly #worker = new Worker(import.meta.resolve("./tun_worker.ts"), { type: "module" });
  readonly #answers: PromiseWithResolvers<LinkReport>[] = [];
  #hasNamespace = false;

  private constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<LinkReport>) => this.#answers.shift()?.resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#answers.shift()?.reject(new Error(event.message));
    };
  }

  /** Makes the namespace and the link; both directions begin alike. */
  static async open(rate: LinkRate): Promise<TunLink> {
    const link = new TunLink();
    try {
      await link.#ask({ kind: "open", devices: ["near", "far"] });
      await ip("netns", "add", link.namespace);
      link.#hasNamespace = true;
      await ip("link", "set", "far", "netns", link.namespace);
      for (
        const [own, device, at] of [[NEAR_ADDRESS, "near", []], [FAR_ADDRESS, "far", ["-n", link.namespace]]] as const
      ) {
        await ip(...at, "link", "set", "lo", "up");
        await ip(...at, "addr", "add", `${own}/24`, "dev", device);
        await ip(...at, "link", "set", device, "txqueuelen", "2000", "up");
      }
      await ip("-n", link.namespace, "route", "add", "default", "dev", "far");
      await link.down(rate);
      await link.#ask({ kind: "rate", side: 1, rate });
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Changes the direction towards the far end. */
  async down(rate: LinkRate): Promise<void> {
    await this.#ask({ kind: "rate", side: 0, rate });
  }

  /** What went towards the far end since the last call. */
  async samples(): Promise<LinkSample[]> {
    return (await this.#ask({ kind: "samples" })).samples;
  }

  /** A program that runs `command` at the far end; remove it with the folder it is in. */
  async wrapper(folder: string, command: string): Promise<string> {
    const path = `${folder}/at-far-end`;
    await Deno.writeTextFile(path, `#!/bin/sh\nexec ip netns exec ${this.namespace} ${command} "$@"\n`, {
      mode: 0o755,
    });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ask({ kind: "close" }).catch(() => {});
    this.#worker.terminate();
    if (this.#hasNamespace) await ip("netns", "del", this.namespace);
  }

  #ask(command: LinkCommand): Promise<LinkReport> {
    const answer = Promise.withResolvers<LinkReport>();
    this.#answers.push(answer);
    this.#worker.postMessage(command);
    return answer.promise;
  }
}
