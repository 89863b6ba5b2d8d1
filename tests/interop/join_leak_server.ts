/**
 * The server of `join_leak_full_test.ts` and `bench/join_storm.ts`, in a process of its own: prints its address, then
 * answers `/memory` with its resident bytes after garbage collection and the CPU time that it has used.
 *
 * With the argument `keep` it forgets to close the native contexts of SRTP, as a server with a leak would.
 */
import process from "node:process";
import { createServer } from "../../server.ts";
import { GcmContext } from "../../src/io/native/gcm_context.ts";

if (Deno.args.includes("keep")) GcmContext.prototype.close = () => {};

/** What allocators keep for later counts as resident; this gives it back (malloc_trim(3)). */
const { symbols: libc } = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });

/** Handshakes that are over keep a timer of werift's for a second; measured is what is still there after them. */
const SAMPLES = 6;
const SAMPLE_MS = 400;

/** The least resident memory of some moments, after garbage collection, and CPU seconds so far. */
async function usage(): Promise<Record<string, number>> {
  const { user, system } = process.cpuUsage();
  const { gc } = globalThis as { gc?: (options: Record<string, string>) => void };
  let least = Deno.memoryUsage();
  for (let i = 0; i < SAMPLES; i++) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    // The collector otherwise keeps pages for later, a hundred megabytes of them or none.
    for (let round = 0; round < 3; round++) gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    libc.malloc_trim(0n);
    const now = Deno.memoryUsage();
    if (now.rss < least.rss) least = now;
  }
  return { ...least, cpuSeconds: (user + system) / 1e6 };
}

const server = await createServer({
  ws: { hostname: "127.0.0.1", port: 0 },
  udpPort: 0,
  mediaAddresses: ["127.0.0.1"],
  engine: "native",
  allowUnauthenticatedJoins: true,
  limits: { maxRoomMembers: 100 },
  handleHttp: ({ url }) => new URL(url).pathname === "/memory" ? usage().then(Response.json) : undefined,
});
console.log(`http://127.0.0.1:${server.wsAddress.port}`);
Deno.addSignalListener("SIGTERM", () => void server.close());
await server.finished;
