/**
 * Runs what `.ci/run` promises: the README's test command, `test:full` and the static checks, and adds up their results.
 *
 * The last line is always `N passed, N failed`. A command that fails without a failed step, or runs no step, counts as
 * one failure more.
 */
import { join } from "node:path";
import { ROOT } from "./launch.ts";
import { type StepResult, sum } from "./report.ts";

/** Exit code after a closing line that counts failures; `.ci/run` takes any other as a crash of this file. */
const FAILED = 10;

/** The test command as the README gives it. */
const README_COMMAND = /^(npx -y deno@\d+\.\d+\.\d+ task) test$/m;

const results = await Deno.makeTempFile({ prefix: "seameet-results-" });
const readme = README_COMMAND.exec(await Deno.readTextFile(join(ROOT, "README.md")));
const steps: StepResult[] = [];
const failed = (name: string) => ({ name, passed: 0, failed: 1, skipped: 0, seconds: 0 });
if (readme === null) {
  console.error("README.md does not show the test command");
  steps.push(failed("the README's test command"));
} else {
  const [test, task] = readme;
  for (const command of [test, `${task} test:full`, `${task} ok --static`]) steps.push(...await run(command));
}
await Deno.remove(results);
const total = sum(steps);
console.log("\nNot passed:");
for (const step of steps) {
  if (step.failed === 0) continue;
  console.log(`  ${step.name}: ${step.failed} failed ${step.note ?? ""}`);
  for (const failure of step.failures ?? []) console.log(`    ${failure}`);
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
Deno.exit(total.failed === 0 && total.passed > 0 ? 0 : FAILED);

/** Runs one command line as a user would and answers its steps. */
async function run(command: string): Promise<StepResult[]> {
  console.log(`\n$ ${command}`);
  await Deno.writeTextFile(results, "");
  const { success } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: ROOT,
    env: { CI: "true", SEAMEET_RESULTS: results },
  }).spawn().status;
  const lines = (await Deno.readTextFile(results)).split("\n").filter((line) => line !== "");
  const done = lines.map((line): StepResult => JSON.parse(line));
  const consistent = success === (sum(done).failed === 0) && done.length > 0;
  return consistent ? done : [...done, failed(`\`${command}\` as a whole`)];
}
