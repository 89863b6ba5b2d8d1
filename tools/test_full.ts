/**
 * `task test:full`: what needs more than npm, or more than a few minutes.
 *
 * Firefox (in a network namespace, because it ignores 127.0.0.0/8), the published form, attacks on the guard, the
 * examples in comments and documents, and fuzzing with 100,000 inputs per target. What this machine cannot run is said
 * in the summary; in CI it is a failure. `FUZZ_INPUTS` changes the number of inputs.
 */
import { prepare } from "./launch.ts";
import { Report } from "./report.ts";
import { exampleFiles, sourceFiles, testFiles } from "./test_files.ts";

const FUZZ_INPUTS = "100000";

/** A namespace with its own loopback and one address that both browsers accept (10.88.0.1); nothing leaves it. */
const NAMESPACE = [
  "unshare",
  "-n",
  "sh",
  "-c",
  [
    "ip link set lo up",
    "ip link add lan0 type veth peer name lan1",
    "ip addr add 10.88.0.1/24 dev lan0",
    "ip link set lan0 up",
    "ip link set lan1 up",
    "ip route add default via 10.88.0.254 dev lan0",
    'exec "$@"',
  ].join(" && "),
  "sh",
];

const config = await prepare();
const report = new Report(config);
await report.check("type check", ["check", "--quiet", ...sourceFiles()]);
await report.check("build of the app", ["run", "-A", "tools/build_web.ts"]);
await report.check("codecs packed", ["run", "-A", "tools/pack_codecs.ts"]);
await report.tests("doc examples", ["--doc", ...exampleFiles()]);
const inputs = Deno.env.get("FUZZ_INPUTS") ?? FUZZ_INPUTS;
const fuzz = testFiles("parallel").filter((path) => path.startsWith("tests/fuzz/"));
await report.tests(`fuzz, ${inputs} inputs per target`, ["--parallel", ...fuzz], { env: { FUZZ_INPUTS: inputs } });
await report.tests("full tests", testFiles("full"));
const obstacle = await namespaceObstacle();
for (const path of testFiles("netns")) {
  if (obstacle === undefined) await report.tests(`${path} in a namespace`, [path], { wrapper: NAMESPACE });
  else report.skip(path, obstacle);
}
Deno.exit(report.finish("test:full"));

/** Why the tests in a namespace cannot run here, or `undefined`. */
async function namespaceObstacle(): Promise<string | undefined> {
  const firefox = Deno.env.get("FIREFOX") ?? "/usr/bin/firefox-esr";
  if (!await Deno.stat(firefox).then(() => true, () => false)) return "Firefox ESR is not installed";
  const [program = "", ...args] = [...NAMESPACE, "true"];
  try {
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    return success ? undefined : `no network namespace: ${new TextDecoder().decode(stderr).trim()}`;
  } catch {
    return "no network namespace: `unshare` is not installed";
  }
}
