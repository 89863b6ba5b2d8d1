import type { ParticipantId } from "../../base/ids.ts";
import type { DecryptFailure } from "./frame_decryptor.ts";
import type { EncryptFailure } from "./frame_encryptor.ts";

/** Which frames a transform handles. */
export type TransformOptions =
  | { readonly operation: "encrypt"; readonly kind: "audio" | "video" }
  /** `line` names a receiver whose owner changes by `bind`. */
  | { readonly operation: "decrypt"; readonly kind: "audio" | "video"; readonly line: number };

/** What the page tells its frame worker. */
export type ToWorker =
  /** Who we are; everything known before is forgotten. */
  | { readonly type: "start"; readonly self: ParticipantId }
  | { readonly type: "ownKey"; readonly keyId: number; readonly key: Uint8Array }
  | { readonly type: "key"; readonly from: ParticipantId; readonly keyId: number; readonly key: Uint8Array }
  | { readonly type: "purge"; readonly from: ParticipantId; readonly keepKeyId: number }
  | { readonly type: "remove"; readonly from: ParticipantId }
  /** Lets clear frames of somebody through, as long as there is no key of theirs. */
  | { readonly type: "allowClear"; readonly from: ParticipantId; readonly allowed: boolean }
  /** Whose frames the lines carry, all of them; a line that is not named carries nobody's and lets nothing through. */
  | { readonly type: "bind"; readonly owners: readonly (readonly [line: number, owner: ParticipantId])[] }
  /** The streams of a browser that has no `RTCRtpScriptTransform`. */
  | {
    readonly type: "transform";
    readonly options: TransformOptions;
    readonly readable: ReadableStream<FrameLike>;
    readonly writable: WritableStream<FrameLike>;
  };

/** What the frame worker tells its page. */
export type FromWorker =
  /** The script was loaded and runs. */
  | { readonly type: "ready" }
  /** Frames that were dropped since the last report; at most one report a second. */
  | { readonly type: "dropped"; readonly drops: readonly FrameDrops[] }
  /** Pictures of somebody can be decrypted again after some were not: a whole one is needed. */
  | { readonly type: "recovered"; readonly from: ParticipantId };

/** Dropped frames of one participant, for one reason. */
export interface FrameDrops {
  /** Whose; our own for frames that were not sent. */
  readonly participant: ParticipantId;
  /** Why. */
  readonly reason: EncryptFailure | DecryptFailure;
  /** How many since the last report. */
  readonly count: number;
}

/** The part of an encoded frame that is used. */
export interface FrameLike {
  /** The encoded bytes. */
  data: ArrayBuffer;
  /** What the browser knows about the frame. */
  getMetadata(): { readonly mimeType?: string };
}

/** The part of a `Worker` that the client uses, so that a page of any bundler can hand in its own. */
export interface WorkerLike {
  /** Sends a message. */
  postMessage(message: ToWorker, transfer?: Transferable[]): void;
  /** Adds a listener. */
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  /** Adds a listener for a script that does not load. */
  addEventListener(type: "error", listener: (event: Event) => void): void;
  /** Ends the worker. */
  terminate(): void;
}
