import { assert, assertEquals, assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { Child } from "./child.ts";
import { LocalRegistry } from "./local_registry.ts";
import { expectedFiles, listed } from "./published_files.ts";
import { cameraOf, person, SeedPages } from "./seed_pages.ts";

const README = new URL("../../README.md", import.meta.url);

/** A frame of each codec. */
const CODECS = `
import { createOpusDecoder, createOpusEncoder } from "jsr:@seameet/cli/codecs/opus";
import { createVp8Encoder } from "jsr:@seameet/cli/codecs/vp8";

const [encoder, decoder] = [await createOpusEncoder(), await createOpusDecoder()];
const packet = encoder.encode({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 });
console.log(decoder.decode(packet).samples.length, "samples");
const video = await createVp8Encoder({ backend: "native" });
const data = new Uint8Array(640 * 480 * 3);
const picture = await video.encode({ data, width: 640, height: 480, format: "RGB24", ptsMs: 0 });
console.log("keyframe", picture?.isKeyframe);
video.close();
`;

/** A bot of a room is heard, and a codec is there beside it; so are the other entry points. */
const ROOM = `
import { PeerConnection, Room } from "jsr:@seameet/cli";
import { createOpusEncoder } from "jsr:@seameet/cli/codecs/opus";
import { ProcessorChain } from "jsr:@seameet/cli/pipeline";
import { RtpPacket } from "jsr:@seameet/cli/rtp";
import { SfuServer } from "jsr:@seameet/cli/sfu";
import { createSignalingServer, SignalingState } from "jsr:@seameet/cli/signaling";

await using room = new Room({ mediaAddresses: ["127.0.0.1"] });
const bot = await room.addBot({ name: "tone" });
let at = 0;
const read = (into: Float32Array) => into.forEach((_, i) => into[i] = 0.3 * Math.sin(at++ / 20)) ?? into.length;
await bot.publishAudio({ sampleRate: 48_000, channels: 1, read });
for await (const frame of room.participant(bot.participantId).audio()) {
  if (frame.samples.some((sample) => sample > 0.1)) break;
}
console.log("heard");
const encoder = await createOpusEncoder();
const frame = { samples: new Float32Array(960), sampleRate: 48_000, channels: 1 };
console.log(encoder.encode(frame).data.length > 0);
await using state = await SignalingState.create();
await using sfu = await SfuServer.start({ udpPort: 0, mediaAddresses: ["127.0.0.1"] });
console.log(state.rooms.length, sfu.udpPort > 0);
console.log([PeerConnection, ProcessorChain, RtpPacket, createSignalingServer].every((one) => typeof one === "function"));
`;

/** Two people call each other on a server and see each other. */
async function call(origin: string): Promise<void> {
  await using pages = await SeedPages.start(origin);
  const [a, b] = [await pages.open(person(0)), await pages.open(person(1))];
  await Promise.all([a.join("published"), b.join("published")]);
  await a.shows([cameraOf(b.person)]);
  await b.shows([cameraOf(a.person)]);
}

/** `seameet load` from the registry: packets arrive; how many of them a busy machine loses is no matter of publishing. */
async function load(registry: LocalRegistry, cwd: string, origin: string): Promise<void> {
  const args = ["run", "-A", "jsr:@seameet/cli", "load", origin, "--rooms", "2", "--publishers", "1"];
  const command = registry.deno([...args, "--subscribers", "2", "--seconds", "2", "--max-loss", "50"], {
    cwd,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const out = new TextDecoder().decode(stdout);
  assertEquals(code, 0, out + new TextDecoder().decode(stderr));
  assertStringIncludes(out, "6 of 6 connected");
  const packets = (line: string) => Number(new RegExp(`^${line} +(\\d+) packets`, "m").exec(out)?.[1]);
  assertGreater(packets("Sent"), 100, out);
  assertGreater(packets("Received"), 100, out);
  assertStringIncludes(out, "Passed");
}

Deno.test("the published package: files, `deno run -A jsr:@seameet/cli serve` and `load`, the README's program", async (t) => {
  await using registry = await LocalRegistry.start();
  await using folder = await temporaryFolder();
  await registry.publish();

  await t.step("has the expected files, and no specifier that only this repository can resolve", async () => {
    const published = registry.package("@seameet/cli");
    assert(published !== undefined);
    assertEquals(listed([...published.files.keys()].map((path) => path.slice(1))), await expectedFiles());
    for (const [path, bytes] of published.files) {
      if (!/\.tsx?$/.test(path)) continue;
      const source = new TextDecoder().decode(bytes);
      for (const [, specifier = ""] of source.matchAll(/^(?:import|export|\}) .*from "([^"]+)";$/gm)) {
        assert(/^(\.{1,2}\/|jsr:|npm:|node:)/.test(specifier), `${path} imports "${specifier}"`);
      }
    }
  });

  await t.step("serves a call and the app with two workers, and ends at SIGTERM", async () => {
    const args = ["run", "-A", "jsr:@seameet/cli", "serve", "--port", "0", "--udp-port", "0", "--workers", "2"];
    await using server = new Child(registry.deno(args, { cwd: folder.path, stdout: "piped", stderr: "piped" }));
    const [, origin = ""] = await server.says(/Meeting app\s+(http:\/\/[^\s/]+)/);
    const app = await fetch(origin);
    assert((await app.text()).includes('<div id="root"'), "the app is served from the package");
    assert(/Media\s+UDP port \d+, \d+ on /.test(server.output), "there is a port for each worker");
    await call(origin);
    await load(registry, folder.path, origin);
    assertEquals(await server.stop(), 0);
    // No process and no port is left.
    await assertRejects(() => fetch(origin), TypeError);
  });

  await t.step("has codecs that work from the registry", async () => {
    await Deno.writeTextFile(`${folder.path}/codecs.ts`, CODECS);
    const flags = ["--allow-net=127.0.0.1", "--allow-import", "--allow-ffi", "--no-prompt"];
    const command = registry.deno(["run", ...flags, "codecs.ts"], {
      cwd: folder.path,
      stdout: "piped",
      stderr: "piped",
    });
    const { stdout, stderr } = await command.output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(text, "960 samples\nkeyframe true\n", new TextDecoder().decode(stderr));
  });

  await t.step("has rooms that decode, and every entry point, with the flags that the README names", async () => {
    await Deno.writeTextFile(`${folder.path}/room.ts`, ROOM);
    const command = registry.deno(["run", ...await readmeFlags(), "--no-prompt", "room.ts"], {
      cwd: folder.path,
      stdout: "piped",
      stderr: "piped",
    });
    const { stdout, stderr } = await command.output();
    assertEquals(new TextDecoder().decode(stdout), "heard\ntrue\n0 true\ntrue\n", new TextDecoder().decode(stderr));
  });

  await t.step("runs the README's program with the flags that the README names", async () => {
    const readme = await Deno.readTextFile(README);
    const program = /```ts ignore\n(import \{ createServer \}[\s\S]*?)```/.exec(readme)?.[1];
    assert(program !== undefined, "the README shows a program");
    // Free ports, so that the test runs beside a server.
    const anyPort = program.replace('"127.0.0.1:3001"', '"127.0.0.1:0", udpPort: 0');
    await Deno.writeTextFile(`${folder.path}/app.ts`, anyPort);
    const args = ["run", ...await readmeFlags(), "--no-prompt", "app.ts"];
    await using server = new Child(registry.deno(args, { cwd: folder.path, stdout: "piped", stderr: "piped" }));
    const [, port] = await server.says(/Signaling on port (\d+)/);
    await call(`http://127.0.0.1:${port}`);
  });
});

/** The flags of the command that the README gives for a program of one's own. */
async function readmeFlags(): Promise<string[]> {
  const flags = /^deno run (.*) app\.ts/m.exec(await Deno.readTextFile(README))?.[1];
  assert(flags !== undefined, "the README shows a command");
  return flags.split(" ");
}

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "seameet-published-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
