/**
 * The containers without a container engine: the files are linted, and what the last stages do (which files are copied,
 * which command starts, as which user's permissions) is done here in a bare folder.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { validate } from "dockerfile-utils";
import { dirname, join } from "node:path";
import { createServer } from "../../server.ts";
import { staticFiles } from "../../src/io/static_files.ts";
import { buildWeb } from "../../tools/build_web.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { Child } from "./child.ts";

const DOCKERFILES = ["Dockerfile", "examples/meet/Dockerfile"];

/** The instructions of the last stage, lines that are continued joined. */
async function lastStage(path: string): Promise<string[]> {
  const lines = (await Deno.readTextFile(join(ROOT, path))).replaceAll(/^#.*\n/gm, "").replaceAll(/\\\n\s*/g, "")
    .split("\n").filter((line) => line !== "");
  return lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
}

/** The exec form of an instruction, `["deno", "run", …]`. */
function execForm(stage: readonly string[], instruction: string): string[] {
  const line = stage.find((text) => text.startsWith(instruction)) ?? "";
  return JSON.parse(line.slice(line.indexOf("[")));
}

/** Copies what `COPY --from=build /app/…` names from this repository. */
async function copyFromBuild(stage: readonly string[], into: string): Promise<void> {
  for (const line of stage.filter((text) => /^COPY --from=build \/app\//.test(text))) {
    const words = line.split(" ").slice(2);
    const target = words.pop()!;
    for (const word of words) {
      const name = word.replace("/app/", "");
      const to = join(into, target.endsWith("/") ? name : target);
      await Deno.mkdir(dirname(to), { recursive: true });
      const { success, stderr } = await new Deno.Command("cp", { args: ["-r", join(ROOT, name), to] }).output();
      assert(success, new TextDecoder().decode(stderr));
    }
  }
}

/** A port that is free now. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Runs Caddy with a file of ours. */
function caddy(config: string, env: Record<string, string>): Child {
  const args = ["run", "--adapter", "caddyfile", "--config", join(ROOT, "examples/meet", config)];
  return new Child(
    new Deno.Command("caddy", {
      args,
      env: { ...env, XDG_CONFIG_HOME: env.STATE!, XDG_DATA_HOME: env.STATE! },
      stdout: "piped",
      stderr: "piped",
    }),
  );
}

Deno.test("the Dockerfiles have no fault that a linter finds, end as a user without rights, and copy what exists", async () => {
  for (const path of DOCKERFILES) {
    assertEquals(validate(await Deno.readTextFile(join(ROOT, path))), [], path);
    const stage = await lastStage(path);
    assertMatch(stage.find((line) => line.startsWith("USER "))!, /^USER [1-9]\d+$/);
    assert(stage.some((line) => line.startsWith("HEALTHCHECK ")), `${path} has a health check`);
    for (const line of stage.filter((text) => /^COPY (--from=build \/app|examples)/.test(text))) {
      if (line.includes("/dist ")) continue; // made by the build
      for (const word of line.split(" ").filter((text) => text.startsWith("/app/") || text.startsWith("examples/"))) {
        await Deno.stat(join(ROOT, word.replace("/app/", "")));
      }
    }
  }
});

Deno.test("the server's container starts in OPEN mode, serves app and health, and ends at SIGTERM with 0", async () => {
  await buildWeb();
  const folder = await Deno.makeTempDir({ prefix: "seameet-image-" });
  const stage = await lastStage("Dockerfile");
  await copyFromBuild(stage, folder);
  const command = withConfig(execForm(stage, "ENTRYPOINT").slice(1), await prepare());
  const port = freePort();
  const env = { PORT: String(port), UDP_PORT: "0", NO_COLOR: "1" };
  const server = new Child(
    new Deno.Command(Deno.execPath(), { args: command, cwd: folder, env, stdout: "piped", stderr: "piped" }),
  );
  try {
    await server.says(/Meeting app\s+http/);
    assertStringIncludes(server.output, "OPEN");
    const page = await fetch(`http://127.0.0.1:${port}/room/daily`);
    assertStringIncludes(await page.text(), "<title>seameet</title>");
    const [, ...health] = execForm(stage, "HEALTHCHECK");
    const args = health.map((word) => word.replace(":3001/", `:${port}/`));
    assertEquals((await new Deno.Command(Deno.execPath(), { args }).output()).code, 0);
    assertEquals(await server.stop(), 0);
    assertEquals((await new Deno.Command(Deno.execPath(), { args }).output()).code, 1);
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the app's container and the proxy in front: pages, policy, caching, and WebSockets to the server", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seameet-caddy-" });
  const dist = new URL(`file://${folder}/dist/`);
  await buildWeb({ into: dist, server: "wss://calls.example.org" });
  const [appPort, proxyPort] = [freePort(), freePort()];
  const server = await createServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
    trustedProxies: ["127.0.0.1"],
    handleHttp: staticFiles(() => Promise.resolve(undefined)),
  });
  const app = caddy("Caddyfile", { APP_ROOT: folder + "/dist", PORT: String(appPort), STATE: folder });
  const proxy = caddy("Caddyfile.tls", {
    DOMAIN: `http://127.0.0.1:${proxyPort}`,
    SERVER: `127.0.0.1:${server.wsAddress.port}`,
    MEET: `127.0.0.1:${appPort}`,
    STATE: folder,
  });
  try {
    await Promise.all([app.says(/serving initial configuration/), proxy.says(/serving initial configuration/)]);
    const origin = `http://127.0.0.1:${proxyPort}`;
    const page = await fetch(`${origin}/room/daily`);
    const html = await page.text();
    assertStringIncludes(html, '<meta name="seameet-server" content="wss://calls.example.org">');
    const own = await fetch(`http://127.0.0.1:${server.wsAddress.port}/none.js`);
    await own.body?.cancel();
    for (
      const header of ["content-security-policy", "permissions-policy", "referrer-policy", "x-content-type-options"]
    ) {
      assertEquals(page.headers.get(header), own.headers.get(header), header);
    }
    assertEquals(page.headers.get("cache-control"), "no-cache");
    const [, script = ""] = /src="([^"]+\.js)"/.exec(html) ?? [];
    const bundle = await fetch(origin + script);
    await bundle.body?.cancel();
    assertEquals([bundle.status, bundle.headers.get("cache-control")], [200, "public, max-age=31536000, immutable"]);
    const missing = await fetch(`${origin}/missing.js`);
    await missing.body?.cancel();
    assertEquals(missing.status, 404);
    assertEquals((await (await fetch(`${origin}/healthz`)).text()).trim(), "ok");

    const socket = new WebSocket(`ws://127.0.0.1:${proxyPort}/`);
    await new Promise((resolve) => socket.onopen = resolve);
    const answer = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
    socket.send(JSON.stringify({ type: "leave", participant: crypto.randomUUID(), room_id: "daily" }));
    assertEquals(JSON.parse(await answer).reason, "not_joined");
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  } finally {
    await Promise.all([app.stop(), proxy.stop()]);
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
});
