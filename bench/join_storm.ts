/**
 * Join storm: how many sessions a second one core of the server takes in, through signaling, ICE, DTLS and negotiation.
 *
 * The server is a process of its own; its CPU time per session says what one core can do, whatever else the machine is
 * busy with. `deno task deno run -A --unstable-net bench/join_storm.ts [SESSIONS] [--profile FOLDER]`; with a folder the server writes a
 * CPU profile into it.
 */
import { parseArgs } from "@std/cli/parse-args";
import { silentLogger } from "../src/base/log.ts";
import { chooseEngine } from "../src/io/native/choose_engine.ts";
import { JoinLeave } from "../tests/interop/join_leave.ts";

/** Sessions a second that are to be held on one core. */
const TARGET = 100;

/** Joins before anything is measured: compiled code, filled pools. */
const WARM_UP = 200;

const { _: [sessions = 1_000], profile } = parseArgs(Deno.args, { string: ["profile"] });
const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
await using joins = await JoinLeave.start(chooseEngine("auto", silentLogger), [], flags);
await joins.run(WARM_UP);
const before = await joins.usage();
const startedAt = performance.now();
await joins.run(Number(sessions));
const seconds = (performance.now() - startedAt) / 1000;
const after = await joins.usage();
const cpuMs = 1000 * (after.cpuSeconds - before.cpuSeconds) / Number(sessions);
const times = joins.times.toSorted((a, b) => a - b);
const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!.toFixed(0);
console.log([
  `Joined      ${sessions} sessions in ${seconds.toFixed(1)} s: ${
    (Number(sessions) / seconds).toFixed(0)
  }/s, client and server together`,
  `Server      ${cpuMs.toFixed(2)} ms of CPU per join and leave: ${
    (1000 / cpuMs).toFixed(0)
  } sessions/s on one core (target ${TARGET})`,
  `Join time   p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, 40 at a time`,
].join("\n"));
