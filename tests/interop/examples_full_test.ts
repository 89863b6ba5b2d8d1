/** The examples as a person starts them, and the announcing bot as Chromium hears and sees it. */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { announce, tone } from "../../examples/bot_announce.ts";
import { joinRoom, silentLogger } from "../../mod.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { launchChromium } from "./browser.ts";
import { cameraOf, Person, PERSONAS } from "./call_person.ts";
import type { CallProbe } from "./call_probe.ts";
import { soon } from "./call_signaling.ts";
import { Child } from "./child.ts";
import { decibels, loudestTone } from "./media_judge.ts";
import { startMeetServer } from "./meet_server.ts";
import { machine, PATIENCE_MS } from "./patience.ts";

const ROOM = "blue-calm-owl";
const EXAMPLES = [...Deno.readDirSync(`${ROOT}/examples`)].map(({ name }) => name).filter((name) =>
  name.endsWith(".ts")
)
  .sort();
const { ada: ADA } = PERSONAS;
const BOT = "Announcer";
/** Of the bot's tone: a sine with an amplitude of 0.3. */
const TONE_LEVEL = 0.3 / Math.SQRT2;

async function run(name: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Child> {
  return new Child(
    new Deno.Command(Deno.execPath(), {
      args: withConfig(["run", "--unstable-net", "-A", "--no-check", `examples/${name}`, ...args], await prepare()),
      cwd: ROOT,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }),
  );
}

Deno.test("every example has correct types and says in its head how it is started", async () => {
  const args = withConfig(["check", ...EXAMPLES.map((name) => `examples/${name}`)], await prepare());
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assert(success, new TextDecoder().decode(stderr));
  for (const name of EXAMPLES) {
    const [head = ""] = (await Deno.readTextFile(`${ROOT}/examples/${name}`)).split("*/");
    assert(head.startsWith("/**"), name);
    assertStringIncludes(head, "deno run --unstable-net -A ", name);
    assertStringIncludes(head, ` examples/${name}`);
  }
});

Deno.test("the examples with a server start, say where they are, and can be joined there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seameet-examples-" });
  try {
    const started: [string, string[], Record<string, string>][] = [
      ["room.ts", ["0"], {}],
      ["record.ts", [`${folder}/recordings`, "0"], {}],
      ["transcribe_hook.ts", ["0"], {}],
      ["auth_jwt.ts", ["0"], { JWT_SECRET: "0123456789abcdef0123456789abcdef" }],
    ];
    for (const [name, args, env] of started) {
      await using child = await run(name, args, env);
      const [, host] = await child.says(/Open http:\/\/(localhost:\d+)/);
      const token = name === "auth_jwt.ts" ? (await child.says(/Ada, moderator: (\S+)/))[1]! : "";
      await using _ada = await joinRoom({ url: `ws://${host}`, room: "lobby", displayName: "Ada", token });
      if (name === "room.ts") await child.says(/participantJoined/);
      if (name === "record.ts") {
        await using _ben = await joinRoom({ url: `ws://${host}`, room: "lobby" });
        const [, directory] = await child.says(/Recording into (\S+)/);
        // Asked to end, it closes its files.
        assertEquals(await child.stop(), 0);
        assertStringIncludes(await Deno.readTextFile(`${directory}/timeline.json`), "stopped");
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the bots start and join the room they are told", async () => {
  await using meet = await startMeetServer({ logger: silentLogger });
  const url = meet.origin.replace("http:", "ws:");
  await using ada = await joinRoom({ url, room: "daily" });
  const file = await Deno.makeTempFile({ suffix: ".wav" });
  const tones = ["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=22050:duration=1", "-y", file];
  assert((await new Deno.Command("ffmpeg", { args: ["-v", "error", ...tones] }).output()).success);
  const arrivals = ada.arrivals();
  for (const [name, args] of [["bot_echo.ts", []], ["bot_announce.ts", [file]]] as const) {
    await using _child = await run(name, [url, "daily", ...args]);
    const remote = (await soon(arrivals.next(), name)).value;
    assertEquals(remote?.displayName, name === "bot_echo.ts" ? "Echo" : BOT);
    if (name === "bot_announce.ts") {
      assertAlmostEquals((await soon(loudestTone(remote!.audio()), "a tone")).toneHz, 700, 3);
    }
  }
  await Deno.remove(file);
});

/** A pixel of the bot's picture, as shares of its width and height, and the sound of the bot as a page gets them. */
function perceived(person: Person, x: number, y: number) {
  return person.page.evaluate(
    async (bot: string, x: number, y: number) => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      const video = document.querySelector<HTMLVideoElement>(
        `[data-testid=video-tile][data-participant="${bot}"] video`,
      )!;
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      context.drawImage(video, 0, 0);
      const pixel = [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data].slice(0, 3);
      const { toneHz, level } = (await probe.sounds()).find(({ name }) => name === bot) ?? { toneHz: 0, level: 0 };
      return { size: [canvas.width, canvas.height], pixel, toneHz, level };
    },
    BOT,
    x,
    y,
  );
}

