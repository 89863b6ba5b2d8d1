/** Redundant sound (RFC 2198) between real browsers over a path that loses packets. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { launchChromium } from "./browser.ts";
import { LayersPerson, startLayersServer } from "./layers_stage.ts";
import { startLossyRelay } from "./lossy_relay.ts";
import { machine, PATIENCE_MS } from "./patience.ts";

const SAMPLES_PER_SECOND = 48_000;
/** So many seconds are judged. */
const JUDGED_SECONDS = 15;
/** In a second with more than two frames concealed where nothing is lost, somebody had no time to send or to play. */
const MAX_SPOILT = 0.04;

Deno.test("with 10 % loss redundant sound is concealed far less than plain sound", async () => {
  await using server = await startLayersServer();
  using relay = startLossyRelay(server.server.udpPort);
  const browser = await launchChromium();
  try {
    const ada = await LayersPerson.join(browser, server, { name: "Ada", toneHz: 440 });
    const plain = { redundantAudio: false };
    const ben = await LayersPerson.join(browser, server, { name: "Ben", toneHz: 660, options: plain });
    const dora = await LayersPerson.join(browser, server, { name: "Dora", toneHz: 1100, options: plain });
    const cleo = await LayersPerson.join(browser, server, { name: "Cleo", toneHz: 880, relayPort: relay.port });
    for (const [other, toneHz] of [[ada, 440], [ben, 660], [dora, 1100]] as const) {
      await cleo.until(other, `hear ${toneHz} Hz`, (seen) => Math.abs(seen.toneHz - toneHz) < 18);
    }
    // Browsers' counters call both "audio/opus".
    const people = (await server.server.stats()).rooms[0]!.participants;
    const codecOf = ({ id }: LayersPerson) => people.find((one) => one.id === id)?.tracks[0]?.codec;
    assertEquals([ada, ben, dora].map(codecOf), ["red", "opus", "opus"]);
    // Who sends plain sound hears redundant sound all the same.
    await ben.until(ada, "hear 440 Hz", (seen) => Math.abs(seen.toneHz - 440) < 18);

    // Of these nothing is lost: what is concealed of them says which seconds the machine has spoilt.
    relay.spared = (await cleo.seen(dora)).audioSsrc;
    const lossless = [[ben, ada], [ada, ben], [cleo, dora]] as const;
    const lossy = [[cleo, ada], [cleo, ben]] as const;
    const look = () => Promise.all([...lossy, ...lossless].map(([who, whom]) => who.seen(whom)));
    relay.loss = 0.1;
    const [judged, spoilt] = [Array<number>(), Array<number>()];
    let [red, opus] = [0, 0];
    for (const end = Date.now() + PATIENCE_MS; judged.length < JUDGED_SECONDS && Date.now() < end;) {
      const before = await look();
      await cleo.until(
        ben,
        "get a second more",
        (seen) => seen.totalSamples > before[1]!.totalSamples + SAMPLES_PER_SECOND,
      );
      const [more = 1, plain = 0, ...own] = (await look()).map((seen, i) =>
        (seen.concealedSamples - before[i]!.concealedSamples) / Math.max(1, seen.totalSamples - before[i]!.totalSamples)
      );
      const worst = Math.max(...own);
      (worst < MAX_SPOILT ? judged : spoilt).push(worst);
      if (worst < MAX_SPOILT) [red, opus] = [red + more / JUDGED_SECONDS, opus + plain / JUDGED_SECONDS];
    }
    const text = `concealed: ${(100 * red).toFixed(1)} % with redundancy, ${(100 * opus).toFixed(1)} % without, ` +
      `in ${judged.length} seconds; the machine has spoilt ${spoilt.length} more; ${machine()}`;
    console.log(text);
    assertEquals(judged.length, JUDGED_SECONDS, `too little to judge by; ${text}`);
    assertGreater(opus, 0.03, text);
    assertLess(red, opus / 2, text);
    await cleo.until(ada, "hear 440 Hz", (seen) => Math.abs(seen.toneHz - 440) < 18);
  } finally {
    await browser.close();
  }
});
