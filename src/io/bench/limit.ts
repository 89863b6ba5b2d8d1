import { silentLogger } from "../../base/log.ts";
import { PacketPool } from "../../base/packet_pool.ts";
import { DatagramBatch } from "../../sfu/outbox.ts";
import { Path } from "../../transport/path.ts";
import { nativeCiphers } from "../native/libcrypto_cipher.ts";
import { type NativeLibraries, openNative } from "../native/library.ts";
import { NativeEndpoint } from "../native/native_endpoint.ts";
import { HEADER_BYTES } from "./bench_media.ts";
import { LIMIT_PROGRAM } from "./limit_program.ts";
import { threadTime } from "./thread_time.ts";
import { openWorker } from "./worker_port.ts";

/** What one run has done. */
export interface Tally {
  /** Datagrams sent. */
  readonly sent: number;
  /** Datagrams that have arrived. */
  readonly received: number;
  /** By the clock. */
  readonly seconds: number;
  /** Processor time of the sending thread: other processes on the same core do not count. */
  readonly cpuSeconds: number;
}

/** Counts datagrams on another core. */
export interface Sink {
  /** Where it listens: on Linux on every loopback address. */
  readonly port: number;
  /** What has arrived since the last call, once nothing comes any more. */
  count(): Promise<number>;
}

/** The bare loop that figures are compared with, and the sink that everything is sent to. */
export interface Limit extends AsyncDisposable {
  /** Where it comes from: compiled C, the same loop from TypeScript over FFI, or nothing. */
  readonly kind: "c" | "ffi" | "none";
  /** A sentence for people. */
  readonly description: string;
  /** Where to send. */
  readonly sink: Sink;
  /** Seals and sends `datagrams`, to each receiver in turn; `undefined` where there is no limit to compare with. */
  measure(receivers: number, datagrams: number, payloadBytes: number): Promise<Tally | undefined>;
}

/** What to look for, so that a test can leave things out. */
export interface LimitProbe {
  readonly compilers: readonly string[];
  /** Whether native calls may be made. */
  readonly ffi: boolean;
}

const systemProbe: LimitProbe = { compilers: ["cc", "gcc", "clang"], ffi: true };

/** Datagrams per call, as in `limit.c`. */
const BATCH = 128;

/** The share of a run that warms up the loop over FFI before it counts. */
const WARM_UP = 0.1;

/**
 * How long a program that was compiled may take for one answer: a run takes half a second, and the sink answers once nothing
 * has come for 50 ms. One that takes longer is ended, and the benchmark with an error.
 */
const ANSWER_MS = 30_000;

/** Compiles `limit.c`, or takes the bare loop over FFI, or does without, and says so. */
export async function openLimit(probe: LimitProbe = systemProbe): Promise<Limit> {
  if (Deno.build.os === "linux") {
    for (const compiler of probe.compilers) {
      const limit = await compile(compiler);
      if (limit !== undefined) return limit;
    }
  }
  const libraries = probe.ffi ? openNative() : { unavailable: "native calls are off" };
  return await bareLoop("unavailable" in libraries ? undefined : libraries);
}

/** `undefined` where that compiler is not there, may not be run, or lacks the headers of libcrypto. */
async function compile(compiler: string): Promise<Limit | undefined> {
  const permissions = [{ name: "run", command: compiler }, { name: "write" }] as const;
  if (permissions.some((permission) => Deno.permissions.querySync(permission).state !== "granted")) return undefined;
  const folder = await Deno.makeTempDir({ prefix: "seameet-limit-" });
  try {
    const [source, program] = [`${folder}/limit.c`, `${folder}/limit`];
    await Deno.writeTextFile(source, LIMIT_PROGRAM);
    const args = ["-O2", "-pthread", "-o", program, source, "-lcrypto"];
    const { success } = await new Deno.Command(compiler, { args, stdout: "null", stderr: "null" }).output();
    if (success) return await compiled(program, folder, compiler);
  } catch {
    // No such program: the next one, or the loop over FFI, and the report says which it was.
  }
  await Deno.remove(folder, { recursive: true });
  return undefined;
}

