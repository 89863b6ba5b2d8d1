import { assertEquals } from "@std/assert";
import { SoundFloor, Voice } from "./sound_floor.ts";

const LOUD = 30;
const MURMUR = 60;
const SILENT = 127;

function room(size: number, names: string): { floor: SoundFloor; voices: Voice[] } {
  const floor = new SoundFloor(size, 0);
  const voices = [...names].map((name) => new Voice(name));
  for (const voice of voices) voice.isOpen = true;
  floor.isActive = true;
  floor.settle(voices, 0);
  return { floor, voices };
}

/** Packets every 20 ms. */
function talk(floor: SoundFloor, voice: Voice, level: number, from: number, to: number): boolean {
  let changed = false;
  for (let at = from; at < to; at += 20) changed = floor.hear(voice, level, at) || changed;
  return changed;
}

Deno.test("SoundFloor gives its places in join order at first", () => {
  const { floor } = room(3, "abcde");
  assertEquals(floor.places, ["a", "b", "c"]);
});

Deno.test("SoundFloor gives a place to the very first loud packet, that of whoever was quiet for longest", () => {
  const { floor, voices: [a, b, c, d] } = room(3, "abcd");
  talk(floor, b!, LOUD, 0, 1_000);
  talk(floor, a!, LOUD, 2_000, 3_000);
  talk(floor, c!, LOUD, 3_000, 4_000);
  assertEquals(floor.hear(d!, SILENT, 5_000), false);
  assertEquals(floor.hear(d!, LOUD, 5_020), true);
  assertEquals(floor.places, ["a", "d", "c"]);
});

Deno.test("SoundFloor takes no place from those who speak, unless another one is louder by a margin", () => {
  const { floor, voices: [a, b, c] } = room(2, "abc");
  let changed = false;
  for (let at = 0; at < 3_000; at += 20) {
    floor.hear(a!, 40, at);
    floor.hear(b!, 45, at);
    changed = floor.hear(c!, 42, at) || changed;
  }
  assertEquals(changed, false);
  for (let at = 3_000; at < 3_500; at += 20) {
    floor.hear(a!, 40, at);
    floor.hear(b!, 45, at);
    changed = floor.hear(c!, 36, at) || changed;
  }
  assertEquals([changed, ...floor.places], [true, "a", "c"]);
});

Deno.test("SoundFloor gives a quiet voice the place of a silent one", () => {
  const { floor, voices: [a, , c] } = room(2, "abc");
  talk(floor, a!, LOUD, 0, 3_000);
  talk(floor, c!, MURMUR, 2_000, 3_000);
  assertEquals(floor.places, ["a", "c"]);
});

Deno.test("SoundFloor does not let noise take places from noise", () => {
  const { floor, voices: [a, b, c] } = room(2, "abc");
  for (let at = 0; at < 10_000; at += 20) {
    for (const voice of [a!, b!, c!]) assertEquals(floor.hear(voice, 80, at), false);
  }
});

Deno.test("SoundFloor.settle() gives the places of the muted and of those who left to whoever can be heard", () => {
  const { floor, voices: [a, b, c, d] } = room(2, "abcd");
  a!.isOpen = false;
  assertEquals(floor.settle([a!, b!, c!, d!], 100), true);
  assertEquals(floor.places, ["c", "b"]);
  assertEquals(floor.settle([a!, c!, d!], 200), true);
  assertEquals(floor.places, ["c", "d"]);
  assertEquals(floor.settle([a!, c!, d!], 300), false);
  assertEquals(b!.place, -1);
});

Deno.test("SoundFloor counts microphones that do not tell their level as speaking", () => {
  const { floor, voices: [, b, c] } = room(2, "abc");
  talk(floor, b!, LOUD, 0, 2_000);
  assertEquals(floor.hear(c!, -1, 2_000), true);
  assertEquals(floor.places, ["c", "b"]);
});

Deno.test("SoundFloor bounds how often places change hands", () => {
  const { floor, voices } = room(8, "abcdefghijklmnopqrstuvwxyz");
  let changes = 0;
  for (let at = 0; at < 10_000; at += 50) {
    if (floor.hear(voices[(at / 50) % voices.length]!, LOUD, at)) changes++;
  }
  assertEquals([changes <= 8 + 40, changes > 30], [true, true], String(changes));
});

Deno.test("SoundFloor chooses nothing while there are as many places as microphones", () => {
  const { floor, voices } = room(2, "abc");
  floor.isActive = false;
  assertEquals(floor.hear(voices[2]!, LOUD, 5_000), false);
});
