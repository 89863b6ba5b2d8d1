/**
 * `task lock`: writes `deno.lock` anew after a change of the npm packages in `deno.json`.
 *
 * It is made with the stand-ins, so it holds the npm packages and their checksums only and is the same whether or not JSR
 * can be reached.
 */
import { join } from "node:path";
import { prepare, ROOT, runDeno } from "./launch.ts";

const committed = join(ROOT, "deno.lock");
const fresh = `${committed}.${Deno.pid}`;
Deno.env.set("SEAMEET_JSR", "offline");
const code = await runDeno(["install", "--quiet", "--lock", fresh], await prepare());
if (code !== 0) Deno.exit(code);
const text = await Deno.readTextFile(fresh);
await Deno.remove(fresh);
// The stand-ins are linked by folder; a lock file that names them would not hold anywhere else.
await Deno.writeTextFile(committed, text.replace(/,\n {4}"links": \{[\s\S]*?\n {4}\}/, ""));
