import { assert, assertEquals } from "@std/assert";
import { ScalableBench, type SourcePacket } from "./testing_scalable.ts";

/** The same packet under another number. */
function renumbered(packet: SourcePacket, sequence: number): SourcePacket {
  const bytes = packet.bytes.slice();
  new DataView(bytes.buffer).setUint16(2, sequence);
  return { ...packet, sequence: sequence & 0xffff, bytes };
}

Deno.test("one packet with a number far away does not stop a stream", () => {
  for (const far of [3_000, 20_000, 32_767, -20_000]) {
    const bench = new ScalableBench();
    bench.play(2, true);
    const [stray, next] = bench.picture(false);
    bench.arrive(renumbered(stray!, stray!.sequence + far));
    bench.arrive(next!);
    const before = bench.received.length;
    bench.play(10);
    assertEquals(bench.received.length - before, 60, `${far}`);
  }
});

Deno.test("a repair from before the numbering began anew does not stop a stream", () => {
  for (const back of [-5_000, -20_000, -32_000]) {
    const bench = new ScalableBench();
    bench.play(2, true);
    const shifted = (isKey: boolean) => {
      for (const packet of bench.picture(isKey)) bench.arrive(renumbered(packet, packet.sequence + back));
    };
    const [lost] = bench.picture(false);
    shifted(false);
    shifted(true);
    const before = bench.received.length;
    assert(before > 12, "the new numbering has begun");
    bench.arrive(lost!, true);
    for (let i = 0; i < 10; i++) shifted(false);
    assertEquals(bench.received.length - before, 60, `${back}`);
  }
});
