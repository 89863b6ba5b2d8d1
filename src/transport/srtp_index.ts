/** The last packet index: 32 bits of rollover counter, 16 of sequence number; after it the keys are used up (RFC 3711 section 9.2). */
export const MAX_RTP_INDEX: number = 2 ** 48 - 1;

/**
 * Finds the 48-bit index of a packet from its sequence number and the highest index so far.
 *
 * Takes the rollover counter that puts the packet nearest to the highest one (RFC 3711 section 3.3.1 and
 * appendix A). Before the first rollover there is no earlier counter to belong to: a number that would need
 * one is taken as a jump ahead, as both sides then agree.
 *
 * @param highest the highest index authenticated or sent so far, -1 when there is none
 * @returns the index, or -1 when it would be beyond the last one a key may protect
 */
export function estimateIndex(highest: number, sequenceNumber: number): number {
  if (highest < 0) return sequenceNumber;
  const last = highest & 0xffff;
  let index = highest - last + sequenceNumber;
  if (last < 0x8000) {
    if (sequenceNumber - last > 0x8000) index -= 0x10000;
  } else if (last - 0x8000 > sequenceNumber) {
    index += 0x10000;
  }
  if (index < 0) return sequenceNumber;
  return index <= MAX_RTP_INDEX ? index : -1;
}
