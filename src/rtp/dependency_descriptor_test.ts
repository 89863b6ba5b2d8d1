import { assert, assertEquals } from "@std/assert";
import { DependencyDescriptor } from "./dependency_descriptor.ts";
import { DependencyTemplates } from "./dependency_templates.ts";
import { shortDescriptor, structureDescriptor } from "./testing_descriptors.ts";

function reader() {
  const templates = new DependencyTemplates();
  const descriptor = new DependencyDescriptor();
  const read = (bytes: Uint8Array, mayLearn = true) =>
    descriptor.parse(bytes, 0, bytes.length, templates, mayLearn) ? descriptor : undefined;
  return { templates, read };
}

Deno.test("a structure tells the layers of the frames that follow, and their sizes", () => {
  const { read } = reader();
  const key = read(structureDescriptor(60, 1))!;
  assertEquals([key.isKey, key.spatialLayer, key.temporalLayer, key.temporalSwitch], [true, 0, 0, true]);
  assertEquals([...key.widths.subarray(0, key.sizes)], [320, 640]);
  assertEquals([...key.heights.subarray(0, key.sizes)], [180, 360]);
  const rows = [61, 62, 63, 0, 1].map((template) => {
    const { spatialLayer, temporalLayer, isKey, temporalSwitch, sizes } = read(
      shortDescriptor(template, true, false, 2),
    )!;
    return [spatialLayer, temporalLayer, isKey, temporalSwitch, sizes];
  });
  assertEquals(rows, [
    [0, 0, false, true, 0],
    [0, 1, false, false, 0],
    [1, 0, false, true, 0],
    [1, 0, false, false, 0],
    [1, 1, false, false, 0],
  ]);
});

Deno.test("the end of a frame is the end of its layer", () => {
  const { read } = reader();
  read(structureDescriptor(0, 1));
  assertEquals(read(shortDescriptor(4, false, true, 2))!.endsLayer, true);
  assertEquals(read(shortDescriptor(4, true, false, 2))!.endsLayer, false);
});

Deno.test("templates that are not known are refused: before the structure, and beyond it", () => {
  const { read } = reader();
  assertEquals(read(shortDescriptor(0, true, true, 1)), undefined);
  assert(read(structureDescriptor(10, 1)) !== undefined);
  assertEquals(read(shortDescriptor(9, true, true, 2)), undefined);
  assertEquals(read(shortDescriptor(16, true, true, 2)), undefined);
});

Deno.test("a repeated packet changes nothing about what is known", () => {
  const { read, templates } = reader();
  read(structureDescriptor(10, 1));
  read(structureDescriptor(20, 9));
  assertEquals(read(structureDescriptor(10, 1), false), undefined);
  assertEquals(templates.idOffset, 20);
});

Deno.test("a structure that is cut short is refused, and nothing is known after it", () => {
  const whole = structureDescriptor(0, 1);
  for (let length = 4; length < whole.length; length++) {
    const { read } = reader();
    read(whole);
    assertEquals(read(whole.subarray(0, length)), undefined, `${length} bytes`);
    assertEquals(read(shortDescriptor(0, true, true, 2)), undefined);
  }
});
