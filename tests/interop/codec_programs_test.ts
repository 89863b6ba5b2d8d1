import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { relative } from "node:path";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { nativeObstacle } from "../../src/codecs/vp8/testing_codecs.ts";
import { PATIENCE_MS } from "./patience.ts";

/** A module as `deno info --json` describes it. */
interface GraphModule {
  readonly specifier: string;
  readonly local?: string;
  readonly dependencies?: readonly { readonly isDynamic?: boolean; readonly code?: { readonly specifier?: string } }[];
}

/** Every module that an entry point loads by being imported: paths relative to the package, and packages. */
async function moduleGraph(entry: string): Promise<string[]> {
  const args = withConfig(["info", "--json", entry], await prepare());
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  const graph: { roots: string[]; modules: GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  const known = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set(graph.roots);
  for (const specifier of loaded) {
    // What is imported by `import()` is loaded only when somebody asks for it.
    const needed = known.get(specifier)?.dependencies?.filter(({ isDynamic }) => isDynamic !== true) ?? [];
    for (const { code } of needed) if (code?.specifier !== undefined) loaded.add(code.specifier);
  }
  return [...loaded].map((specifier) => {
    const local = known.get(specifier)?.local;
    return local === undefined ? specifier : relative(ROOT, local);
  });
}

/** Runs a program with these permissions and answers what it printed; it has to end by itself. */
async function run(flags: readonly string[], program: string): Promise<string> {
  const args = withConfig(["run", "--no-prompt", "--no-check", ...flags, "-"], await prepare());
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const ENCODE = `
  import { createVp8Encoder } from "@seameet/cli/codecs/vp8";
  try {
    const encoder = await createVp8Encoder(OPTIONS);
    const data = new Uint8Array(64 * 48 * 3);
    const encoded = await encoder.encode({ data, width: 64, height: 48, format: "RGB24", ptsMs: 0 });
    console.log("keyframe:", encoded.isKeyframe);
    encoder.close();
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
`;

Deno.test("an entry point loads its own codec and no other, and no package", async () => {
  const ours = (paths: string[]) => paths.filter((path) => path.startsWith("src/codecs/") || path.startsWith("npm:"));
  for (const entry of ["mod.ts", "server.ts", "src/client/mod.ts"]) {
    assertEquals((await moduleGraph(entry)).filter((path) => path.startsWith("src/codecs/")), [], entry);
  }
  const opus = ours(await moduleGraph("src/codecs/opus/mod.ts"));
  assert(opus.length > 0 && opus.every((path) => path.startsWith("src/codecs/opus/")), opus.join(" "));
  const vp8 = ours(await moduleGraph("src/codecs/vp8/mod.ts"));
  assert(vp8.length > 0 && vp8.every((path) => path.startsWith("src/codecs/vp8/")), vp8.join(" "));
  const worker = ours(await moduleGraph("src/codecs/vp8/worker_main.ts"));
  assert(worker.length > 0 && worker.every((path) => path.startsWith("src/codecs/vp8/")), worker.join(" "));
});

/** What each entry point loads beside itself: folders of `src`, and packages. */
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = {
  "rtp.ts": ["src/base", "src/processing", "src/rtp"],
  "src/processing/mod.ts": ["src/base", "src/processing", "src/rtp"],
  "signaling.ts": ["src/base", "src/io", "src/signaling"],
  "sfu.ts": [
    "npm:sdp-transform",
    "src/bandwidth",
    "src/base",
    "src/io",
    "src/room",
    "src/rtp",
    "src/sdp",
    "src/sfu",
    "src/signaling",
    "src/stream",
    "src/transport",
  ],
  "src/client/mod.ts": ["src/base", "src/client", "src/signaling"],
};

Deno.test("an entry point loads no other, and none of what only others need", async () => {
  const entries = [...Object.keys(ENTRY_POINTS), "mod.ts", "server.ts", "cli.ts"];
  for (const [entry, allowed] of Object.entries(ENTRY_POINTS)) {
    const graph = await moduleGraph(entry);
    assertEquals(graph.filter((path) => path !== entry && entries.includes(path)), [], entry);
    const parts = graph.filter((path) => path !== entry && !path.startsWith("node:"))
      .map((path) => /^(src\/[a-z0-9]+|npm:\/?(?:@[^/]+\/)?[^@/]+)/.exec(path)?.[1]?.replace("npm:/", "npm:") ?? path);
    assertEquals([...new Set(parts)].filter((part) => !allowed.includes(part)), [], entry);
  }
});

Deno.test("Opus needs no permission but to read its file, and says so", async () => {
  const program = `
    import { createOpusEncoder } from "@seameet/cli/codecs/opus";
    try {
      const encoder = await createOpusEncoder();
      console.log("bytes:", encoder.encode({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 }).data.length);
    } catch (error) {
      console.log(error.name, error.code, error.message);
    }
  `;
  assertStringIncludes(await run(["--allow-read=src/codecs/opus/dist"], program), "bytes: ");
  const refused = await run([], program);
  assertStringIncludes(refused, "SeaMeetError codec");
  assertStringIncludes(refused, "--allow-read");
});

Deno.test("VP8 in a program: it ends when the codec is closed", async () => {
  if (nativeObstacle !== undefined) return assertStringIncludes(nativeObstacle, "not installed");
  const text = await run(["--allow-ffi", "--allow-read=src"], ENCODE.replace("OPTIONS", '{ backend: "native" }'));
  assertEquals(text.trim(), "keyframe: true");
});

Deno.test("no libvpx: a typed error that names what to install, and the program ends", async () => {
  const native = await run(["--allow-read=src"], ENCODE.replace("OPTIONS", '{ backend: "native" }'));
  assertStringIncludes(native, "SeaMeetError codec There is no VP8 codec");
  assertStringIncludes(native, "Deno runs without --allow-ffi");
  assertStringIncludes(native, "apt install libvpx7");
});
