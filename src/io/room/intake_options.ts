import { SeaMeetError } from "../../base/errors.ts";
import type { Processor } from "../../processing/processor.ts";
import type { PacketOrigin } from "./packet_ports.ts";

/** What decoding one participant's media needs. */
export interface IntakeOptions {
  readonly origin: PacketOrigin;
  /** What is done to the media now. */
  readonly processor: () => Processor;
  /** Gets what a processor emits. */
  readonly onEvent: (event: unknown) => void;
  /** Gets what a processor threw, and why decoding ended. */
  readonly onError: (error: unknown) => void;
  /** Told when packets were given up. */
  readonly onLoss?: () => void;
}

/** Says why there is nothing to decode. */
export function encryptedError(): SeaMeetError {
  return new SeaMeetError("codec", "This participant encrypts from end to end: its media cannot be read on a server");
}
