/** Made-up devices for a page: a camera of one colour, a microphone of one tone, and a screen of another colour and tone. */

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** What a page's `getUserMedia` and `getDisplayMedia` give. */
export interface FakeDevices {
  readonly colour: Colour;
  readonly toneHz: number;
  readonly screenColour: Colour;
  readonly screenToneHz: number;
  /** Leaves the microphone to the browser and screens without sound: Firefox has no `AudioContext` without a sound card. */
  readonly ownSound?: boolean;
  /** Leaves `getDisplayMedia` to the browser. */
  readonly ownScreen?: boolean;
  /** Of the camera, 640 × 480 when absent: small pictures for tests with many pages on one machine. */
  readonly cameraSize?: readonly [width: number, height: number];
}

/**
 * Puts the made-up devices in place of the browser's own. Runs in the page before its scripts, so it can use nothing from outside.
 *
 * A mark moves along the upper edge, away from the middle where colours are looked at: an unchanged canvas sends no frames.
 */
export function installFakeMedia(
  { colour, toneHz, screenColour, screenToneHz, ownSound, ownScreen, cameraSize }: FakeDevices,
): void {
  const devices = navigator.mediaDevices;
  if (devices === undefined) return; // the empty page before the first one
  const framesPerSecond = 15;
  const markSize = 16;

  const picture = (fill: Colour, width: number, height: number): MediaStreamTrack => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d")!;
    let step = 0;
    const paint = () => {
      context.fillStyle = `rgb(${fill.join(" ")})`;
      context.fillRect(0, 0, width, height);
      context.fillStyle = step % 2 === 0 ? "black" : "white";
      context.fillRect((step++ * markSize) % width, 0, markSize, markSize);
    };
    paint();
    const track = canvas.captureStream(framesPerSecond).getVideoTracks()[0]!;
    const timer = setInterval(() => {
      if (track.readyState === "ended") clearInterval(timer);
      else paint();
    }, 1000 / framesPerSecond);
    return track;
  };

  /** Says in `globalThis.fakeSounds` how many sounds are still held. */
  const count = (more: number) =>
    Reflect.set(globalThis, "fakeSounds", (Reflect.get(globalThis, "fakeSounds") ?? 0) + more);

  const sound = (frequency: number): MediaStreamTrack => {
    // One for each: Chromium keeps the nodes of one that is open, also of sounds that have ended.
    const audio = new AudioContext({ sampleRate: 48_000 });
    const destination = audio.createMediaStreamDestination();
    const oscillator = new OscillatorNode(audio, { frequency });
    oscillator.connect(new GainNode(audio, { gain: 0.3 })).connect(destination);
    oscillator.start();
    const track = destination.stream.getAudioTracks()[0]!;
    count(1);
    const timer = setInterval(() => {
      if (track.readyState !== "ended") return;
      clearInterval(timer);
      void audio.close().then(() => count(-1));
    }, 1000);
    return track;
  };

  const microphone = async (): Promise<MediaStreamTrack> => {
    if (!ownSound) return sound(toneHz);
    // What improves speech takes a steady tone for noise.
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return (await browserMedia({ audio: plain })).getAudioTracks()[0]!;
  };

  const browserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const tracks = constraints?.video ? [picture(colour, ...(cameraSize ?? [640, 480]))] : [];
    if (constraints?.audio) tracks.push(await microphone());
    return new MediaStream(tracks);
  };
  if (ownScreen) return;
  devices.getDisplayMedia = (constraints) => {
    const tracks = [picture(screenColour, 1280, 720)];
    if (constraints?.audio && !ownSound) tracks.push(sound(screenToneHz));
    return Promise.resolve(new MediaStream(tracks));
  };
}
