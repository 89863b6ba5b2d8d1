/**
 * Addresses of our own memory for calls of native code.
 *
 * The rules that keep such a call from ending the process, for everything in this folder:
 *
 * 1. An address is valid as long as its `ArrayBuffer` is reachable and not detached. Nothing native keeps
 *    a JavaScript object alive. So every block that a struct points to is held in a field of an object that lives at least as long
 *    as the struct is used, and packets stay in an array of that object until the call has returned. (A first version of
 *    the endpoint let an address block be collected: every other datagram was dropped, without an error.)
 * 2. Buffers of packets are never transferred (`postMessage` with a transfer list detaches them and frees the memory). A detached
 *    view has length 0: whoever hands an address on checks the length of the view at that moment.
 * 3. Lengths are checked here in TypeScript, right before the call, against the view, even where the caller
 *    promises them: native code trusts what it is given.
 * 4. A small typed array may live inside the JavaScript heap, where the garbage collector moves it. Asking for its `buffer`
 *    moves it out for good; `addressOf` does that first.
 * 5. After free or close a handle is 0 and is refused before a call, so nothing is used or freed twice. File descriptors
 *    count as handles: their numbers are given out again.
 */
import { InvariantError } from "../../base/errors.ts";

/** Asking Deno for an address costs half a microsecond, remembering it costs some twenty nanoseconds. */
const known = new WeakMap<Uint8Array<ArrayBuffer>, bigint>();

/**
 * Where the first byte of `bytes` lies; the same for the lifetime of the view.
 *
 * @throws {InvariantError} when there is no memory behind it: empty or detached
 */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return known.get(bytes) ?? learn(bytes);
}

/**
 * An address moved by `offset` bytes.
 *
 * The engine turns the sum into machine arithmetic only because it is cut to 64 bits; without that each sum is a new object.
 */
export function movedBy(address: bigint, offset: number): bigint {
  return BigInt.asUintN(64, address + BigInt(offset));
}

/** A block of memory outside the JavaScript heap that native code reads and writes; zeroed, aligned to 8 bytes at least. */
export class NativeBlock {
  /** The whole block. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The block as 32-bit words. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** The block as 64-bit words: where pointers go. */
  readonly longs: BigUint64Array<ArrayBuffer>;
  /** Where it begins; valid as long as this object is reachable. */
  readonly address: bigint;

  /** Allocates `size` bytes, a multiple of 8. */
  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.longs = new BigUint64Array(buffer);
    this.address = addressOf(this.bytes);
  }
}

function learn(bytes: Uint8Array<ArrayBuffer>): bigint {
  const { buffer } = bytes;
  const pointer = bytes.length === 0 ? null : Deno.UnsafePointer.of(buffer);
  if (pointer === null) throw new InvariantError("Cannot hand an empty buffer to native code");
  const address = BigInt(Deno.UnsafePointer.value(pointer)) + BigInt(bytes.byteOffset);
  known.set(bytes, address);
  return address;
}
