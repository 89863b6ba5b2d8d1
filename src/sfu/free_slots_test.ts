import { assertEquals } from "@std/assert";
import { FreeSlots } from "./free_slots.ts";
import type { OwnTrack, SlotSection } from "./slots.ts";
import { SlotMembers } from "./slot_members.ts";
import { members, sections, wiring } from "./testing_slots.ts";

const OWN: OwnTrack[] = [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }];
const sendOnly = (section: SlotSection): SlotSection => ({ ...section, clientReceives: Number(section.mid) >= 2 });

function joined(ids: string[], kinds: string): FreeSlots {
  const slots = new FreeSlots();
  slots.readySent();
  slots.membersSent(members(...ids));
  slots.offerApplied(sections(kinds, sendOnly), OWN);
  return slots;
}

Deno.test("FreeSlots gives each source the first free line of its kind", () => {
  assertEquals(
    wiring(joined(["bob", "carol"], "avavvav")),
    "2=bob.microphone 3=bob.camera 4=carol.camera 5=carol.microphone",
  );
});

Deno.test("FreeSlots keeps a track on its line while it lives, and uses a freed line again", () => {
  const slots = joined(["bob", "carol"], "avavav");
  slots.membersSent(members("carol", "dave"));
  assertEquals(wiring(slots), "2=dave.microphone 3=dave.camera 4=carol.microphone 5=carol.camera");
});

Deno.test("FreeSlots.offerApplied() takes only declared tracks that the offer can send", () => {
  const slots = new FreeSlots();
  const declared: OwnTrack[] = [
    { mid: "0", source: "microphone" },
    { mid: "1", source: "microphone" },
    { mid: "2", source: "screen" },
    { mid: "9", source: "camera" },
  ];
  const offer = sections("avv", (section) => ({ ...section, clientSends: section.mid !== "2" }));
  assertEquals(slots.offerApplied(offer, declared), [{ mid: "0", source: "microphone" }]);
});

Deno.test("FreeSlots never sends on the client's own lines", () => {
  const slots = new FreeSlots();
  slots.offerApplied(sections("avav"), OWN);
  slots.membersSent(members("bob"));
  assertEquals(wiring(slots), "2=bob.microphone 3=bob.camera");
});

Deno.test("FreeSlots.missing() says how many pairs are needed beyond those asked for", () => {
  const slots = joined(["bob"], "avav");
  slots.membersSent(members("BOB", "carol"));
  assertEquals(slots.missing(), 2, "one camera and one screen");
  slots.pairsRequested(2);
  assertEquals(slots.missing(), 0);
  slots.offerApplied(sections("avavavav", sendOnly), OWN);
  assertEquals(slots.missing(), 0);
  assertEquals(wiring(slots).split(" ").length, 5);
});

Deno.test("FreeSlots leaves a line that the client has switched off, and moves its track", () => {
  const slots = joined(["bob"], "avavv");
  slots.offerApplied(
    sections("avavv", (section) => ({ ...sendOnly(section), clientReceives: ["2", "4"].includes(section.mid) })),
    OWN,
  );
  assertEquals(wiring(slots), "2=bob.microphone 4=bob.camera");
});

Deno.test("FreeSlots.readySent() starts over", () => {
  const slots = joined(["bob"], "avav");
  slots.readySent();
  assertEquals(wiring(slots), "");
  assertEquals(slots.missing(), 0);
});

Deno.test("FreeSlots follows the places of a floor on fixed lines, and leaves the client's own place empty", () => {
  const floor: (string | undefined)[] = ["bob", "me", undefined];
  const everybody = SlotMembers.of(
    ["me", "bob", "carol", "dave"].map((id) => ({ id, sources: ["microphone", "camera"] })),
    floor,
  );
  const slots = new FreeSlots();
  slots.readySent();
  slots.membersSent(everybody.without("me"));
  slots.offerApplied(sections("avavavav", sendOnly), OWN);
  const sound = () => wiring(slots).split(" ").filter((text) => text.endsWith("microphone")).join(" ");
  assertEquals(sound(), "2=bob.microphone");
  assertEquals(slots.missing(), 0, "three lines for microphones are enough");
  floor[2] = "carol";
  assertEquals(sound(), "2=bob.microphone 6=carol.microphone");
  floor[0] = "dave";
  floor[1] = "bob";
  assertEquals(sound(), "2=dave.microphone 4=bob.microphone 6=carol.microphone");
});

Deno.test("FreeSlots leaves whoever is heard on its line when a room gets a floor, and when that ends", () => {
  const list = (...ids: string[]) => ids.map((id) => ({ id, sources: ["microphone", "camera"] as const }));
  const slots = joined(["bob", "carol", "dave"], "avavavav");
  assertEquals(wiring(slots).includes("6=dave.microphone"), true);
  slots.membersSent(SlotMembers.of(list("bob", "carol", "dave", "erin"), ["dave", "bob"]));
  const text = wiring(slots);
  assertEquals([text.includes("6=dave.microphone"), text.includes("2=bob.microphone")], [true, true]);
  assertEquals([text.includes("carol.microphone"), text.includes("erin.microphone")], [false, false]);
  slots.membersSent(SlotMembers.of(list("bob", "dave", "erin")));
  assertEquals(wiring(slots).includes("2=bob.microphone") && wiring(slots).includes("6=dave.microphone"), true);
  assertEquals(wiring(slots).includes("4=erin.microphone"), true);
});
