/** Answers the question that Firefox asks before it shares a screen, in the browser's own window. */
import type { Browser } from "puppeteer-core";

/** Command line flag that lets a test reach the browser's own window. */
export const PICKER_ARGS: readonly string[] = ["--remote-allow-system-access"];

/** Firefox asks before it shares a screen, but not before it opens a camera or a microphone. */
export const PICKER_PREFS: Readonly<Record<string, unknown>> = {
  "media.navigator.permission.disabled": false,
  "permissions.default.camera": 1,
  "permissions.default.microphone": 1,
  "security.notification_enable_delay": 0, // else clicks in the first half second count for nothing
};

/** Machines that run tests are shared. */
const TIMEOUT_MS = 30_000;

/** The part of puppeteer's connection that it does not show; `moz:scope` is an extension of Firefox's. */
interface BidiConnection {
  send<Result>(method: string, parameters: unknown): Promise<{ readonly result: Result }>;
}

/**
 * Waits for the question, and chooses the whole screen or declines.
 *
 * Runs in the browser's own window, so it can use nothing from outside.
 */
const ANSWER = `async (accepts, timeoutMs) => {
  const end = Date.now() + timeoutMs;
  const panel = PopupNotifications.panel;
  const question = () => panel.querySelector("#webRTC-shareDevices-notification");
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  while (panel.state !== "open" || question() === null) {
    if (Date.now() > end) throw new Error("Firefox has asked nothing");
    await pause();
  }
  if (!accepts) {
    question().secondaryButton.click();
    return;
  }
  const list = document.getElementById("webRTC-selectWindow-menulist");
  const screen = [...list.querySelectorAll("menuitem")].find(({ mediaSource }) => mediaSource === "screen");
  list.selectedItem = screen;
  screen.doCommand();
  question().button.click();
}`;

/** Waits until Firefox asks what to share, and gives it the whole screen, or nothing. */
export async function answerShareQuestion(firefox: Browser, answer: "whole screen" | "nothing"): Promise<void> {
  const connection: BidiConnection = Reflect.get(firefox, "connection");
  const tree = await connection.send<{ contexts: { context: string; url: string }[] }>(
    "browsingContext.getTree",
    { "moz:scope": "chrome" },
  );
  const target = tree.result.contexts.find(({ url }) => url === "chrome://browser/content/browser.xhtml");
  if (target === undefined) throw new Error("Firefox has no window");
  const done = await connection.send<{ type: string; exceptionDetails?: { text: string } }>("script.callFunction", {
    functionDeclaration: ANSWER,
    arguments: [{ type: "boolean", value: answer === "whole screen" }, { type: "number", value: TIMEOUT_MS }],
    awaitPromise: true,
    target: { context: target.context },
  });
  const { type, exceptionDetails } = done.result;
  if (type !== "success") throw new Error(`Cannot answer Firefox: ${exceptionDetails?.text}`);
}
