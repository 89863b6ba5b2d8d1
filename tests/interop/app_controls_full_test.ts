/// <reference lib="dom" />
/** Every switch of the app and every device, judged by what the others see and hear. */
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { onStage, watchOf } from "./app_stage.ts";
import type { CallProbe } from "./call_probe.ts";
import { avatarOf, cameraOf, type Person, PERSONAS, screenOf, screenSoundOf, voiceOf } from "./call_person.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const ROOM = "blue-calm-owl";

/** Somebody's picture goes on in the same track while something happens, and after it. */
async function picturesGoOn(person: Person, name: string, during: () => Promise<unknown>): Promise<void> {
  const frames = () =>
    person.page.evaluate(async (name) => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return (await probe.tiles()).find((tile) => tile.name === name)?.frames ?? -1;
    }, name);
  const before = await frames();
  await during();
  const after = await frames();
  assertGreaterOrEqual(after, before, `${name}'s track was replaced: its frames are counted anew`);
  await person.waits(
    `get more of ${name}`,
    async (name, before) => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return ((await probe.tiles()).find((tile) => tile.name === name)?.frames ?? -1) > before + 3;
    },
    name,
    after,
  );
}

async function hasState(person: Person, name: string, state: { muted: boolean; hand: boolean }): Promise<void> {
  await person.waits(
    `see ${name} ${JSON.stringify(state)}`,
    (name, { muted, hand }) => {
      const tile = document.querySelector(`[data-testid=video-tile][data-source=camera][data-participant=${name}]`);
      return (tile?.querySelector(".tile-muted") !== null) === muted &&
        (tile?.querySelector("[data-testid=tile-hand]") !== null) === hand;
    },
    name,
    state,
  );
}

