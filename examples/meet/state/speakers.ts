import { Store } from "./store.ts";

/** An element that can play on a chosen device; not all browsers have it. */
type SinkElement = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** Plays the others' sound, and knows when the browser wants a click first. */
export class Speakers extends Store<{ readonly blocked: boolean }> {
  #elements = new Set<SinkElement>();
  #deviceId = "";

  constructor() {
    super({ blocked: false });
  }

  /** Plays an element's sound until the returned function is called. */
  add(element: HTMLAudioElement): () => void {
    this.#elements.add(element);
    this.#route(element);
    void this.#play(element);
    return () => this.#elements.delete(element);
  }

  /** Plays what was held back; call it from a click. */
  async resume(): Promise<void> {
    this.update({ blocked: false });
    await Promise.all([...this.#elements].map((element) => this.#play(element)));
  }

  /** Plays on another device; empty for the browser's default. */
  choose(deviceId: string): void {
    if (deviceId === this.#deviceId) return;
    this.#deviceId = deviceId;
    for (const element of this.#elements) this.#route(element);
  }

  #route(element: SinkElement): void {
    // A device that has gone leaves the sound where it was.
    void element.setSinkId?.(this.#deviceId).catch(() => {});
  }

  async #play(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.update({ blocked: true });
    }
  }
}
