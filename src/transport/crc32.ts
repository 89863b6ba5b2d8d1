/** The reversed polynomial of ITU-T V.42, which RFC 8489 section 14.7 names. */
const POLYNOMIAL = 0xedb88320;

const table = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  table[byte] = value;
}

/** The CRC-32 of the bytes from `start` up to, not including, `end`, as an unsigned number. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0xffffffff;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}
