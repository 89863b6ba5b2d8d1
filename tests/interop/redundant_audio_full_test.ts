/** Redundant sound (RFC 2198) between real browsers over a path that loses packets. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { launchChromium } from "./browser.ts";
import { LayersPerson, startLayersServer } from "./layers_stage.ts";
import { startLossyRelay } from "./lossy_relay.ts";
import { clockOf, startClock } from "./page_clock.ts";
import { machine, PATIENCE_MS, stalledShare } from "./patience.ts";

const SAMPLES_PER_SECOND = 48_000;
/** So many seconds are judged. */
const JUDGED_SECONDS = 15;
/** With more than two frames of a second concealed where nothing is lost, somebody had no time to send or to play. */
const MAX_SPOILT = 0.04;
/** Of a second. */
const MAX_STALLED = 0.25;
/**
 * Packets with redundancy are so much larger. The server leaves it out where a path seems too narrow (`sound_budget.ts`), and to a
 * machine without time every path does: that is tested in virtual time.
 */
const MIN_GROWTH = 1.5;

/** What came of a second of sound. */
interface Second {
  /** Concealed share of the sound with redundancy, and of the plain one, over the path that loses packets. */
  readonly red: number;
  readonly opus: number;
  /** Of the same two where nothing is lost. */
  readonly lossless: readonly number[];
  /** Share of the time in which the listener's page had none. */
  readonly stalled: number;
  /** Size of packets with redundancy against those without. */
  readonly growth: number;
}

/** Waits for a second more of Ben's sound at Cleo's. */
async function nextSecond(ada: LayersPerson, ben: LayersPerson, cleo: LayersPerson): Promise<Second> {
  const pairs = [[cleo, ada], [cleo, ben], [ben, ada], [ada, ben]] as const;
  const look = () => Promise.all(pairs.map(([who, whom]) => who.seen(whom)));
  const from = Date.now();
  const before = await look();
  const wanted = before[1]!.totalSamples + SAMPLES_PER_SECOND;
  await cleo.until(ben, "get a second more", ({ totalSamples }) => totalSamples > wanted);
  const more = (await look()).map((seen, i) => {
    const { totalSamples, concealedSamples, audioBytes, audioPackets } = before[i]!;
    return {
      concealed: (seen.concealedSamples - concealedSamples) / Math.max(1, seen.totalSamples - totalSamples),
      size: (seen.audioBytes - audioBytes) / Math.max(1, seen.audioPackets - audioPackets),
    };
  });
  const [red, opus, ...lossless] = more.map(({ concealed }) => concealed);
  return {
    red: red!,
    opus: opus!,
    lossless,
    stalled: stalledShare((await clockOf(cleo.page)).stalls, { from, to: Date.now() }),
    growth: more[0]!.size / Math.max(1, more[1]!.size),
  };
}

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
    assertEquals([ada, ben].map(codecOf), ["red", "opus"]);
    // Who sends plain sound hears redundant sound all the same.
    await ben.until(ada, "hear 440 Hz", (seen) => Math.abs(seen.toneHz - 440) < 18);
    await ada.until(ben, "hear 660 Hz", (seen) => Math.abs(seen.toneHz - 660) < 18);

    relay.loss = 0.1;
    await startClock(cleo.page);
    const judged: Second[] = [];
    const spoilt: Second[] = [];
    for (const end = Date.now() + PATIENCE_MS; judged.length < JUDGED_SECONDS && Date.now() < end;) {
      const second = await nextSecond(ada, ben, cleo);
      const { lossless, stalled, growth } = second;
      const isFair = Math.max(...lossless) < MAX_SPOILT && stalled < MAX_STALLED && growth > MIN_GROWTH;
      (isFair ? judged : spoilt).push(second);
    }
    const mean = (of: (second: Second) => number) => judged.reduce((sum, one) => sum + of(one), 0) / judged.length;
    const [red, opus] = [mean((second) => second.red), mean((second) => second.opus)];
    const text = `concealed: ${(100 * red).toFixed(1)} % with redundancy, ${(100 * opus).toFixed(1)} % without, ` +
      `in ${judged.length} seconds; not judged are ${JSON.stringify(spoilt)}; ${machine()}`;
    console.log(text);
    assertEquals(judged.length, JUDGED_SECONDS, text);
    assertGreater(opus, 0.03, text);
    assertLess(red, opus / 2, text);
    await cleo.until(ada, "hear 440 Hz", (seen) => Math.abs(seen.toneHz - 440) < 18);
  } finally {
    await browser.close();
  }
});
