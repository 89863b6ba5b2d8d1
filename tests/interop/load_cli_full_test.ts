/** `seameet load` as a person runs it, against a real server: what it prints, writes and answers. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createServer } from "../../server.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { startTestServer } from "./seed_server.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function load(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const command = new Deno.Command(Deno.execPath(), {
    args: withConfig(["run", "-A", "--no-check", "cli.ts", "load", ...args], await prepare()),
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("seameet load joins two rooms, receives everything and ends with 0", async () => {
  await using server = await startTestServer();
  const folder = await Deno.makeTempDir({ prefix: "seameet-load-" });
  try {
    const file = `${folder}/load.json`;
    // The machine that runs the tests may be busy: what is measured here is that packets arrive, not how fast.
    const args = [server.origin, "--rooms", "2", "--publishers", "1", "--subscribers", "3", "--seconds", "2"];
    const { code, out, err } = await load([...args, "--max-loss", "5", "--json", file]);
    assertEquals(code, 0, out + err);
    assertStringIncludes(out, "8 of 8 connected");
    assertStringIncludes(out, "one clock");
    assertStringIncludes(out, "Passed");
    assertMatch(err, /media +8\/8 connected, \d+ sent, \d+ received/);
    const report = JSON.parse(await Deno.readTextFile(file));
    assertEquals([report.passed, report.sessions.requested, report.sessions.connected], [true, 8, 8]);
    // Fifty sounds and twenty-five pictures a second, from two publishers, to three receivers each.
    assert(report.sent.packets > 2 * 2 * 60, out);
    assert(report.received.packets > 2 * report.sent.packets, out);
    assert(report.expected > 3 * 2 * 2 * 60 && report.delayMs.p50 > 0 && report.firstPacketMs.p50 > 0, out);
    assert(report.keyframes >= 2, out);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("seameet load ends with 1 when more is missing than allowed", async () => {
  // A server without the permission to publish takes everybody in and forwards nothing.
  await using server = await createServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    authenticate: ({ token }) => token === "listen" ? { permissions: ["chat"] } : { reject: "no" },
  });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  const args = [url, "--subscribers", "1", "--seconds", "1"];
  const { code, out } = await load([...args, "--token", "listen"]);
  assertEquals(code, 1, out);
  assertStringIncludes(out, "2 of 2 connected");
  assertMatch(out, /Loss +100\.000 % of \d+ \(limit 1 %\)/);
  assertStringIncludes(out, "FAILED");
  const tolerant = await load([...args, "--token", "listen", "--max-loss", "100", "--json", "-"]);
  assertEquals([tolerant.code, JSON.parse(tolerant.out).lossPercent], [0, 100]);
});

Deno.test("seameet load says why nobody could join, and ends with 1", async () => {
  await using server = await createServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    authenticate: () => ({ reject: "no" }),
  });
  const url = `ws://127.0.0.1:${server.wsAddress.port}`;
  const { code, out } = await load([url, "--subscribers", "1", "--seconds", "1"]);
  assertEquals(code, 1, out);
  assertMatch(out, /0 of 2 connected/);
  assertMatch(out, /failed +2 × /);
  const nobody = await load(["ws://127.0.0.1:1", "--subscribers", "0", "--seconds", "1"]);
  assertEquals(nobody.code, 1);
  assertMatch(nobody.out, /failed +1 × not_reachable/);
});

Deno.test("seameet load explains itself and refuses what makes no sense", async () => {
  const help = await load(["--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.out, "--max-loss N");
  const wrong = await load(["ws://127.0.0.1:1", "--rooms", "5000"]);
  assertEquals([wrong.code, wrong.out], [1, ""]);
  assertStringIncludes(wrong.err, "--rooms must be a whole number from 1 to 1000, see seameet load --help");
});