Deno.test("a switch changes what it is for and nothing else, and who comes later finds everything as it is", () =>
  onStage(async ({ enter }) => {
    const [ada, ben] = [await enter(ADA, ROOM), await enter(BEN, ROOM)];
    for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
    await ben.hears(voiceOf(ADA));

    // The microphone does not touch the picture, nor anybody else's sound.
    await picturesGoOn(ben, "Ada", async () => {
      await ada.click("btn-toggle-mic");
      await ben.hears();
      await ada.hears(voiceOf(BEN));
      await hasState(ben, "Ada", { muted: true, hand: false });
      await hasState(ada, "Ben", { muted: false, hand: false });
    });

    // The camera does not touch the sound, nor the microphone that is off.
    await ben.click("btn-toggle-camera");
    await ada.shows(cameraOf(ADA), avatarOf(BEN));
    await ada.hears(voiceOf(BEN));
    await ben.hears();
    await hasState(ben, "Ada", { muted: true, hand: false });

    // A screen without a camera, with its own sound.
    await ben.click("btn-screen-share");
    await ada.shows(cameraOf(ADA), avatarOf(BEN), screenOf(BEN));
    await ada.hears(voiceOf(BEN), screenSoundOf(BEN));
    await ben.click("btn-toggle-mic");
    await ada.hears(screenSoundOf(BEN));
    await ben.click("btn-hand");

    const cleo = await enter(CLEO, ROOM);
    await cleo.shows(cameraOf(ADA), avatarOf(BEN), screenOf(BEN), cameraOf(CLEO));
    await cleo.hears(screenSoundOf(BEN));
    await hasState(cleo, "Ada", { muted: true, hand: false });
    await hasState(cleo, "Ben", { muted: true, hand: true });

    await ada.click("btn-toggle-mic");
    for (const person of [ben, cleo]) await hasState(person, "Ada", { muted: false, hand: false });
    await cleo.hears(voiceOf(ADA), screenSoundOf(BEN));
    await ben.hears(voiceOf(ADA), voiceOf(CLEO));
    await ben.click("btn-screen-share");
    await cleo.shows(cameraOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    await cleo.hears(voiceOf(ADA));
  }));

/** Gives the page a second camera and a second microphone, which show and sound like the persona's screen. Runs in the page. */
function installMoreDevices(): void {
  const devices = navigator.mediaDevices;
  if (devices === undefined) return; // the empty page before the first one
  const open = devices.getUserMedia.bind(devices);
  const isOther = (constraints: MediaTrackConstraints | boolean | undefined) =>
    typeof constraints === "object" && JSON.stringify(constraints.deviceId) === '{"exact":"other"}';
  let gone = false;
  devices.getUserMedia = async (constraints) => {
    if (isOther(constraints?.audio) && gone) throw new DOMException("It is gone", "NotFoundError");
    if (isOther(constraints?.video)) {
      return new MediaStream((await devices.getDisplayMedia({ video: true })).getVideoTracks());
    }
    if (isOther(constraints?.audio)) {
      return new MediaStream((await devices.getDisplayMedia({ audio: true })).getAudioTracks());
    }
    return await open(constraints);
  };
  const device = (kind: MediaDeviceKind, deviceId: string): MediaDeviceInfo => {
    const facts = { kind, deviceId, label: `${deviceId} ${kind}`, groupId: "" };
    return { ...facts, toJSON: () => facts };
  };
  devices.enumerateDevices = () => {
    const others = gone ? [] : (["videoinput", "audioinput"] as const).map((kind) => device(kind, "other"));
    return Promise.resolve([device("videoinput", "first"), device("audioinput", "first"), ...others]);
  };
  Reflect.set(globalThis, "unplug", () => {
    gone = true;
    devices.dispatchEvent(new Event("devicechange"));
  });
}

Deno.test("another camera and microphone take over during the call without a new description; one that is unplugged is told of", () =>
  onStage(async ({ open, enter }) => {
    const ben = await enter(BEN, ROOM);
    const ada = await open(ADA);
    await ada.page.evaluateOnNewDocument(installMoreDevices);
    await ada.enter(ROOM);
    await ben.shows(cameraOf(ADA), cameraOf(BEN));
    await ben.hears(voiceOf(ADA));
    const { descriptions } = await watchOf(ada);
    const choose = (what: string, device: string) => ada.page.select(`[data-testid=select-${what}]`, device);
    await ada.click("btn-settings");
    await ada.page.waitForSelector("[data-testid=select-camera]");
    await choose("camera", "other");
    await ben.shows({ name: "Ada", shows: ADA.screenColour }, cameraOf(BEN));
    await ben.hears(voiceOf(ADA));
    await choose("microphone", "other");
    await ben.hears({ name: "Ada", source: "microphone", toneHz: ADA.screenToneHz });
    await ben.shows({ name: "Ada", shows: ADA.screenColour }, cameraOf(BEN));
    await choose("camera", "first");
    await ben.shows(cameraOf(ADA), cameraOf(BEN));

    // Muted, another microphone stays muted.
    await ada.click("btn-toggle-mic");
    await ben.hears();
    await choose("microphone", "first");
    await ada.passes(500);
    await ben.hears();
    await choose("microphone", "other");
    await ada.click("btn-toggle-mic");
    await ben.hears({ name: "Ada", source: "microphone", toneHz: ADA.screenToneHz });
    assertEquals((await watchOf(ada)).descriptions, descriptions, "devices need no new description");

    // Unplugged: said, muted for the others, and the first one is there again with one click.
    await ada.page.evaluate(() => {
      const client: { peerConnection: RTCPeerConnection } = Reflect.get(globalThis, "seameetClient");
      const unplug: () => void = Reflect.get(globalThis, "unplug");
      unplug();
      const microphone = client.peerConnection.getSenders().find(({ track }) => track?.kind === "audio")?.track;
      microphone?.stop();
      microphone?.dispatchEvent(new Event("ended"));
    });
    await ada.says("Your microphone was disconnected.");
    await ben.hears();
    await hasState(ben, "Ada", { muted: true, hand: false });
    await ada.click("btn-toggle-mic");
    await ben.hears(voiceOf(ADA));
    await ben.shows(cameraOf(ADA), cameraOf(BEN));
  }));
