/** Takes the events of one kind. */
export type Listener<T> = (event: T) => void;

/**
 * A typed list of listeners for each kind of event.
 *
 * `Events` maps the names to what is handed over. A listener that throws does not keep the others from being called; its
 * error is reported the way the browser reports any uncaught one.
 */
export class Emitter<Events extends object> {
  #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Adds a listener; the returned function removes it again. */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, listeners = new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls the listeners of `name` in the order they were added. */
  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    // A copy, because a listener may remove itself or others.
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      try {
        (listener as Listener<Events[K]>)(event);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /** Forgets all listeners. */
  clear(): void {
    this.#listeners.clear();
  }
}
