/** Reasons of Linux that speak against segments, not against the destination: bad message, unsuitable device, too long, unknown. */
const EIO = 5;
const EINVAL = 22;
const EMSGSIZE = 90;
const ENOPROTOOPT = 92;
const EOPNOTSUPP = 95;
const REFUSALS: readonly number[] = [EIO, EINVAL, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP];

/** Destinations that may refuse before the socket counts as unsuitable: one path with a small MTU says nothing about the others. */
const MAX_REFUSALS = 4;

/** Whether one socket sends runs of packets as one message that the kernel cuts (`UDP_SEGMENT`). */
export class Segmentation {
  readonly #onOff: (reason: number) => void;
  #refusals = 0;
  #on: boolean;

  /** `onOff` is told once, with the reason of the kernel, when it is switched off later. */
  constructor(on: boolean, onOff: (reason: number) => void = () => {}) {
    this.#on = on;
    this.#onOff = onOff;
  }

  /** Whether it is to be used. */
  get on(): boolean {
    return this.#on;
  }

  /** How many destinations have refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Takes the reason why a message of several packets was not sent; says whether its destination should get them one by one. */
  refused(reason: number): boolean {
    if (!REFUSALS.includes(reason)) return false;
    this.#refusals++;
    if (this.#on && this.#refusals >= MAX_REFUSALS) {
      this.#on = false;
      this.#onOff(reason);
    }
    return true;
  }
}
