import { useSyncExternalStore } from "react";

/** A value with subscribers; every change makes a new value. */
export class Store<T> {
  #value: T;
  #listeners = new Set<() => void>();

  /** Creates a store with its first value. */
  constructor(value: T) {
    this.#value = value;
  }

  /** The value now. */
  get value(): T {
    return this.#value;
  }

  /** Changes parts of the value. */
  update(change: Partial<T>): void {
    this.#value = { ...this.#value, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back after each change; bound, because React passes it around. */
  readonly subscribe = (listener: () => void): () => void => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** A store's value in a component. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, () => store.value);
}
