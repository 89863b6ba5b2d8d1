/** Frames that wait for one reader: 1.3 s of sound, two seconds of slow video. */
const AUDIO_BUFFER = 64;
const VIDEO_BUFFER = 16;

/** How many frames of each kind wait for a reader before the newest are left out. */
export const FRAME_BUFFER = { audio: AUDIO_BUFFER, video: VIDEO_BUFFER } as const;

/** Hands frames to any number of readers, none of which can slow down the others or grow memory. */
export class FrameStreams<Frame> {
  readonly #controllers: Set<ReadableStreamDefaultController<Frame>> = new Set();
  readonly #capacity: number;
  readonly #copy: (frame: Frame) => Frame;
  readonly #onChange: () => void;
  #dropped = 0;

  /** `onChange` is told when the first reader has come or the last one has gone. */
  constructor(capacity: number, copy: (frame: Frame) => Frame, onChange: () => void) {
    this.#capacity = capacity;
    this.#copy = copy;
    this.#onChange = onChange;
  }

  /** Readers now. */
  get size(): number {
    return this.#controllers.size;
  }

  /** Frames that a reader was too slow for, all readers together. */
  get dropped(): number {
    return this.#dropped;
  }

  /** A stream of what comes from now on; cancel it when done. */
  open(): ReadableStream<Frame> {
    let own: ReadableStreamDefaultController<Frame>;
    return new ReadableStream<Frame>({
      start: (controller) => {
        own = controller;
        this.#controllers.add(controller);
        this.#onChange();
      },
      cancel: () => {
        if (this.#controllers.delete(own)) this.#onChange();
      },
    }, { highWaterMark: this.#capacity });
  }

  /** Hands a frame to every reader that has room; each gets a copy of its own. */
  emit(frame: Frame): void {
    for (const controller of this.#controllers) {
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(this.#copy(frame));
      else this.#dropped++;
    }
  }

  /** Ends all streams, once what waits was read; with an error at once. */
  end(error?: Error): void {
    const controllers = [...this.#controllers];
    this.#controllers.clear();
    for (const controller of controllers) {
      if (error === undefined) controller.close();
      else controller.error(error);
    }
    if (controllers.length > 0) this.#onChange();
  }
}
