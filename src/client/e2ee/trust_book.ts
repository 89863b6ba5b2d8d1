import type { IdentityStore } from "./identity_store.ts";

/** Name of the list in the store. */
const NAME = "pins";

/** Pins that are kept; beyond it the oldest of those that were never verified go first. */
const MAX_PINS = 1_000;

/**
 * What is known about somebody's identity key.
 *
 * `none`: a client without identity keys. `new`: nobody of this name was met before. `known`: the key was met before under this
 * name. `verified`: and its safety number was compared. `changed`: somebody of this name was met in this room, with another key.
 */
export type Trust = "none" | "new" | "known" | "verified" | "changed";

/** One name that was met with one key. */
interface Pin {
  readonly room: string;
  readonly name: string;
  /** Base64 of the identity key. */
  readonly key: string;
  readonly verified: boolean;
}

/** What a look into the book says. */
export interface TrustFinding {
  /** How far the key can be trusted. */
  readonly trust: Trust;
  /** The keys that were known for the name in this room instead; only where `trust` is `changed`. */
  readonly previous: readonly string[];
  /** One of those had been verified. */
  readonly wasVerified: boolean;
}

/** The keys of people met before, by room and name. */
export class TrustBook {
  #store: IdentityStore;

  /** Opens the book in a store. */
  constructor(store: IdentityStore) {
    this.#store = store;
  }

  /** Looks somebody up; `key` is absent for a client without identity keys. */
  async find(room: string, name: string, key: string | undefined): Promise<TrustFinding> {
    const pins = name === "" ? [] : (await this.#read()).filter((pin) => pin.name === name);
    const same = pins.filter((pin) => pin.key === key);
    if (same.length > 0) {
      return { trust: same.some((pin) => pin.verified) ? "verified" : "known", previous: [], wasVerified: false };
    }
    const here = pins.filter((pin) => pin.room === room);
    if (here.length === 0) return { trust: key === undefined ? "none" : "new", previous: [], wasVerified: false };
    return {
      trust: "changed",
      previous: here.map((pin) => pin.key),
      wasVerified: here.some((pin) => pin.verified),
    };
  }

  /** Remembers a key under a room and a name. */
  async pin(room: string, name: string, key: string, verified: boolean): Promise<void> {
    const pins = await this.#read();
    const others = pins.filter((pin) => pin.room !== room || pin.name !== name || pin.key !== key);
    const all = [...others, { room, name, key, verified }];
    const surplus = all.length - MAX_PINS;
    if (surplus > 0) {
      const oldest = [...all.filter((pin) => !pin.verified), ...all.filter((pin) => pin.verified)].slice(0, surplus);
      return await this.#store.set(NAME, all.filter((pin) => !oldest.includes(pin)));
    }
    await this.#store.set(NAME, all);
  }

  async #read(): Promise<Pin[]> {
    const stored = await this.#store.get(NAME);
    return Array.isArray(stored) ? stored.filter(isPin) : [];
  }
}

function isPin(value: unknown): value is Pin {
  if (typeof value !== "object" || value === null) return false;
  const { room, name, key, verified } = value as Partial<Record<keyof Pin, unknown>>;
  return typeof room === "string" && typeof name === "string" && typeof key === "string" &&
    typeof verified === "boolean";
}
