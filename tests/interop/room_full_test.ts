/** The library's room with real browsers: what it decodes is what they send, what it makes is what they see and hear. */
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import type { PcmFrame, Processor, RawVideoFrame } from "../../mod.ts";
import { cameraOf, type Person, PERSONAS, voiceOf } from "./call_person.ts";
import type { CallProbe } from "./call_probe.ts";
import { Inbox } from "./call_signaling.ts";
import { decibels, flatPicture, psnrAgainst, readTone, toneSource } from "./media_judge.ts";
import { onRoomStage, ROOM_CODE } from "./room_stage.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
/** Of the tones that the personas' microphones give: a sine with an amplitude of 0.3. */
const TONE_LEVEL = 0.3 / Math.SQRT2;
/** The mark that moves along the upper edge, and what coding smears of it. */
const MARK_LINES = 32;

/** A second of a camera's pictures. */
const DROPPED = 15;

async function firstFrames(stream: ReadableStream<RawVideoFrame>, count: number): Promise<RawVideoFrame[]> {
  const frames: RawVideoFrame[] = [];
  for await (const frame of stream) if (frames.push(frame) >= count) break;
  return frames;
}

/** The level at which a page hears somebody: the loudest of some looks, since a busy machine makes holes in sound but no louder sound. */
async function levelAt(person: Person, name: string): Promise<number> {
  const levels: number[] = [];
  for (let i = 0; i < 9; i++) {
    levels.push(
      await person.page.evaluate(async (name: string) => {
        const probe: CallProbe = Reflect.get(globalThis, "callProbe");
        await new Promise((resolve) => setTimeout(resolve, 60));
        return (await probe.sounds()).find((sound) => sound.name === name)?.level ?? 0;
      }, name),
    );
  }
  return Math.max(...levels);
}

/** How many frames of somebody's camera a page has decoded. */
async function framesAt(person: Person, name: string): Promise<number> {
  return await person.page.evaluate(async (name: string) => {
    const probe: CallProbe = Reflect.get(globalThis, "callProbe");
    return (await probe.tiles()).find((tile) => tile.name === name)?.frames ?? -1;
  }, name);
}

Deno.test("a browser's tone and picture come out of the room decoded", () =>
  onRoomStage(async ({ room, open, member }) => {
    const ada = await open(ADA);
    await ada.enter(ROOM_CODE);
    const handle = await member(ADA.name);
    const [tone, frames] = await Promise.all([readTone(handle.audio()), firstFrames(handle.video(), 20)]);
    console.log(`tone ${tone.toneHz} Hz, ${decibels(tone.toneLevel, TONE_LEVEL).toFixed(2)} dB off`);
    assertAlmostEquals(tone.toneHz, ADA.toneHz, 2);
    assertAlmostEquals(decibels(tone.toneLevel, TONE_LEVEL), 0, 3);
    const last = frames.at(-1)!;
    assertEquals([last.format, last.width / last.height], ["I420", 640 / 480]);
    const psnr = psnrAgainst(last, ADA.colour, (MARK_LINES * last.height) / 480);
    console.log(`picture ${last.width}x${last.height}, PSNR ${psnr.toFixed(1)} dB`);
    assertGreater(psnr, 30);
    assertGreater(last.ptsMs, frames[0]!.ptsMs);
    assertEquals(room.participantCount, 1);
  }));

Deno.test("a bot's tone and picture arrive in the browser, and it hears the browser", () =>
  onRoomStage(async ({ room, open, member }) => {
    const bot = await room.addBot({ name: CLEO.name });
    await bot.publishAudio(toneSource(CLEO.toneHz, TONE_LEVEL));
    bot.publishVideo({ read: () => flatPicture(320, 240, CLEO.colour) }, { fps: 15 });
    const ada = await open(ADA);
    await ada.enter(ROOM_CODE);
    await ada.shows(cameraOf(ADA), cameraOf(CLEO));
    await ada.hears(voiceOf(CLEO));
    const level = decibels(await levelAt(ada, CLEO.name), TONE_LEVEL);
    console.log(`the bot is heard ${level.toFixed(2)} dB off`);
    assertAlmostEquals(level, 0, 3);
    const tone = await readTone((await member(ADA.name)).audio());
    assertAlmostEquals(tone.toneHz, ADA.toneHz, 2);
    bot.close();
    await ada.shows(cameraOf(ADA));
  }));

/** Paints the middle half of each picture. */
function square(colour: readonly number[]): Processor {
  return {
    processVideo(frame: RawVideoFrame) {
      const flat = flatPicture(frame.width, frame.height, colour);
      const { width, height } = frame;
      const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
      const planes = [
        { start: 0, width, height },
        { start: width * height, ...half },
        { start: width * height + half.width * half.height, ...half },
      ];
      for (const plane of planes) {
        for (let y = plane.height >> 2; y < (plane.height * 3) >> 2; y++) {
          const from = plane.start + y * plane.width + (plane.width >> 2);
          const to = plane.start + y * plane.width + ((plane.width * 3) >> 2);
          frame.data.set(flat.data.subarray(from, to), from);
        }
      }
      return "forward";
    },
  };
}

/** Multiplies samples by a factor. */
function volume(factor: number): Processor {
  return {
    processAudio(frame: PcmFrame) {
      for (let i = 0; i < frame.samples.length; i++) frame.samples[i]! *= factor;
      return "forward";
    },
  };
}

Deno.test("what a processor does to somebody is what the others see and hear", () =>
  onRoomStage(async ({ open, member, processors }) => {
    const quiet = volume(10 ** (-12 / 20));
    const painted = square(CLEO.screenColour);
    processors.push({ ...quiet, ...painted });
    const ada = await open(ADA);
    await ada.enter(ROOM_CODE);
    const ben = await open(BEN);
    await ben.enter(ROOM_CODE);
    await ben.shows({ name: ADA.name, shows: CLEO.screenColour }, cameraOf(BEN));
    await ben.hears(voiceOf(ADA));
    await ada.hears(voiceOf(BEN));
    const [before, after] = [await levelAt(ada, BEN.name), await levelAt(ben, ADA.name)];
    console.log(
      `unprocessed ${decibels(before, TONE_LEVEL).toFixed(2)} dB, with -12 dB ${
        decibels(after, TONE_LEVEL).toFixed(2)
      } dB`,
    );
    assertAlmostEquals(decibels(after, before), -12, 1.5);

    // Silence and a frozen picture, then nothing is done at all.
    const handle = await member(ADA.name);
    const dropped = new Inbox<"drop">();
    handle.processor = {
      processAudio: () => "drop",
      processVideo: () => {
        dropped.add("drop");
        return "drop";
      },
    };
    await ben.hears();
    // So many pictures later none is on its way any more; and so many again change nothing.
    await dropped.count(DROPPED, "picture dropped");
    const still = await framesAt(ben, ADA.name);
    await dropped.count(2 * DROPPED, "picture dropped");
    assertEquals(await framesAt(ben, ADA.name), still, "the picture stands");
    handle.processor = {};
    await ben.shows(cameraOf(ADA), cameraOf(BEN));
    await ben.hears(voiceOf(ADA));
    assert(handle.processor !== undefined);
  }));
