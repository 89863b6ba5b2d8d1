/// <reference lib="dom" />
/** The app as it is served: its policy, its worker, its controls, and what people with other senses and small screens get. */
import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import { onStage, watchOf } from "./app_stage.ts";
import { avatarOf, cameraOf, type Person, PERSONAS } from "./call_person.ts";

const { ada: ADA, ben: BEN } = PERSONAS;
const ROOM = "blue-calm-owl";

/** Every `data-testid` of the original app that our tests and others' rely on. */
const LOBBY_IDS = [
  "lobby-toggle-mic",
  "lobby-toggle-camera",
  "lobby-toggle-e2ee",
  "input-name",
  "input-room-code",
  "btn-join",
];
const ROOM_IDS = [
  "btn-toggle-mic",
  "btn-toggle-camera",
  "btn-screen-share",
  "e2ee-indicator",
  "btn-toggle-chat",
  "btn-leave",
  "video-grid",
  "video-tile",
  "video-element",
  "avatar-placeholder",
];

async function has(person: Person, ids: readonly string[]): Promise<void> {
  const missing = await person.page.evaluate(
    (ids) => ids.filter((id) => document.querySelector(`[data-testid="${id}"]`) === null),
    ids,
  );
  assertEquals(missing, []);
}

/** Judges the page as it is now against WCAG 2.2 AA; colours are judged when nothing moves any more. */
async function isAccessible(person: Person, place: string, schemes = ["light", "dark"]): Promise<void> {
  for (const value of schemes) {
    await person.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
    const found = await person.page.evaluate(async () => {
      await Promise.allSettled(
        document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity)
          .map(({ finished }) => finished),
      );
      const checker: typeof axe = Reflect.get(globalThis, "axe");
      const { violations, passes } = await checker.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      });
      if (passes.length < 10) return ["axe has not looked at anything"];
      return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`));
    });
    assertEquals(found, [], `${place}, ${value}`);
  }
}

Deno.test("the app runs under its policy, shows its controls, moves nothing by itself and is open to everybody", () =>
  onStage(async ({ meet, open }) => {
    const response = await fetch(meet.origin);
    const html = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    assert(policy.includes("worker-src 'self';"), policy);
    const worker = /name="seameet-e2ee-worker" content="(\/e2ee-worker-[0-9A-F]{8}\.js)"/.exec(html)?.[1];
    assert(worker !== undefined, html);

    const ada = await open(ADA);
    await ada.fillsLobby(ROOM, { camera: false, mic: false });
    const answer = await ada.page.evaluate((path) =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(path, { type: "module" });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = () => reject(new Error("the worker does not start"));
      }), worker);
    assertEquals(answer, { type: "ready" });
    assertEquals((await watchOf(ada)).opened, 0, "devices that are off are not opened");
    await has(ada, LOBBY_IDS);
    await ada.page.evaluate(axe.source);
    await isAccessible(ada, "lobby");

    await ada.click("lobby-toggle-e2ee");
    await ada.click("btn-join");
    await ada.shows(avatarOf(ADA));
    assertEquals((await watchOf(ada)).opened, 0);
    await has(ada, ROOM_IDS);
    assert(await ada.page.$(".lucide-settings") !== null);
    const ben = await open(BEN);
    await ben.enter(ROOM, { e2ee: true });
    await ada.shows(avatarOf(ADA), cameraOf(BEN));
    await isAccessible(ada, "room");
    await ben.writes("see https://example.org/");
    await ada.click("btn-toggle-chat");
    for (
      const [button, panel] of [
        ["btn-settings", "settings-panel"],
        ["e2ee-indicator", "safety-panel"],
        ["btn-reactions", "reactions-panel"],
        ["btn-more", "more-panel"],
        ["more-stats", "stats-panel"],
        ["btn-more", "more-panel"],
        ["more-shortcuts", "shortcuts-panel"],
      ] as const
    ) {
      await ada.click(button);
      await ada.page.waitForSelector(`[data-testid=${panel}]`);
      await isAccessible(ada, panel, [panel.length % 2 === 0 ? "light" : "dark"]);
    }
    await ada.page.keyboard.press("Escape");
    await ada.page.waitForSelector("[data-testid=shortcuts-panel]", { hidden: true });

    const { violations } = await watchOf(ada);
    assertEquals(violations, []);
  }));
