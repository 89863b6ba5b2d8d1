/** A child that waits for a datagram which never comes is ended after this time. */
const TIMEOUT_MS = 120_000;

/** Runs a script of this folder in a process of its own, with the garbage collector in reach, and reads the JSON it prints. */
export async function runNativeChild(script: string, args: readonly string[] = []): Promise<Record<string, number>> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--unstable-net", "--no-config", "--no-lock", "--no-check", "--v8-flags=--expose-gc"],
      ...[new URL(script, import.meta.url).href, ...args],
    ],
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
