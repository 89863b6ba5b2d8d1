/** Redundant sound (RFC 2198) between real browsers over a path that loses packets. */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { launchChromium } from "./browser.ts";
import { LayersPerson, startLayersServer } from "./layers_stage.ts";
import { startLossyRelay } from "./lossy_relay.ts";

const SAMPLES_PER_SECOND = 48_000;

Deno.test("with 10 % loss redundant sound is concealed far less than plain sound", async () => {
  await using server = await startLayersServer();
  using relay = startLossyRelay(server.server.udpPort);
  const browser = await launchChromium();
  try {
    const ada = await LayersPerson.join(browser, server, { name: "Ada", toneHz: 440 });
    const plain = { redundantAudio: false };
    const ben = await LayersPerson.join(browser, server, { name: "Ben", toneHz: 660, options: plain });
    const cleo = await LayersPerson.join(browser, server, { name: "Cleo", toneHz: 880, relayPort: relay.port });
    for (const [other, toneHz] of [[ada, 440], [ben, 660]] as const) {
      await cleo.until(other, `hear ${toneHz} Hz`, (seen) => Math.abs(seen.toneHz - toneHz) < 18);
    }
    // Browsers' counters call both "audio/opus".
    const people = (await server.server.stats()).rooms[0]!.participants;
    const codecOf = ({ id }: LayersPerson) => people.find((one) => one.id === id)?.tracks[0]?.codec;
    assertEquals([codecOf(ada), codecOf(ben)], ["red", "opus"]);
    // Who sends plain sound hears redundant sound all the same.
    await ben.until(ada, "hear 440 Hz", (seen) => Math.abs(seen.toneHz - 440) < 18);

    const before = [await cleo.seen(ada), await cleo.seen(ben)] as const;
    relay.loss = 0.1;
    await cleo.until(
      ben,
      "get 15 s more",
      (seen) => seen.totalSamples > before[1].totalSamples + 15 * SAMPLES_PER_SECOND,
    );
    const [red, opus] = [await cleo.seen(ada), await cleo.seen(ben)].map((seen, i) =>
      (seen.concealedSamples - before[i]!.concealedSamples) / (seen.totalSamples - before[i]!.totalSamples)
    ) as [number, number];
    console.log(`concealed: ${(100 * red).toFixed(1)} % with redundancy, ${(100 * opus).toFixed(1)} % without`);
    assertGreater(opus, 0.03);
    assertLess(red, opus / 2);
    assert(Math.abs((await cleo.seen(ada)).toneHz - 440) < 18);
  } finally {
    await browser.close();
  }
});
