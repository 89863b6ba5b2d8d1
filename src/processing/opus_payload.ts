/** Opus RTP timestamps always count at this rate (RFC 7587 section 4.1). */
export const OPUS_CLOCK_HZ = 48_000;

/** The longest packet: 120 ms (RFC 6716 section 3.2.5). */
const MAX_SAMPLES = 5_760;

/** A payload this short carries no sound: the table-of-contents byte, maybe a count (RFC 6716 section 3.1). */
const MAX_DTX_BYTES = 2;

/** Samples at 48 kHz of one frame, by the upper five bits of the first byte (RFC 6716 table 2). */
const FRAME_SAMPLES: readonly number[] = [
  ...[480, 960, 1920, 2880], // SILK narrowband
  ...[480, 960, 1920, 2880], // SILK mediumband
  ...[480, 960, 1920, 2880], // SILK wideband
  ...[480, 960], // hybrid super-wideband
  ...[480, 960], // hybrid fullband
  ...[120, 240, 480, 960], // CELT narrowband
  ...[120, 240, 480, 960], // CELT wideband
  ...[120, 240, 480, 960], // CELT super-wideband
  ...[120, 240, 480, 960], // CELT fullband
];

/**
 * How much sound an Opus payload holds, in samples per channel at 48 kHz; 0 for a payload that is no Opus.
 *
 * Only the first two bytes are read (RFC 6716 section 3.1).
 */
export function opusSamples(payload: Uint8Array): number {
  const toc = payload[0];
  if (toc === undefined) return 0;
  const perFrame = FRAME_SAMPLES[toc >>> 3]!;
  const samples = perFrame * frameCount(payload, toc & 3);
  return samples > MAX_SAMPLES ? 0 : samples;
}

/** Milliseconds of sound in an Opus payload; 0 for a payload that is no Opus. */
export function opusDurationMs(payload: Uint8Array): number {
  return (opusSamples(payload) * 1000) / OPUS_CLOCK_HZ;
}

/** Whether the payload was coded in stereo (RFC 6716 section 3.1, the s bit). */
export function opusIsStereo(payload: Uint8Array): boolean {
  return ((payload[0] ?? 0) & 0x04) !== 0;
}

/**
 * Whether this payload says "nothing to hear": discontinuous transmission (RFC 6716 section 3.1, RFC 7587 section
 * 3.1.3). After it the sender may pause; what follows is silence, not loss.
 */
export function isOpusDtx(payload: Uint8Array): boolean {
  return payload.length > 0 && payload.length <= MAX_DTX_BYTES;
}

/** Whether the payload can carry redundancy for the one before: SILK and hybrid only (RFC 6716 section 4.2.2). */
export function opusMayHaveFec(payload: Uint8Array): boolean {
  const toc = payload[0];
  return toc !== undefined && toc >>> 3 < 16 && payload.length > MAX_DTX_BYTES;
}

function frameCount(payload: Uint8Array, code: number): number {
  if (code === 0) return 1;
  if (code < 3) return 2;
  return (payload[1] ?? 0) & 0x3f;
}