/** The bot's tone without a hole. */
function isSteady({ toneHz, level }: { toneHz: number; level: number }): boolean {
  return Math.abs(toneHz - 700) < 18 && Math.abs(decibels(level, TONE_LEVEL)) < 3;
}

Deno.test("Chromium hears the bot's tone, sees its picture, and the bot's picture shows how loud the page is", async () => {
  await using meet = await startMeetServer({ logger: silentLogger });
  const browser = await launchChromium();
  try {
    const url = meet.origin.replace("http:", "ws:");
    const bot = await joinRoom({ url, room: ROOM, displayName: BOT });
    const announcing = announce(bot, tone(700));
    const ada = await Person.open(browser, meet.origin, ADA, { viewport: { width: 1280, height: 800 } });
    await ada.enter(ROOM, { mic: false });
    const blue = [0, 0, 230] as const;
    await ada.shows(cameraOf(ADA), { name: BOT, shows: blue });
    await ada.hears({ name: BOT, source: "microphone", toneHz: 700 });

    // A busy machine makes holes in sound: until a look has none. A wrong level is wrong each time.
    let quiet = await perceived(ada, 0.1, 0.9);
    for (const end = Date.now() + PATIENCE_MS; !isSteady(quiet) && Date.now() < end;) {
      quiet = await perceived(ada, 0.1, 0.9);
    }
    console.log(
      `tone ${quiet.toneHz} Hz, ${decibels(quiet.level, TONE_LEVEL).toFixed(2)} dB off, pixel ${quiet.pixel}`,
    );
    assertEquals(quiet.size, [320, 240]);
    assert(isSteady(quiet), `${JSON.stringify(quiet)}; ${machine()}`);
    for (const [i, value] of blue.entries()) assertAlmostEquals(quiet.pixel[i]!, value, 30);

    // A microphone with a peak of 0.3: the bar reaches a quarter of the width, but not half of it.
    await ada.click("btn-toggle-mic");
    await ada.waits(
      "see the bot's bar",
      (bot: string) => {
        const video = document.querySelector<HTMLVideoElement>(
          `[data-testid=video-tile][data-participant="${bot}"] video`,
        )!;
        const canvas = new OffscreenCanvas(1, 1);
        const context = canvas.getContext("2d")!;
        context.drawImage(video, 0.2 * video.videoWidth, 0.9 * video.videoHeight, 1, 1, 0, 0, 1, 1);
        const [red = 0, , blue = 0] = context.getImageData(0, 0, 1, 1).data;
        return red > 150 && blue < 100;
      },
      BOT,
    );
    const beyond = (await perceived(ada, 0.5, 0.9)).pixel;
    assertGreater(beyond[2]!, 150);
    await bot.close();
    await announcing;
    await ada.shows(cameraOf(ADA));
  } finally {
    await browser.close();
  }
});