async function compiled(program: string, folder: string, compiler: string): Promise<Limit> {
  const child = new Deno.Command(program, { args: ["count"], stdin: "piped", stdout: "piped" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const writer = child.stdin.getWriter();
  const next = async (name: string) => {
    const { value } = await within(child, () => lines.next());
    return numberOf(value ?? "", name);
  };
  const port = await next("port");
  const count = async () => {
    await writer.write(new TextEncoder().encode("\n"));
    return await next("received");
  };
  return {
    kind: "c",
    description: `limit.c, compiled by ${compiler} -O2`,
    sink: { port, count },
    async measure(receivers, datagrams, payloadBytes) {
      await count();
      const args = ["send", ...[receivers, datagrams, payloadBytes, port].map(String)];
      const sender = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
      const { stdout } = await within(sender, () => sender.output());
      const text = new TextDecoder().decode(stdout);
      const [sent, seconds, cpuSeconds] = ["sent", "seconds", "cpuSeconds"].map((name) => numberOf(text, name));
      return { sent: sent!, seconds: seconds!, cpuSeconds: cpuSeconds!, received: await count() };
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await child.status;
      await lines.return?.();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Waits for something of a program, which is ended when that takes too long: it then answers nothing. */
async function within<T>(child: Deno.ChildProcess, wait: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => child.kill("SIGKILL"), ANSWER_MS);
  try {
    return await wait();
  } finally {
    clearTimeout(timer);
  }
}

/** A number of a line of JSON that our own program has written. */
function numberOf(line: string, name: string): number {
  const found = new RegExp(`"${name}":([\\d.]+)`).exec(line);
  if (found === null) throw new Error(`limit.c answered "${line.trim()}", without ${name}`);
  return Number(found[1]);
}

/** Answers of `sink_worker.ts`. */
interface SinkAnswer {
  readonly port?: number;
  readonly received?: number;
}

async function bareLoop(libraries: NativeLibraries | undefined): Promise<Limit> {
  const worker = openWorker<string, SinkAnswer>(new URL("sink_worker.ts", import.meta.url));
  const port = (await worker.answer()).port!;
  const count = async () => {
    worker.post("count");
    return (await worker.answer()).received!;
  };
  return {
    kind: libraries === undefined ? "none" : "ffi",
    description: libraries === undefined
      ? "no limit: there is neither a C compiler with libcrypto nor the native engine"
      : "ATTENTION: no C compiler with libcrypto, the bare loop over FFI instead of limit.c",
    sink: { port, count },
    async measure(receivers, datagrams, payloadBytes) {
      if (libraries === undefined) return undefined;
      const tally = await runBareLoop(libraries, receivers, datagrams, HEADER_BYTES + payloadBytes, port, count);
      return { ...tally, received: await count() };
    },
    [Symbol.asyncDispose]() {
      worker.close();
      return Promise.resolve();
    },
  };
}

/** What `limit.c` does, with our own ciphers and endpoint. */
async function runBareLoop(
  libraries: NativeLibraries,
  receivers: number,
  datagrams: number,
  length: number,
  port: number,
  discard: () => Promise<number>,
): Promise<Omit<Tally, "received">> {
  const provider = nativeCiphers(libraries);
  const key = (i: number) => Uint8Array.from({ length: 16 }, (_, at) => at === 0 ? i & 0xff : i >> 8);
  const to = Array.from({ length: receivers }, (_, i) => ({
    cipher: provider.create("AEAD_AES_128_GCM", key(i), new Uint8Array(12)),
    path: new Path(0, `127.1.${(i + 1) >> 8}.${(i + 1) & 0xff}`, port),
  }));
  const pool = new PacketPool();
  // Each packet by itself, as in C: more than one packet per receiver in a call would be segments of one message.
  const batchSize = Math.min(BATCH, receivers);
  const endpoint = new NativeEndpoint(["127.0.0.1"], 0, pool, silentLogger, libraries);
  const batch = new DatagramBatch();
  let sequence = 0;
  const run = (count: number) => {
    for (let sent = 0; sent < count;) {
      for (let i = 0; i < batchSize && sent < count; i++, sent++) {
        const { cipher, path } = to[sent % receivers]!;
        const packet = pool.acquire();
        packet.length = cipher.sealRtp(packet.bytes, HEADER_BYTES, length, 1, ++sequence);
        batch.add(packet, path);
      }
      endpoint.send(batch);
    }
  };
  const time = threadTime(true);
  run(Math.ceil(datagrams * WARM_UP));
  await discard();
  const [wall, busy] = [performance.now(), time.seconds()];
  run(datagrams);
  const tally = { sent: datagrams, seconds: (performance.now() - wall) / 1_000, cpuSeconds: time.seconds() - busy };
  await endpoint.close();
  for (const { cipher } of to) cipher.close();
  return tally;
}
