import { assertEquals } from "@std/assert";
import { PoolModel } from "./pool_model.ts";
import { members, sections, wiring } from "./testing_slots.ts";

const SEVEN_PAIRS = "av" + "av".repeat(7);

/** A client that joined a room with `peers` and has made its first offer. */
function joined(peers: string[], kinds = SEVEN_PAIRS): PoolModel {
  const model = new PoolModel();
  model.readySent(peers);
  model.membersSent(members(...peers));
  model.offerApplied(sections(kinds));
  return model;
}

Deno.test("PoolModel gives pairs in the order of ready.peers, behind the client's own lines", () => {
  assertEquals(
    wiring(joined(["bob", "carol"])),
    "2=bob.microphone 3=bob.camera 4=carol.microphone 5=carol.camera",
  );
});

Deno.test("PoolModel.offerApplied() finds the client's own tracks on its first lines", () => {
  const model = new PoolModel();
  model.readySent([]);
  assertEquals(model.offerApplied(sections(SEVEN_PAIRS)), [
    { mid: "0", source: "microphone" },
    { mid: "1", source: "camera" },
  ]);
});

Deno.test("PoolModel.membersSent() puts a freed pair to the front, the last freed first", () => {
  const model = joined(["bob", "carol", "dave"]);
  model.membersSent(members("carol"));
  model.membersSent(members("carol", "erin", "frank"));
  assertEquals(
    wiring(model),
    "2=frank.microphone 3=frank.camera 4=carol.microphone 5=carol.camera 6=erin.microphone 7=erin.camera",
  );
});

Deno.test("PoolModel.membersSent() keeps the pair of whoever is in every snapshot, in whichever order", () => {
  const model = joined(["bob", "carol"]);
  const before = wiring(model);
  model.membersSent(members("carol", "bob"));
  assertEquals(wiring(model), before);
});

Deno.test("PoolModel asks for pairs when the pool is used up, and fills them at the next snapshot", () => {
  const model = joined(["b", "c", "d", "e", "f", "g", "h"]);
  model.membersSent(members("b", "c", "d", "e", "f", "g", "h", "i"));
  assertEquals(model.missing(), 1);
  model.pairsRequested(1);
  assertEquals(model.missing(), 0, "it is on its way");
  model.offerApplied(sections(SEVEN_PAIRS + "av"));
  model.membersSent(members("b", "c", "d", "e", "f", "g", "h", "i"));
  assertEquals(wiring(model).includes("16=i.microphone 17=i.camera"), true);
});

Deno.test("PoolModel makes as many pairs as there are peers when they are more than seven", () => {
  const peers = ["b", "c", "d", "e", "f", "g", "h", "i", "j"];
  const model = joined(peers, "av" + "av".repeat(9));
  assertEquals(model.missing(), 0);
  assertEquals(model.assignments().length, 18);
});

Deno.test("PoolModel.shareStarted() takes the first video line that is nobody's", () => {
  const model = joined(["bob", "carol"]);
  model.membersSent(members("BOB", "carol"));
  model.shareStarted("bob");
  assertEquals(wiring(model).includes("7=bob.screen"), true);
});

Deno.test("PoolModel.shareStarted() prefers the viewer's own line without a track", () => {
  const model = new PoolModel();
  model.readySent(["bob"]);
  model.offerApplied(sections(SEVEN_PAIRS, (section) => ({ ...section, msidStream: "-" })));
  model.membersSent(members("BOB"));
  model.shareStarted("bob");
  assertEquals(wiring(model).includes("1=bob.screen"), true);
});

Deno.test("PoolModel announces a share again when a newcomer's camera takes its line", () => {
  const model = joined(["bob"]);
  model.membersSent(members("BOB"));
  model.shareStarted("bob");
  assertEquals(wiring(model).includes("5=bob.screen"), true);
  model.membersSent(members("BOB", "carol"));
  assertEquals(wiring(model).includes("screen"), false);
  assertEquals(model.sharesToAnnounce(), ["bob"]);
  model.shareStarted("bob");
  assertEquals(wiring(model).includes("7=bob.screen"), true);
  assertEquals(model.sharesToAnnounce(), []);
});

