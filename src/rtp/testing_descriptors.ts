/** Writes numbers of any count of bits, the highest first. */
class BitWriter {
  readonly #bits: number[] = [];

  put(value: number, bits: number): this {
    for (let bit = bits - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, at) => bytes[at >> 3]! |= bit << (7 - (at & 7)));
    return bytes;
  }
}

/** A dependency descriptor without a structure. */
export function shortDescriptor(
  template: number,
  start: boolean,
  end: boolean,
  frame: number,
): Uint8Array<ArrayBuffer> {
  return new BitWriter().put(start ? 1 : 0, 1).put(end ? 1 : 0, 1).put(template, 6).put(frame, 16).bytes();
}

/**
 * A dependency descriptor with the structure of two spatial and two temporal layers: templates `idOffset` (key picture)
 * to `idOffset` + 5, in the order S0 key, S0 T0, S0 T1, S1 key, S1 T0, S1 T1; sizes 320×180 and 640×360.
 */
export function structureDescriptor(idOffset: number, frame: number): Uint8Array<ArrayBuffer> {
  const bits = new BitWriter().put(1, 1).put(1, 1).put(idOffset, 6).put(frame, 16).put(0b10000, 5);
  bits.put(idOffset, 6).put(3, 5);
  // Layers: same, next temporal, then the next spatial one and again, and the end.
  for (const next of [0, 1, 2, 0, 1, 3]) bits.put(next, 2);
  // Targets S0T0, S0T1, S1T0, S1T1: 0 not present, 1 discardable, 2 switch, 3 required.
  const indications = ["2222", "2233", "0101", "0022", "0023", "0001"];
  for (const row of indications) for (const digit of row) bits.put(Number(digit), 2);
  const distances = [[], [2], [1], [1], [2, 1], [1, 1]];
  for (const list of distances) {
    for (const distance of list) bits.put(1, 1).put(distance - 1, 4);
    bits.put(0, 1);
  }
  // Two chains; five values take two or three bits.
  bits.put(2, 2);
  for (const chain of [0, 0, 1, 1]) bits.put(chain, 1);
  for (let i = 0; i < 12; i++) bits.put(i, 4);
  bits.put(1, 1);
  for (const [width, height] of [[320, 180], [640, 360]] as const) bits.put(width - 1, 16).put(height - 1, 16);
  return bits.bytes();
}
