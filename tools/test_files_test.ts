import { assert, assertEquals } from "@std/assert";
import { testFiles, testRun } from "./test_files.ts";

Deno.test("testRun() tells the run from the name", () => {
  assertEquals(testRun("src/rtp/rtx.ts"), undefined);
  assertEquals(testRun("src/rtp/rtx_test.ts"), "parallel");
  assertEquals(testRun("tests/interop/call_test.ts"), "serial");
  assertEquals(testRun("tests/interop/published_full_test.ts"), "full");
  assertEquals(testRun("tests/interop/firefox_netns_full_test.ts"), "netns");
  assertEquals(testRun("examples/meet/src/app_test.tsx"), "parallel");
});

Deno.test("testFiles() finds this file and nothing twice", () => {
  const files = testFiles("parallel");
  assert(files.includes("tools/test_files_test.ts"));
  assertEquals(new Set(files).size, files.length);
});
