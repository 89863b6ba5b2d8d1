import { assert, assertEquals, assertMatch } from "@std/assert";
import { silentLogger } from "../../src/base/log.ts";
import { QUICK } from "../../src/io/bench/bench_cases.ts";
import { openLimit } from "../../src/io/bench/limit.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";

/** A number that means something. */
function isPositive(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

Deno.test("seameet bench --quick measures each case with each engine and writes both files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [json, markdown] = [`${folder}/report.json`, `${folder}/report.md`];
    const words = ["run", "-A", "--no-check", "cli.ts", "bench", "--quick", "--json", json, "--markdown", markdown];
    const command = new Deno.Command(Deno.execPath(), {
      args: withConfig(words, await prepare()),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    });
    const { code, stdout, stderr } = await command.output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text + new TextDecoder().decode(stderr));
    const report = JSON.parse(await Deno.readTextFile(json));
    const engines = chooseEngine("auto", silentLogger).name === "native" ? ["native", "portable"] : ["portable"];
    const expected = QUICK.cases.flatMap(({ name, nativeOnly }) =>
      engines.filter((engine) => engine === "native" || !nativeOnly).map((engine) => `${name} ${engine}`)
    );
    assertEquals(report.rows.map((row: { case: string; engine: string }) => `${row.case} ${row.engine}`), expected);
    for (const row of report.rows) {
      for (const name of ["packetsPerSecond", "microsPerPacket", "delivered"]) assert(isPositive(row[name]), name);
      for (const name of ["sent", "received", "seconds", "cpuSeconds"]) assert(isPositive(row.run[name]), name);
      if (report.limit.kind === "none") assertEquals(row.ratioToLimit, null);
      else assert(isPositive(row.ratioToLimit) && isPositive(row.limit.sent) && isPositive(row.limit.received));
      // On a machine that has much else to do no copy may come back in time; a number must be one all the same.
      if (row.delay !== null) assert(isPositive(row.delay.p50) && row.delay.p99 >= row.delay.p50);
    }
    assert(isPositive(report.machine.cores) && report.residentBytesPerSubscriber >= 0);
    const page = await Deno.readTextFile(markdown);
    for (const { name } of QUICK.cases) assert(page.includes(`| ${name} `), name);
    assert(text.includes(page), "the page is printed as well");
    for (const secret of [folder, Deno.hostname()]) assert(!JSON.stringify(report).includes(secret));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("seameet bench refuses what it does not know, before it measures anything", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: withConfig(["run", "-A", "--no-check", "cli.ts", "bench", "--fast"], await prepare()),
    cwd: ROOT,
  });
  const { code, stderr } = await command.output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /Unknown option --fast: see bench --help/);
});

Deno.test("openLimit() takes the loop over FFI without a compiler, and says so", async () => {
  await using limit = await openLimit({ compilers: ["no-such-compiler"], ffi: true });
  if (chooseEngine("auto", silentLogger).name === "portable") {
    assertEquals(limit.kind, "none");
    return;
  }
  assertEquals(limit.kind, "ffi");
  assertMatch(limit.description, /no C compiler/);
  const tally = await limit.measure(10, 500, 100);
  assertEquals(tally?.sent, 500);
  assertEquals(tally?.received, 500);
  assert(isPositive(tally?.cpuSeconds));
});

Deno.test("openLimit() has a sink but no figures where there are neither compiler nor FFI", async () => {
  await using limit = await openLimit({ compilers: [], ffi: false });
  assertEquals(limit.kind, "none");
  assertEquals(await limit.measure(10, 500, 100), undefined);
  assertEquals(await limit.sink.count(), 0);
});
