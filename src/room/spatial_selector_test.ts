import { assert, assertEquals } from "@std/assert";
import { type LayerInfo, SPATIAL_LAYERS } from "../rtp/layer_info.ts";
import { SpatialSelector } from "./spatial_selector.ts";

const TICKS = 3_000;

/** Two packets of one spatial layer of a picture. */
interface Packet {
  readonly info: LayerInfo;
  readonly timestamp: number;
  readonly name: string;
}

/** The temporal layers of four pictures, as browsers repeat them. */
const PATTERN = [0, 2, 1, 2];

/** A picture with all its spatial layers, two packets each. */
function picture(number: number, isKey = false, layers = 3): Packet[] {
  const temporalLayer = isKey ? 0 : PATTERN[number % 4]!;
  return Array.from({ length: 2 * layers }, (_, i) => {
    const spatialLayer = i >> 1;
    const info: LayerInfo = {
      spatialLayer,
      temporalLayer,
      isKey,
      temporalSwitch: temporalLayer === 0,
      endsLayer: i % 2 === 1,
      sizes: 0,
      widths: new Uint16Array(SPATIAL_LAYERS),
      heights: new Uint16Array(SPATIAL_LAYERS),
    };
    return { info, timestamp: (0xffff_f000 + number * TICKS) >>> 0, name: `${number}.${spatialLayer}.${i % 2}` };
  });
}

/** Layers of a picture that pass, the one with the marker in brackets. */
function pass(selector: SpatialSelector, packets: readonly Packet[]): string {
  return packets.filter(({ info, timestamp }) => selector.passes(info, timestamp)).map(({ info, timestamp }) => {
    const layer = `${info.spatialLayer}`;
    return selector.endsPicture(info, timestamp) ? `[${layer}]` : layer;
  }).join("");
}

function started(spatial: number, temporal = 3): SpatialSelector {
  const selector = new SpatialSelector();
  selector.choose(spatial, temporal);
  selector.restart();
  return selector;
}

Deno.test("the last packet of the highest layer that passes gets the marker", () => {
  for (const [spatial, expected] of [[0, "0[0]"], [1, "001[1]"], [2, "00112[2]"], [7, "001122"]] as const) {
    const selector = started(spatial);
    assertEquals(pass(selector, picture(0, true)), expected);
    assertEquals(pass(selector, picture(1)), expected);
  }
});

Deno.test("spatial layers go down with the next picture, and up with a key picture only", () => {
  const selector = started(2);
  pass(selector, picture(0, true));
  const [first, ...rest] = [picture(1).slice(0, 3), picture(1).slice(3)];
  assertEquals(pass(selector, first), "001");
  selector.choose(0, 3);
  assertEquals(pass(selector, rest.flat()), "12[2]", "a picture is not cut in the middle");
  assertEquals(pass(selector, picture(2)), "0[0]");
  selector.choose(2, 3);
  assertEquals(pass(selector, picture(3)), "0[0]");
  assertEquals(pass(selector, picture(4)), "0[0]");
  assertEquals(pass(selector, picture(5, true)), "00112[2]");
  assertEquals(selector.spatial, 2);
});

Deno.test("packets that come late get what their picture got", () => {
  const selector = started(2);
  pass(selector, picture(0, true));
  const late = picture(1).slice(4);
  assertEquals(pass(selector, picture(1).slice(0, 4)), "0011");
  selector.choose(1, 3);
  assertEquals(pass(selector, picture(2)), "001[1]");
  assertEquals(pass(selector, late), "2[2]");
});

Deno.test("a key picture whose layers come in the wrong order is one all the same", () => {
  const selector = started(0);
  pass(selector, picture(0, true));
  selector.choose(2, 3);
  const key = picture(1, true);
  assertEquals(pass(selector, [...key.slice(2), ...key.slice(0, 2)]), "112[2]00");
});

Deno.test("temporal layers go at any picture and come back at a picture of the base layer", () => {
  const selector = started(2);
  pass(selector, picture(0, true));
  const passes = (number: number) => pass(selector, picture(number)) !== "";
  selector.choose(2, 0);
  assertEquals([1, 2, 3, 4, 5].map(passes), [false, false, false, true, false]);
  selector.choose(2, 1);
  assertEquals([6, 7, 8, 9, 10].map(passes), [false, false, true, false, true]);
  assertEquals(selector.temporal, 1);
  selector.choose(2, 3);
  assertEquals([11, 12, 13, 14].map(passes), [false, true, true, true]);
});

Deno.test("a publisher that leaves its highest layer out is followed", () => {
  const selector = started(2);
  pass(selector, picture(0, true));
  // The encoder's own marker is then on the last packet of what there is.
  assertEquals(pass(selector, picture(1, false, 2)), "0011");
  assertEquals(pass(selector, picture(2)), "00112[2]");
  assert(selector.spatial === 2);
});
