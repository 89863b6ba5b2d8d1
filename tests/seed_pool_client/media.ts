/** Made-up devices: a camera of one colour, a microphone of one tone, and the measuring of both at the other end. */

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

const WIDTH = 160;
const HEIGHT = 120;
/** Five pictures a second: ten people in one browser means ninety videos to decode. */
const FRAME_INTERVAL_MS = 200;
/** Bins of 11.7 Hz at 48 kHz. */
const ANALYSER_SIZE = 4096;
/** Below this (in dB) a spectrum has no tone in it. */
const SILENCE_DB = -70;

let audio: AudioContext | undefined;

function audioContext(): AudioContext {
  return audio ??= new AudioContext({ sampleRate: 48_000 });
}

/** A video track of one colour. A small square in the corner changes, because an unchanged canvas sends no frames. */
export function colourTrack(colour: Colour): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("No 2d canvas");
  let count = 0;
  const paint = () => {
    context.fillStyle = `rgb(${colour.join(" ")})`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = count++ % 2 === 0 ? "black" : "white";
    context.fillRect(0, 0, 8, 8);
  };
  paint();
  const [track] = canvas.captureStream().getVideoTracks();
  if (track === undefined) throw new Error("The canvas gives no track");
  const timer = setInterval(() => track.readyState === "ended" ? clearInterval(timer) : paint(), FRAME_INTERVAL_MS);
  return track;
}

/** An audio track with a steady tone. */
export function toneTrack(frequencyHz: number): MediaStreamTrack {
  const context = audioContext();
  const oscillator = new OscillatorNode(context, { frequency: frequencyHz });
  const gain = new GainNode(context, { gain: 0.3 });
  const destination = context.createMediaStreamDestination();
  oscillator.connect(gain).connect(destination);
  oscillator.start();
  const [track] = destination.stream.getAudioTracks();
  if (track === undefined) throw new Error("The destination gives no track");
  return track;
}

/** The colour in the middle of a playing video, or `undefined` while it has no picture. */
export function colourOf(video: HTMLVideoElement): Colour | undefined {
  if (video.videoWidth === 0) return undefined;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return undefined;
  context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Listens to one received track. */
export class Ear {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;

  constructor(track: MediaStreamTrack) {
    const context = audioContext();
    this.#analyser = new AnalyserNode(context, { fftSize: ANALYSER_SIZE, smoothingTimeConstant: 0 });
    this.#source = new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) });
    this.#source.connect(this.#analyser);
  }

  /** The loudest frequency in hertz; 0 in silence. */
  tone(): number {
    const levels = new Float32Array(this.#analyser.frequencyBinCount);
    this.#analyser.getFloatFrequencyData(levels);
    let peak = 0;
    for (let i = 1; i < levels.length; i++) if ((levels[i] ?? 0) > (levels[peak] ?? 0)) peak = i;
    if ((levels[peak] ?? SILENCE_DB) <= SILENCE_DB) return 0;
    return peak * this.#analyser.context.sampleRate / ANALYSER_SIZE;
  }

  close(): void {
    this.#source.disconnect();
  }
}
