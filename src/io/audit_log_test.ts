import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openAuditLog } from "./audit_log.ts";

async function withFile(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/audit.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = async (path: string) =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("openAuditLog() appends one JSON line per event, in order, readable for its owner only", () =>
  withFile(async (path) => {
    for (const start of [0, 500]) {
      const log = await openAuditLog(path);
      for (let i = 0; i < 500; i++) log.write({ type: "peerConnected", n: start + i, name: "a\nb" });
      await log.close();
      await log.close();
      log.write({ type: "late" });
    }
    const lines = await read(path);
    assertEquals(lines.map((line) => line.n), Array.from({ length: 1_000 }, (_, i) => i));
    assertEquals(lines[0], { type: "peerConnected", n: 0, name: "a\nb" });
    if (Deno.build.os !== "windows") assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  }));

Deno.test("openAuditLog() drops what does not fit, says so once and leaves a mark", () =>
  withFile(async (path) => {
    const trouble: string[] = [];
    const log = await openAuditLog(path, { maxWaitingChars: 100, onTrouble: (message) => trouble.push(message) });
    for (let i = 0; i < 50; i++) log.write({ type: "x", n: i });
    assert(log.dropped > 0);
    await log.close();
    const lines = await read(path);
    assertEquals(lines.at(-1), { type: "auditDropped", count: log.dropped });
    assertEquals(lines.length - 1, 50 - log.dropped);
    assertEquals(trouble, ["Audit log cannot keep up: events are being dropped"]);
  }));

Deno.test(
  "openAuditLog() says it when the disk is full, and goes on",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const trouble: string[] = [];
    const log = await openAuditLog("/dev/full", { onTrouble: (message) => trouble.push(message) });
    log.write({ type: "x" });
    log.write({ type: "y" });
    await log.close();
    assertEquals([log.dropped, trouble.length], [2, 1]);
    assertStringIncludes(trouble[0]!, "Audit log cannot be written");
  },
);

Deno.test("openAuditLog() rejects when the file cannot be opened", () =>
  withFile(async (path) => {
    await assertRejects(() => openAuditLog(`${path}/below/a/file`), Deno.errors.NotFound);
  }));
