import { SeaMeetError } from "../../base/errors.ts";
import type { LibopusInstance, LibopusPool } from "./libopus.ts";

/** How the state of one codec comes into being. */
export interface StateRecipe {
  /** For messages: `encoder` or `decoder`. */
  readonly what: string;
  /** Bytes that it takes. */
  size(instance: LibopusInstance): number;
  /** Fills it. @throws {SeaMeetError} with code `codec` */
  initialise(instance: LibopusInstance, pointer: number): void;
}

/** The state of one codec inside an instance, made anew on another one after its instance has failed. */
export class LibopusState {
  readonly #pool: LibopusPool;
  readonly #recipe: StateRecipe;
  #instance: LibopusInstance | undefined;
  #pointer = 0;
  #closed = false;

  /** Makes the state at once, so that what cannot work says so here. */
  constructor(pool: LibopusPool, recipe: StateRecipe) {
    this.#pool = pool;
    this.#recipe = recipe;
    this.instance();
  }

  /** Where the state lies in the last answer of {@linkcode instance}. */
  get pointer(): number {
    return this.#pointer;
  }

  /**
   * The instance with the state on it.
   *
   * @throws {SeaMeetError} with code `closed` after `close`, `codec` when no state can be made
   */
  instance(): LibopusInstance {
    if (this.#closed) throw new SeaMeetError("closed", `The Opus ${this.#recipe.what} is closed`);
    if (this.#instance?.usable) return this.#instance;
    this.#release();
    const instance = this.#pool.take();
    const pointer = instance.allocate(this.#recipe.size(instance));
    try {
      this.#recipe.initialise(instance, pointer);
    } catch (error) {
      instance.release(pointer);
      throw error;
    }
    this.#pointer = pointer;
    return this.#instance = instance;
  }

  /** Gives the memory back; any number of times. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    const instance = this.#instance;
    this.#instance = undefined;
    instance?.release(this.#pointer);
  }
}
