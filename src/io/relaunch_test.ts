import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { until } from "../../tests/interop/raw_client.ts";
import { type PermissionFact, planRelaunch, type RelaunchSituation } from "./relaunch.ts";

const NAMES = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;

function permissions(changes: Partial<Record<typeof NAMES[number], Partial<PermissionFact>>> = {}): PermissionFact[] {
  return NAMES.map((name) => ({ name, state: "granted", scoped: false, ...changes[name] }));
}

function situation(changes: Partial<RelaunchSituation> = {}): RelaunchSituation {
  return {
    hasUnstableNet: false,
    standalone: false,
    relaunched: false,
    permissions: permissions(),
    mayRun: true,
    execPath: "/bin/deno",
    mainModule: "jsr:@seameet/cli",
    args: ["serve", "--port", "1"],
    ...changes,
  };
}

function flags(changes: Parameters<typeof permissions>[0]): readonly string[] {
  const plan = planRelaunch(situation({ permissions: permissions(changes) }));
  assert(plan.kind === "start", JSON.stringify(plan));
  return plan.args.slice(2, plan.args.indexOf("jsr:@seameet/cli"));
}

function message(changes: Partial<RelaunchSituation>): string {
  const plan = planRelaunch(situation(changes));
  assert(plan.kind === "cannot", JSON.stringify(plan));
  return plan.message;
}

Deno.test("planRelaunch() starts the same module with the same arguments", () => {
  assertEquals(planRelaunch(situation({ hasUnstableNet: true })), { kind: "continue" });
  const args = ["run", "--unstable-net", "-A", "jsr:@seameet/cli", "serve", "--port", "1"];
  assertEquals(planRelaunch(situation()), { kind: "start", execPath: "/bin/deno", args });
});

Deno.test("planRelaunch() passes on no more permissions than there are", () => {
  const prompt = { state: "prompt" } as const;
  assertEquals(flags({ ffi: prompt, write: prompt, import: prompt }), [
    "--allow-read",
    "--allow-net",
    "--allow-env",
    "--allow-sys",
    "--allow-run",
  ]);
  assertEquals(flags({ ffi: { state: "denied" } }), [
    "--allow-read",
    "--allow-write",
    "--allow-net",
    "--allow-env",
    "--allow-sys",
    "--allow-run",
    "--deny-ffi",
    "--allow-import",
  ]);
  assertEquals(
    flags({ ...Object.fromEntries(NAMES.map((name) => [name, prompt])), run: { state: "prompt", scoped: true } }),
    [],
  );
});

Deno.test("planRelaunch() gives the exact command where it cannot start one, without the token", () => {
  const net = permissions({ net: { state: "prompt", scoped: true } });
  const args = ["serve", "--auth-token", "hunter2", "--auth-token=hunter2", "--allow-origin", "*"];
  const text = message({ permissions: net, args });
  assertStringIncludes(text, "The limits of --allow-net cannot be passed on");
  assert(
    text.endsWith("deno run --unstable-net -A jsr:@seameet/cli serve --auth-token … --auth-token=… --allow-origin '*'"),
    text,
  );
  assertStringIncludes(message({ mayRun: false }), "permission to start it automatically is missing");
  assertStringIncludes(message({ relaunched: true }), "This Deno does not know them");
  assertStringIncludes(message({ standalone: true }), "deno compile --unstable-net");
});

/** A program that relaunches itself, then holds a port until it is asked to end. */
const PROGRAM = `
import { onStarterGone, relaunchIfNeeded } from ${JSON.stringify(new URL("relaunch.ts", import.meta.url).href)};
import { onEndSignal } from ${JSON.stringify(new URL("signals.ts", import.meta.url).href)};
const result = await relaunchIfNeeded();
if (result.kind === "cannot") { console.log(result.message); Deno.exit(1); }
if (result.kind === "ended") Deno.exit(result.code);
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
listener.accept(); // a server goes on by itself; one that only listens would end here
const permissions = {};
for (const name of ["write", "ffi"]) permissions[name] = Deno.permissions.querySync({ name }).state;
onEndSignal((signal) => Deno.exit({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal]));
onStarterGone(() => Deno.exit(9));
console.log(JSON.stringify({ port: listener.addr.port, pid: Deno.pid, args: Deno.args, permissions }));
`;

interface Started {
  outer: Deno.ChildProcess;
  inner: { port: number; pid: number; args: string[]; permissions: Record<string, string> };
}

async function withProgram(run: (start: (...flags: string[]) => Deno.ChildProcess) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, PROGRAM);
    await run((...flags) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-config", "--no-lock", ...flags, `${folder}/main.ts`, "serve", "--name", "a b"],
        env: { DENO_NO_UPDATE_CHECK: "1" },
        stdin: "null",
        stdout: "piped",
      }).spawn()
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function started(outer: Deno.ChildProcess): Promise<Started> {
  const reader = outer.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Program ended: ${text}`);
    text += value;
  }
  reader.cancel();
  return { outer, inner: JSON.parse(text) };
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** Waits until the inner process is gone; its port must be free then. */
async function assertNothingLeft({ inner }: Started): Promise<void> {
  await until("the inner process is gone", () => !isAlive(inner.pid));
  Deno.listen({ hostname: "127.0.0.1", port: inner.port }).close();
}

const ignore = Deno.build.os === "windows";

Deno.test(
  "relaunchIfNeeded() passes signals and the exit code on, and leaves nothing behind",
  { ignore },
  () =>
    withProgram(async (start) => {
      for (const [signal, code] of [["SIGTERM", 15], ["SIGINT", 2], ["SIGHUP", 1]] as const) {
        const program = await started(start("-A"));
        assert(program.inner.pid !== program.outer.pid);
        assertEquals(program.inner.args, ["serve", "--name", "a b"]);
        program.outer.kill(signal);
        assertEquals((await program.outer.status).code, code);
        await assertNothingLeft(program);
      }
    }),
);

Deno.test("onStarterGone() ends a program whose starter was killed", { ignore }, () =>
  withProgram(async (start) => {
    const program = await started(start("-A"));
    program.outer.kill("SIGKILL");
    await program.outer.status;
    await assertNothingLeft(program);
  }));

Deno.test(
  "relaunchIfNeeded() has the permissions of the first start, no more",
  { ignore },
  () =>
    withProgram(async (start) => {
      const program = await started(start("--allow-net", "--allow-read", "--allow-env", "--allow-sys", "--allow-run"));
      assertEquals(program.inner.permissions, { write: "prompt", ffi: "prompt" });
      program.outer.kill("SIGTERM");
      await program.outer.status;
      await assertNothingLeft(program);
    }),
);

Deno.test(
  "relaunchIfNeeded() prints the command when permissions are scoped or missing",
  { ignore },
  () =>
    withProgram(async (start) => {
      for (
        const flags of [["--allow-net=127.0.0.1", "--allow-run", "--allow-read", "--allow-env"], [
          "--allow-read",
          "--allow-env",
        ]]
      ) {
        const { code, stdout } = await start(...flags).output();
        assertEquals(code, 1);
        assertMatch(
          new TextDecoder().decode(stdout),
          /^Media sockets need.*deno run --unstable-net -A file:.* serve --name 'a b'\n$/,
        );
      }
    }),
);

Deno.test("relaunchIfNeeded() does nothing where the flag is given", { ignore }, () =>
  withProgram(async (start) => {
    const program = await started(start("-A", "--unstable-net"));
    assertEquals(program.inner.pid, program.outer.pid);
    program.outer.kill("SIGTERM");
    assertEquals((await program.outer.status).code, 15);
  }));
