import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { SeaMeetError } from "../../base/errors.ts";
import { wavSource } from "./wav_source.ts";

interface Wav {
  readonly tag: number;
  readonly bits: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly data: readonly number[];
  /** What lies between the two chunks. */
  readonly between?: readonly number[];
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 0xff);
}

function wav({ tag, bits, channels = 1, rate = 8_000, data, between = [] }: Wav): Uint8Array {
  const format = [...little(tag, 2), ...little(channels, 2), ...little(rate, 4), ...little(0, 6), ...little(bits, 2)];
  const chunks = [
    ...[...ascii("WAVEfmt "), ...little(format.length, 4), ...format],
    ...between,
    ...[...ascii("data"), ...little(data.length, 4), ...data],
  ];
  return Uint8Array.from([...ascii("RIFF"), ...little(chunks.length, 4), ...chunks]);
}

function readAll(file: Uint8Array, size = 8, loop = false): number[] {
  const samples = new Float32Array(size);
  return [...samples.subarray(0, wavSource(file, { loop }).read(samples))];
}

Deno.test("every kind of sample gives the same numbers", () => {
  const floats = [...new Uint8Array(Float32Array.of(0.5, -0.5).buffer)];
  const kinds: Wav[] = [
    { tag: 1, bits: 8, data: [192, 64] },
    { tag: 1, bits: 16, data: [0, 0x40, 0, 0xc0] },
    { tag: 1, bits: 24, data: [0, 0, 0x40, 0, 0, 0xc0] },
    { tag: 1, bits: 32, data: [0, 0, 0, 0x40, 0, 0, 0, 0xc0] },
    { tag: 3, bits: 32, data: floats },
  ];
  for (const kind of kinds) assertEquals(readAll(wav(kind)), [0.5, -0.5], `${kind.tag}/${kind.bits}`);
  assertAlmostEquals(readAll(wav({ tag: 1, bits: 24, data: [0xff, 0xff, 0xff] }))[0]!, 0, 1e-6);
});

Deno.test("other chunks, an odd one too, are passed over; what is cut off ends with a whole instant", () => {
  const between = [...ascii("LIST"), ...little(3, 4), 1, 2, 3, 0];
  const file = wav({ tag: 1, bits: 16, channels: 2, data: [0, 0x40, 0, 0xc0, 0, 0x20, 0, 0xe0], between });
  assertEquals(readAll(file), [0.5, -0.5, 0.25, -0.25]);
  assertEquals(readAll(file.subarray(0, file.length - 1)), [0.5, -0.5]);
  const { sampleRate, channels } = wavSource(file);
  assertEquals([sampleRate, channels], [8_000, 2]);
});

Deno.test("it ends, or begins again where that is wanted", () => {
  const file = wav({ tag: 1, bits: 8, data: [192, 64] });
  const source = wavSource(file);
  const samples = new Float32Array(8);
  assertEquals([source.read(samples), source.read(samples)], [2, 0]);
  assertEquals(readAll(file, 5, true), [0.5, -0.5, 0.5, -0.5, 0.5]);
  assertEquals(readAll(wav({ tag: 1, bits: 8, data: [] }), 5, true), []);
});

Deno.test("what is no WAV file, or one of another kind, is a typed error", () => {
  const files = [
    Uint8Array.of(),
    crypto.getRandomValues(new Uint8Array(100)),
    wav({ tag: 1, bits: 16, data: [] }).subarray(0, 30),
    wav({ tag: 2, bits: 4, data: [1, 2] }),
    wav({ tag: 1, bits: 16, channels: 6, data: [1, 2] }),
    wav({ tag: 1, bits: 16, rate: 0, data: [1, 2] }),
  ];
  for (const file of files) {
    const error = assertThrows(() => wavSource(file), SeaMeetError);
    assertEquals(error instanceof SeaMeetError && error.code, "config");
  }
});

Deno.test("whatever a file says of its lengths, reading it ends", () => {
  const file = wav({ tag: 1, bits: 16, data: [0, 0x40], between: [...ascii("junk"), 0, 0, 0, 0] });
  for (let at = 0; at < file.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const bent = file.slice();
      bent[at] = value;
      try {
        for (const sample of readAll(bent)) assertEquals(Math.abs(sample) <= 1, true);
      } catch (error) {
        if (!(error instanceof SeaMeetError)) throw error;
      }
    }
  }
});
