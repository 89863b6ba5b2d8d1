/** Debian's Redis on a free port of 127.0.0.1, which keeps nothing on disk. */
import { getAvailablePort } from "@std/net";
import { Child } from "./child.ts";

const PROGRAM = "redis-server";

/** Says that there is no Redis here, loudly; in CI, where it must be, that is an error. */
export async function hasRedis(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(PROGRAM, { args: ["--version"], stdout: "null" }).output();
    if (success) return true;
  } catch {
    // It cannot even be started.
  }
  if (Deno.env.get("CI") !== undefined) throw new Error(`${PROGRAM} is missing: .ci/run installs it`);
  console.error(`\n!!! NOT TESTED: ${PROGRAM} is not installed (apt-get install redis-server)\n`);
  return false;
}

/** A running Redis; disposing of it ends it. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: Child;
  readonly #pid: number;

  private constructor(port: number, child: Child, pid: number) {
    this.port = port;
    this.#child = child;
    this.#pid = pid;
  }

  /** Starts one that answers, on the port where one has been before or on a free one. */
  static async start(port = getAvailablePort({ preferredPort: 0 })): Promise<RedisServer> {
    const args = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--appendonly", "no"];
    const command = new Deno.Command(PROGRAM, { args, cwd: "/tmp", stdin: "null", stdout: "piped", stderr: "piped" });
    const child = new Child(command);
    const [, pid] = await child.says(/pid=(\d+)/);
    await child.says(/Ready to accept connections/);
    return new RedisServer(port, child, Number(pid));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** It lives and takes bytes, but answers nothing until that is disposed of. */
  freeze(): Disposable {
    Deno.kill(this.#pid, "SIGSTOP");
    return { [Symbol.dispose]: () => Deno.kill(this.#pid, "SIGCONT") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
