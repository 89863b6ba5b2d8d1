/** Bytes of the authentication tag of AES-GCM. */
export const TAG_BYTES = 16;

/** Key id (1) and counter (4), between the clear bytes and the ciphertext. */
export const HEADER_BYTES = 5;

/** What encryption adds to a frame: header, tag, and the byte that says how many bytes are clear. */
export const OVERHEAD_BYTES: number = HEADER_BYTES + TAG_BYTES + 1;

/** Clear bytes of a VP8 or VP9 keyframe: VP8's frame tag, start code and size, which the packetiser reads. */
const KEYFRAME_CLEAR_BYTES = 10;

/** Clear bytes of other video frames: VP8's frame tag. */
const DELTA_CLEAR_BYTES = 3;

const VP8_OR_VP9 = /^video\/vp[89]$/i;

const encoder = new TextEncoder();

/** The parts of an encrypted frame. */
export interface EncryptedFrame {
  /** Low eight bits of the sender key's number. */
  readonly kid: number;
  /** Number of the frame under that key. */
  readonly counter: number;
  /** The clear bytes. */
  readonly clear: Uint8Array;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  /** What is authenticated besides: clear bytes, key id and counter; the sender's id goes before. */
  readonly header: Uint8Array;
}

/**
 * How many bytes at the front of a frame stay clear.
 *
 * @param mimeType As the browser says it (`video/VP8`); absent where it does not say, which is taken for VP8 in video.
 * @returns `undefined` for codecs whose packetiser parses the whole frame (H.264, AV1): those cannot be sent this way.
 */
export function clearBytes(
  kind: "audio" | "video",
  mimeType: string | undefined,
  frame: Uint8Array,
): number | undefined {
  if (kind === "audio") return 0;
  if (mimeType !== undefined && !VP8_OR_VP9.test(mimeType)) return undefined;
  // Bit 0 of VP8's first byte is 0 in a keyframe (RFC 6386 section 9.1). VP9's is mostly 0: ten clear bytes do no harm.
  if (frame.length >= KEYFRAME_CLEAR_BYTES && (frame[0]! & 1) === 0) return KEYFRAME_CLEAR_BYTES;
  return frame.length >= DELTA_CLEAR_BYTES ? DELTA_CLEAR_BYTES : 0;
}

/** What is authenticated with a frame: whose it is, what is clear of it, and which number it has. */
export function additionalData(sender: string, header: Uint8Array): Uint8Array<ArrayBuffer> {
  const id = encoder.encode(sender);
  const data = new Uint8Array(id.length + header.length);
  data.set(id);
  data.set(header, id.length);
  return data;
}

/** Clear bytes, key id and counter: the front of an encrypted frame. */
export function frameHeader(clear: Uint8Array, kid: number, counter: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(clear.length + HEADER_BYTES);
  header.set(clear);
  header[clear.length] = kid;
  new DataView(header.buffer).setUint32(clear.length + 1, counter);
  return header;
}

/** Puts an encrypted frame together. */
export function writeFrame(header: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(header.length + sealed.length + 1);
  frame.set(header);
  frame.set(sealed, header.length);
  frame[frame.length - 1] = header.length - HEADER_BYTES;
  return frame;
}

/** Takes an encrypted frame apart; `undefined` when it is none. */
export function readFrame(frame: Uint8Array<ArrayBuffer>): EncryptedFrame | undefined {
  if (frame.length < OVERHEAD_BYTES) return undefined;
  const clearLength = frame[frame.length - 1]! & 0x7f;
  if (clearLength + OVERHEAD_BYTES > frame.length) return undefined;
  const start = clearLength + HEADER_BYTES;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    kid: frame[clearLength]!,
    counter: view.getUint32(clearLength + 1),
    clear: frame.subarray(0, clearLength),
    sealed: frame.subarray(start, frame.length - 1),
    header: frame.subarray(0, start),
  };
}
