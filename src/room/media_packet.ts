import { readU16 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { DependencyDescriptor } from "../rtp/dependency_descriptor.ts";
import type { DependencyTemplates } from "../rtp/dependency_templates.ts";
import { EXTENSION_URI, type ExtensionIndex } from "../rtp/header_extension.ts";
import { RedReader } from "../rtp/red.ts";
import type { RtpView } from "../rtp/rtp_view.ts";
import type { LayerInfo } from "../rtp/layer_info.ts";
import type { PictureCounters } from "../rtp/picture_counters.ts";
import { Vp8Descriptor } from "../rtp/vp8_descriptor.ts";
import { Vp9Descriptor } from "../rtp/vp9_descriptor.ts";

/** A negotiated codec, as publisher and receiver are compared. */
export interface TrackCodec {
  /** `opus`, `VP8`, … */
  readonly name: string;
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly clockRateHz: number;
  /** Two codecs are the same when this is: name, clock and the parameters that must agree. */
  readonly key: string;
  /** For RED (RFC 2198): the payload type of the codec inside. */
  readonly encloses?: number | undefined;
}

/** Header extension ids a publisher negotiated; 0 where it did not. */
export interface ExtensionIds {
  readonly mid: number;
  readonly audioLevel: number;
  readonly transportSequence: number;
  /** Identifier of the encoding (RFC 8852). */
  readonly rid?: number;
  /** Identifier of the encoding that a retransmission repairs. */
  readonly repairedRid?: number;
  /** The dependency descriptor, which tells layers of AV1. */
  readonly dependencies?: number;
  /** Those of `PASSED_EXTENSIONS`, in that order. */
  readonly passed: readonly number[];
}

/**
 * Header extensions that say something about the picture itself and reach every receiver as they came: without its
 * color space, for example, a browser shows another green than was sent.
 */
export const PASSED_EXTENSIONS: readonly string[] = [
  EXTENSION_URI.videoOrientation,
  EXTENSION_URI.colorSpace,
  EXTENSION_URI.videoContentType,
  EXTENSION_URI.playoutDelay,
  EXTENSION_URI.dependencyDescriptor,
];

/** Which of them is the dependency descriptor: its frame number goes on where another source takes over. */
export const DEPENDENCIES_INDEX: number = PASSED_EXTENSIONS.indexOf(EXTENSION_URI.dependencyDescriptor);

/** The shortest dependency descriptor: flags, template and frame number. */
const MIN_DEPENDENCIES = 3;

const NO_BYTES = new Uint8Array(0);

/**
 * Everything about an incoming packet that does not depend on who receives it.
 *
 * One object is filled again for each packet, once, and read by every subscription; it is valid until the next.
 */
export class MediaPacket {
  /** The publisher's unwrapped sequence number. */
  sequence = 0;
  timestamp = 0;
  marker = false;
  /** The publisher's number of the codec. */
  payloadType = 0;
  /** The payload without padding, a view of the pooled packet. */
  payload: Uint8Array = NO_BYTES;
  /** The payload repeats older sound (RFC 2198). */
  isRed = false;
  /** The newest sound in it, for receivers without RED. */
  primary: Uint8Array = NO_BYTES;
  /** A keyframe starts here. */
  startsKeyframe = false;
  /** The audio level byte as it came (RFC 6464), or -1. */
  audioLevel = -1;
  /** The packet's bytes, where `passedOffsets` point. */
  bytes: Uint8Array = NO_BYTES;
  /** Where the data of each of `PASSED_EXTENSIONS` is, or -1. */
  readonly passedOffsets: Int32Array = new Int32Array(PASSED_EXTENSIONS.length);
  /** Its length. */
  readonly passedLengths: Uint8Array = new Uint8Array(PASSED_EXTENSIONS.length);
  /** The longest of them; more than 16 bytes need two-byte headers. */
  longestPassed = 0;
  /** The VP8 descriptor, where the codec is VP8. */
  picture: Vp8Descriptor | undefined;
  /** The counters of VP8 and VP9. */
  counters: PictureCounters | undefined;
  /** The frame's number in the dependency descriptor, 16 bits, or -1. */
  frameNumber = -1;
  /** Where it stands in a stream with spatial and temporal layers. */
  layers: LayerInfo | undefined;
  readonly #vp8 = new Vp8Descriptor();
  readonly #vp9 = new Vp9Descriptor();
  readonly #dependencies = new DependencyDescriptor();
  readonly #red = new RedReader();

  /**
   * Fills the packet from its parsed header; `false` when the payload is not what the codec says.
   *
   * @param templates What dependency descriptors of the stream refer to.
   * @param isNew The packet comes for the first time, so that it may bring new templates.
   */
  read(
    packet: PooledPacket,
    view: RtpView,
    extensions: ExtensionIndex,
    ids: ExtensionIds,
    codec: TrackCodec,
    sequence: number,
    templates: DependencyTemplates,
    isNew: boolean,
  ): boolean {
    const { bytes } = packet;
    this.sequence = sequence;
    this.timestamp = view.timestamp;
    this.marker = view.marker;
    this.payloadType = view.payloadType;
    this.payload = bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength);
    this.startsKeyframe = false;
    this.audioLevel = byteOf(bytes, extensions, ids.audioLevel);
    this.#readPassed(bytes, extensions, ids.passed);
    const dependenciesAt = this.passedOffsets[DEPENDENCIES_INDEX]!;
    const hasNumber = dependenciesAt >= 0 && this.passedLengths[DEPENDENCIES_INDEX]! >= MIN_DEPENDENCIES;
    this.frameNumber = hasNumber ? readU16(bytes, dependenciesAt + 1) : -1;
    this.picture = this.counters = this.layers = undefined;
    const { encloses } = codec;
    this.isRed = encloses !== undefined;
    if (encloses !== undefined) return this.#readRed(bytes, view, encloses);
    if (codec.name === "VP8") return this.#readVp8(bytes, view);
    if (codec.name === "VP9") return this.#readVp9(bytes, view);
    if (codec.name === "AV1" && ids.dependencies !== undefined && extensions.offsetOf(ids.dependencies) >= 0) {
      const at = extensions.offsetOf(ids.dependencies);
      const length = extensions.lengthOf(ids.dependencies);
      if (this.#dependencies.parse(bytes, at, length, templates, isNew)) this.layers = this.#dependencies;
    }
    return true;
  }

  #readVp8(bytes: Uint8Array, view: RtpView): boolean {
    if (!this.#vp8.parse(bytes, view.payloadOffset, view.payloadLength)) return false;
    this.picture = this.counters = this.#vp8;
    return true;
  }

  #readVp9(bytes: Uint8Array, view: RtpView): boolean {
    if (!this.#vp9.parse(bytes, view.payloadOffset, view.payloadLength)) return false;
    this.counters = this.#vp9;
    if (this.#vp9.hasLayers) this.layers = this.#vp9;
    return true;
  }

  /** What has another codec inside than was agreed on is dropped: receivers would take it for that one. */
  #readRed(bytes: Uint8Array, view: RtpView, inside: number): boolean {
    const { payloadOffset, payloadLength } = view;
    if (!this.#red.parse(bytes, payloadOffset, payloadLength) || this.#red.payloadType !== inside) return false;
    this.primary = bytes.subarray(this.#red.primaryOffset, payloadOffset + payloadLength);
    return true;
  }

  #readPassed(bytes: Uint8Array, extensions: ExtensionIndex, ids: readonly number[]): void {
    this.bytes = bytes;
    this.longestPassed = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const offset = id === 0 ? -1 : extensions.offsetOf(id);
      this.passedOffsets[i] = offset;
      if (offset < 0) continue;
      const length = extensions.lengthOf(id);
      this.passedLengths[i] = length;
      if (length > this.longestPassed) this.longestPassed = length;
    }
  }
}

function byteOf(bytes: Uint8Array, extensions: ExtensionIndex, id: number): number {
  if (id === 0) return -1;
  const offset = extensions.offsetOf(id);
  return offset < 0 ? -1 : bytes[offset]!;
}
