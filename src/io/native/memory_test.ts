import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../../base/errors.ts";
import { addressOf, movedBy, NativeBlock } from "./memory.ts";
import { nativeLibraries } from "./testing_native.ts";

function byteAt(address: bigint): number {
  return new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!).getUint8();
}

for (const _ of nativeLibraries()) {
  Deno.test("addressOf() points to the bytes of whole arrays, of parts and of small ones", () => {
    for (const size of [1, 7, 64, 65, 1_664]) {
      const bytes = new Uint8Array(size);
      const part = bytes.subarray(size >> 1);
      const [address, partAddress] = [addressOf(bytes), addressOf(part)];
      bytes[size - 1] = 42;
      part[0]!++;
      assertEquals(partAddress - address, BigInt(size >> 1));
      assertEquals(byteAt(movedBy(address, size - 1)), bytes[size - 1]);
      assertEquals(byteAt(partAddress), part[0]);
      assertEquals(addressOf(bytes), address);
    }
  });

  Deno.test("addressOf() refuses what has no memory", () => {
    assertThrows(() => addressOf(new Uint8Array(0)), InvariantError);
    const detached = new Uint8Array(100);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assertThrows(() => addressOf(detached), InvariantError);
  });

  Deno.test("movedBy() adds beyond 32 bits", () => {
    assertEquals(movedBy(0x7fff_ffff_fff0n, 0x20), 0x8000_0000_0010n);
  });

  Deno.test("NativeBlock is one piece of zeroed memory under three views", () => {
    const block = new NativeBlock(64);
    assertEquals(block.bytes, new Uint8Array(64));
    block.longs[1] = 0x0102_0304_0506_0708n;
    assertEquals(block.words[2], 0x0506_0708);
    assertEquals(byteAt(block.address + 8n), 8);
    assertEquals(block.address % 8n, 0n);
  });
}
