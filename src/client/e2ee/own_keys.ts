import type { Millis } from "../../base/time.ts";
import type { Scheduler } from "../scheduler.ts";
import { SENDER_KEY_BYTES } from "./key_chain.ts";
import type { SenderKey } from "./remote_keys.ts";
import { type ExchangeKeys, makeExchangeKeys } from "./sealed_keys.ts";

/** Between sending a new key to everybody and using it, so that nobody gets a frame before its key. */
const ACTIVATION_DELAY_MS: Millis = 200;

/** How long what was sealed for our earlier short-lived key can still be opened. */
const EXCHANGE_GRACE_MS: Millis = 10_000;

/** Our own keys: the short-lived pair others seal for, the sender key in use, and the next one while it is being handed out. */
export class OwnKeys {
  /** Newest first; the second one for what is under way. */
  exchange: ExchangeKeys[] = [];
  /** In use now. */
  active: SenderKey;
  /** Handed out and not in use yet. */
  pending: SenderKey | undefined;
  #scheduler: Scheduler;
  #onActive: (key: SenderKey) => void;
  #cancelActivation: () => void = () => {};
  #cancelGrace: () => void = () => {};
  #lastKeyId = 0;

  /** Makes the first sender key, which is used at once: nobody has it, so nobody can read what is sent with it. */
  constructor(scheduler: Scheduler, onActive: (key: SenderKey) => void) {
    this.#scheduler = scheduler;
    this.#onActive = onActive;
    this.active = { keyId: 0, raw: randomKey() };
  }

  /** The newest sender key: what a newcomer is to be given. */
  get newest(): SenderKey {
    return this.pending ?? this.active;
  }

  /** Makes a new short-lived pair. */
  async renewExchange(): Promise<void> {
    this.exchange = [await makeExchangeKeys(), ...this.exchange.slice(0, 1)];
    this.#cancelGrace();
    this.#cancelGrace = this.#scheduler.after(EXCHANGE_GRACE_MS, () => this.exchange = this.exchange.slice(0, 1));
  }

  /** Makes a new sender key, in use a moment later. One that was still waiting for that is never used. */
  rotate(): SenderKey {
    this.#cancelActivation();
    const key: SenderKey = { keyId: ++this.#lastKeyId, raw: randomKey() };
    this.pending = key;
    this.#cancelActivation = this.#scheduler.after(ACTIVATION_DELAY_MS, () => {
      this.pending = undefined;
      this.active = key;
      this.#onActive(key);
    });
    return key;
  }

  /** Stops waiting. */
  close(): void {
    this.#cancelActivation();
    this.#cancelGrace();
  }
}

function randomKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(SENDER_KEY_BYTES));
}
