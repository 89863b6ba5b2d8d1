import { assertEquals } from "@std/assert";
import { countTests, failureTexts, sum } from "./report.ts";

const CASE = `<testcase name="a" classname="./a_test.ts"></testcase>`;
const FAILED = `<testcase name="b"><failure message="x">x</failure></testcase>`;
const SKIPPED = `<testcase name="c"><skipped/></testcase>`;

Deno.test("countTests() counts passed, failed and skipped tests", () => {
  assertEquals(countTests(CASE + CASE, 0), { passed: 2, failed: 0, skipped: 0 });
  assertEquals(countTests(CASE + FAILED + SKIPPED, 1), { passed: 1, failed: 1, skipped: 1 });
});

Deno.test("countTests() counts a failed run without a failed test, and a run without tests, as one failure", () => {
  assertEquals(countTests("", 1), { passed: 0, failed: 1, skipped: 0 });
  assertEquals(countTests("", 0), { passed: 0, failed: 1, skipped: 0 });
  assertEquals(countTests(CASE, 1), { passed: 1, failed: 1, skipped: 0 });
  assertEquals(countTests(SKIPPED, 0), { passed: 0, failed: 1, skipped: 1 });
});

Deno.test("failureTexts() names what failed and what it said", () => {
  const failed =
    `<testcase name="b &gt; c"><failure message="1 &lt; 2">Error: 1 &lt; 2\n\n  at &quot;x&quot;</failure></testcase>`;
  assertEquals(failureTexts(CASE + failed + SKIPPED), [`b > c\n    Error: 1 < 2\n      at "x"`]);
});

Deno.test("sum() adds up steps", () => {
  const step = { name: "a", passed: 1, failed: 2, skipped: 3, seconds: 4 };
  assertEquals(sum([step, step]), { passed: 2, failed: 4, skipped: 6 });
});
