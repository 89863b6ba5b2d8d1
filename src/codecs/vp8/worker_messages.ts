/** What the thread of the application and the worker say to each other. */
import type { PixelFormat } from "../../processing/frames.ts";
import type { Vp8Backend, Vp8DecoderSettings, Vp8EncoderSettings } from "./vp8_options.ts";

/** To the worker. `codec` is a number that the sender gives out, `id` comes back with the answer. */
export type WorkerRequest =
  | { id: number; codec: number; op: "openEncoder"; settings: Vp8EncoderSettings }
  | { id: number; codec: number; op: "openDecoder"; settings: Vp8DecoderSettings }
  | { id: number; codec: number; op: "encode"; picture: PictureMessage }
  | { id: number; codec: number; op: "decode"; data: Uint8Array<ArrayBuffer> }
  | { id: number; codec: number; op: "close" };

/** A picture to be encoded. */
export interface PictureMessage {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly ptsMs: number;
  readonly forceKeyframe: boolean;
  readonly bitrateKbps: number;
}

/** What the worker has done. */
export type WorkerResult =
  | { kind: "opened"; backend: Vp8Backend }
  | { kind: "encoded"; data: Uint8Array<ArrayBuffer>; isKeyframe: boolean }
  | { kind: "decoded"; data: Uint8Array<ArrayBuffer>; width: number; height: number }
  | { kind: "nothing" };

/** From the worker: the answer to one request. */
export type WorkerAnswer =
  | { id: number; result: WorkerResult }
  | { id: number; error: string };