for (const [retired, shown] of [[1, true], [2, false]] as const) {
  Deno.test(`PoolModel ${shown ? "passes" : "gives up at"} ${retired} retired lines of the viewer`, () => {
    const peers = ["b", "c", "d", "e", "f", "g", "h"];
    const model = joined(peers);
    const first = SEVEN_PAIRS.length;
    const offer = (kinds: string, stopped: number) =>
      model.offerApplied(sections(kinds, (section) => {
        const isRetired = Number(section.mid) >= first && Number(section.mid) < first + stopped;
        return isRetired ? { ...section, clientSends: false, clientReceives: false } : section;
      }));
    for (let shares = 1; shares <= retired; shares++) {
      offer(SEVEN_PAIRS + "v".repeat(shares), shares - 1);
      offer(SEVEN_PAIRS + "v".repeat(shares), shares);
    }
    const announce = () => {
      for (let i = 0; i < 10 && model.sharesToAnnounce().length > 0; i++) model.shareStarted("b");
    };
    model.membersSent(members("B", ...peers.slice(1)));
    announce();
    assertEquals(wiring(model).includes("screen"), false, "its pool is used up");
    assertEquals(model.missing(), 1);
    model.pairsRequested(1);
    offer(SEVEN_PAIRS + "v".repeat(retired) + "av", retired);
    announce();
    assertEquals(wiring(model).includes(`${first + retired + 1}=b.screen`), shown);
    assertEquals(model.sharesToAnnounce(), []);
  });
}

Deno.test("PoolModel.shareStarted() does not count an announcement for which the client had no line", () => {
  const peers = ["b", "c", "d", "e", "f", "g", "h"];
  const model = joined(peers);
  const offer = (kinds: string, isRetired: boolean) =>
    model.offerApplied(
      sections(kinds, (section) =>
        isRetired && section.mid === "16" ? { ...section, clientSends: false, clientReceives: false } : section),
    );
  offer(SEVEN_PAIRS + "v", false);
  offer(SEVEN_PAIRS + "v", true);
  model.membersSent(members("B", "C", ...peers.slice(2)));
  model.shareStarted("b"); // on the retired line
  model.shareStarted("c"); // nowhere
  model.pairsRequested(2);
  offer(SEVEN_PAIRS + "v" + "avav", true);
  for (let i = 0; i < 10 && model.sharesToAnnounce().length > 0; i++) {
    for (const sharer of model.sharesToAnnounce()) model.shareStarted(sharer);
  }
  assertEquals(wiring(model).includes("18=b.screen"), true);
  assertEquals(wiring(model).includes("20=c.screen"), true);
});

Deno.test("PoolModel.shareStopped() and a sharer's departure free its screen line", () => {
  const model = joined(["bob", "carol"]);
  model.membersSent(members("BOB", "CAROL"));
  model.shareStarted("bob");
  model.shareStarted("carol");
  assertEquals(wiring(model).includes("7=bob.screen"), true);
  assertEquals(wiring(model).includes("9=carol.screen"), true);
  model.shareStopped("carol");
  model.membersSent(members("carol"));
  assertEquals(wiring(model), "4=carol.microphone 5=carol.camera");
});

Deno.test("PoolModel.offerApplied() takes a video line of its own for the viewer's screen, and retires it", () => {
  const model = joined(["bob"]);
  const sharing = model.offerApplied(sections(SEVEN_PAIRS + "v"));
  assertEquals(sharing.at(-1), { mid: "16", source: "screen" });
  const stopped = model.offerApplied(
    sections(
      SEVEN_PAIRS + "v",
      (section) => section.mid === "16" ? { ...section, clientSends: false, clientReceives: false } : section,
    ),
  );
  assertEquals(stopped.map((track) => track.source), ["microphone", "camera"]);
});

for (
  const [name, peers, isReset] of [
    ["leaves a share where the viewer's own line does not come first", ["bob", "carol"], false],
    ["resets a share that the viewer may have put on its own line", ["b", "c", "d", "e", "f", "g", "h"], true],
  ] as const
) {
  Deno.test(`PoolModel.sharesToReset() ${name}`, () => {
    const model = joined([...peers]);
    const sharer = peers[0];
    const offer = (kinds: string, isRetired: boolean) =>
      model.offerApplied(
        sections(kinds, (section) =>
          isRetired && section.mid === "16" ? { ...section, clientSends: false, clientReceives: false } : section),
      );
    offer(SEVEN_PAIRS + "v", false);
    model.pairsRequested(1);
    offer(SEVEN_PAIRS + "v" + "av", false);
    model.membersSent(members(sharer.toUpperCase(), ...peers.slice(1)));
    model.shareStarted(sharer);
    assertEquals(wiring(model).includes(isReset ? `18=${sharer}.screen` : `7=${sharer}.screen`), true);
    assertEquals(model.sharesToReset(), []);
    offer(SEVEN_PAIRS + "v" + "av", true);
    assertEquals(model.sharesToReset(), isReset ? [sharer] : []);
    assertEquals(model.sharesToReset(), [], "said once");
  });
}
