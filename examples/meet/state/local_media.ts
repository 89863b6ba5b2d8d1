import { DEFAULT_VIDEO_CONFIG, type VideoConfig } from "../../../src/client/mod.ts";
import { Store } from "./store.ts";

/** A device of ours. */
export type Device = "camera" | "microphone";

/** Why a device cannot be used. */
export interface MediaProblem {
  readonly device: Device;
  readonly kind: "denied" | "missing" | "busy" | "insecure" | "lost" | "other";
}

/** A device to choose from. */
export interface DeviceChoice {
  readonly id: string;
  readonly label: string;
}

/** Our devices as they are now. */
export interface LocalMediaState {
  /** The camera's track; `null` while it is off: the device is then closed and its light dark. */
  readonly camera: MediaStreamTrack | null;
  /** The microphone's track; stays while muted, so that unmuting is immediate. */
  readonly microphone: MediaStreamTrack | null;
  /** Says that the microphone is on. */
  readonly micOn: boolean;
  /** A device is being opened. */
  readonly opening: Device | null;
  readonly problem: MediaProblem | null;
  readonly cameras: readonly DeviceChoice[];
  readonly microphones: readonly DeviceChoice[];
  readonly speakers: readonly DeviceChoice[];
  /** Chosen devices; empty for the browser's default. */
  readonly cameraId: string;
  readonly microphoneId: string;
  readonly speakerId: string;
  readonly config: VideoConfig;
}

const MAX_FPS = 60;

/** Camera and microphone of this page: opened when first needed, handed from the lobby to the room, closed on leaving. */
export class LocalMedia extends Store<LocalMediaState> {
  /** Devices are opened and closed one after the other, in the order asked for. */
  #queue: Promise<void> = Promise.resolve();

  constructor() {
    super({
      camera: null,
      microphone: null,
      micOn: false,
      opening: null,
      problem: null,
      cameras: [],
      microphones: [],
      speakers: [],
      cameraId: "",
      microphoneId: "",
      speakerId: "",
      config: DEFAULT_VIDEO_CONFIG,
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.refreshDevices());
  }

  /** Switches the camera on or off. */
  setCamera(on: boolean): Promise<void> {
    return this.#then(async () => {
      if (on === (this.value.camera !== null)) return;
      if (on) await this.#openCamera();
      else this.#closeCamera();
    });
  }

  /** Switches the microphone on or off; off keeps the device. */
  setMicrophone(on: boolean): Promise<void> {
    return this.#then(async () => {
      if (on && this.value.microphone === null) return await this.#openMicrophone();
      this.update({ micOn: on, problem: on ? null : this.value.problem });
    });
  }

  /** Closes the microphone, for places where nobody waits for it to come back. */
  closeMicrophone(): Promise<void> {
    return this.#then(() => {
      this.value.microphone?.stop();
      this.update({ microphone: null, micOn: false });
    });
  }

  /** Uses another camera. */
  chooseCamera(cameraId: string): Promise<void> {
    return this.#then(async () => {
      this.update({ cameraId });
      if (this.value.camera === null) return;
      // Some phones cannot have two cameras open, so the old one goes first.
      this.#closeCamera();
      await this.#openCamera();
    });
  }

  /** Uses another microphone. */
  chooseMicrophone(microphoneId: string): Promise<void> {
    return this.#then(async () => {
      this.update({ microphoneId });
      const { microphone, micOn } = this.value;
      if (microphone === null) return;
      await this.#openMicrophone();
      // Where the other one does not open, the old one goes on.
      if (this.value.microphone === microphone) return;
      microphone.stop();
      this.update({ micOn });
    });
  }

  /** Plays the others' sound on another device. */
  chooseSpeaker(speakerId: string): void {
    this.update({ speakerId });
  }

  /** Changes size and rate of the camera picture. */
  setConfig(config: VideoConfig): Promise<void> {
    return this.#then(async () => {
      this.update({ config });
      // A camera that cannot do it stays as it is; the encoder's limits hold all the same.
      await this.value.camera?.applyConstraints(videoConstraints(config)).catch(() => {});
    });
  }

  /** Forgets what went wrong. */
  dismissProblem(): void {
    this.update({ problem: null });
  }

  /** Closes all devices. */
  close(): Promise<void> {
    return this.#then(() => {
      this.value.camera?.stop();
      this.value.microphone?.stop();
      this.update({ camera: null, microphone: null, micOn: false, problem: null });
    });
  }

  /** Reads the list of devices; browsers give names only after one of them has been used. */
  async refreshDevices(): Promise<void> {
    const found = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
    const choices = (kind: MediaDeviceKind) =>
      found.filter((device) => device.kind === kind && device.label !== "" && device.deviceId !== "")
        .map(({ deviceId, label }) => ({ id: deviceId, label }));
    const [cameras, microphones, speakers] = [choices("videoinput"), choices("audioinput"), choices("audiooutput")];
    const { cameraId, microphoneId, speakerId } = this.value;
    this.update({
      cameras,
      microphones,
      speakers,
      cameraId: present(cameras, cameraId),
      microphoneId: present(microphones, microphoneId),
      speakerId: present(speakers, speakerId),
    });
  }

  #then(step: () => void | Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(step);
    return this.#queue;
  }

  async #openCamera(): Promise<void> {
    const { cameraId, config } = this.value;
    const track = await this.#open("camera", {
      video: { ...videoConstraints(config), ...(cameraId === "" ? {} : { deviceId: { exact: cameraId } }) },
    });
    if (track === undefined) return;
    track.contentHint = "motion";
    track.addEventListener("ended", () => {
      if (this.value.camera === track) this.update({ camera: null, problem: { device: "camera", kind: "lost" } });
    });
    this.update({ camera: track });
  }

  #closeCamera(): void {
    this.value.camera?.stop();
    this.update({ camera: null });
  }

  async #openMicrophone(): Promise<void> {
    const { microphoneId } = this.value;
    const track = await this.#open("microphone", {
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...(microphoneId === "" ? {} : { deviceId: { exact: microphoneId } }),
      },
    });
    if (track === undefined) return;
    track.addEventListener("ended", () => {
      if (this.value.microphone !== track) return;
      this.update({ microphone: null, micOn: false, problem: { device: "microphone", kind: "lost" } });
    });
    this.update({ microphone: track, micOn: true });
  }

  async #open(device: Device, constraints: MediaStreamConstraints): Promise<MediaStreamTrack | undefined> {
    if (navigator.mediaDevices === undefined) {
      this.update({ problem: { device, kind: "insecure" } });
      return undefined;
    }
    this.update({ opening: device, problem: null });
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      await this.refreshDevices();
      return stream.getTracks()[0];
    } catch (error) {
      this.update({ problem: { device, kind: problemKind(error) } });
      return undefined;
    } finally {
      this.update({ opening: null });
    }
  }
}

/** A chosen device that was unplugged cannot be opened any more: the default takes its place. Without permission nothing is known. */
function present(choices: readonly DeviceChoice[], id: string): string {
  return choices.length === 0 || choices.some((choice) => choice.id === id) ? id : "";
}

function videoConstraints({ width, height, fps }: VideoConfig): MediaTrackConstraints {
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps, max: MAX_FPS } };
}

function problemKind(error: unknown): MediaProblem["kind"] {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "other";
}
