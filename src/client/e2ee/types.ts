import type { ParticipantId } from "../../base/ids.ts";
import type { DecryptFailure } from "./frame_decryptor.ts";
import type { EncryptFailure } from "./frame_encryptor.ts";
import type { IdentityStore } from "./identity_store.ts";
import type { MakeTransform, TransformSupport } from "./media_transforms.ts";
import type { Trust } from "./trust_book.ts";
import type { WorkerLike } from "./worker_messages.ts";

/** Whether and how a client encrypts from end to end. */
export interface E2eeOptions {
  /** `on`: nothing of ours leaves in the clear, or the client does not start. `off` is the default. */
  readonly mode: "off" | "on";
  /**
   * The frame worker or the address of its script, `@seameet/cli/client/e2ee-worker` as the application's bundler made it.
   * A worker that is handed in stays the caller's and serves one client; one made from an address ends with the client.
   */
  readonly worker?: WorkerLike | URL | string;
  /** Where this device's identity lives; the browser's database by default. */
  readonly identityStore?: IdentityStore;
  /** Replaces what the browser can do. */
  readonly environment?: { readonly support?: TransformSupport; readonly makeTransform?: MakeTransform };
}

/**
 * How far encryption with somebody has come.
 *
 * `unencrypted`: the participant has announced no key. `exchanging`: keys are on their way. `encrypted`: each can read the other.
 * `held`: its identity key is not the one that was verified, or changed during the call: no key is given to it nor taken from
 * it until `acceptKey()`.
 */
export type EncryptionState = "unencrypted" | "exchanging" | "encrypted" | "held";

/** What is known about encryption with one participant. Never changes; a new object takes its place. */
export interface ParticipantEncryption {
  /** How far it has come. */
  readonly state: EncryptionState;
  /** Whether the identity key is known. */
  readonly trust: Trust;
  /** Twelve groups of five digits, equal on both sides unless somebody sits between; `undefined` without a key. */
  readonly safetyNumber: string | undefined;
  /** It sends in the clear, and that was allowed. */
  readonly unencryptedAllowed: boolean;
}

/** Somebody's identity key is not the one that was expected. */
export interface KeyChange {
  /** Who. */
  readonly participant: ParticipantId;
  /** `name`: somebody of this name was met in this room with another key. `call`: the key changed while in the call. */
  readonly scope: "name" | "call";
  /** The safety number with the earlier key had been compared. */
  readonly wasVerified: boolean;
  /** No key is given to it nor taken from it until `acceptKey()`. */
  readonly held: boolean;
}

/** Frames that could not be sent or shown, told once a second at most for each participant and reason. */
export interface FrameFailure {
  /** Whose frames; our own for those that were not sent. */
  readonly participant: ParticipantId;
  /** Why; `no_key` is usual for a moment after somebody came or a key changed. */
  readonly reason: EncryptFailure | DecryptFailure;
  /** How many. */
  readonly count: number;
}

/** End-to-end encryption of a client in a room: who is protected how far, and what the person decides about it. */
export interface Encryption {
  /** What is known about encryption with a member; `undefined` when it is not in the room. */
  statusOf(participant: ParticipantId): ParticipantEncryption | undefined;
  /** The number to compare with a member; `undefined` before its key has come. */
  safetyNumber(participant: ParticipantId): string | undefined;
  /**
   * Remembers on this device that the safety number was compared (or not any more). Also accepts a key that changed.
   *
   * Say with `compared` which number that was: a server could put another key in its place just before. Then nothing is
   * remembered and the answer is `false`, as for somebody who is not in the room.
   */
  markVerified(participant: ParticipantId, verified?: boolean, compared?: string): Promise<boolean>;
  /** Goes on with a key that changed, without having compared it; `shown` is its safety number, as `compared` above. */
  acceptKey(participant: ParticipantId, shown?: string): Promise<boolean>;
  /**
   * Shows what a member without encryption sends, or no longer. Nothing of ours reaches it in the clear all the same.
   * It holds until the member leaves or announces a key.
   */
  allowUnencrypted(participant: ParticipantId, allowed?: boolean): void;
}
