import { useEffect, useRef } from "react";

/** What single keys do in a room. */
export type ShortcutAction = "mic" | "camera" | "share" | "hand" | "chat" | "view" | "help";

/** The key of each action, as it is printed on keyboards. */
export const SHORTCUT_KEYS: Readonly<Record<ShortcutAction, string>> = {
  mic: "M",
  camera: "V",
  share: "S",
  hand: "H",
  chat: "C",
  view: "G",
  help: "?",
};

/** What is called by keys. */
export interface ShortcutTargets extends Record<ShortcutAction, () => void> {
  /** The space bar goes down: speak while it is held. */
  readonly talk: () => void;
  /** And up again. */
  readonly talkEnd: () => void;
}

/** The action of a key press; `undefined` for keys that are typed or belong to the browser. */
export function shortcutOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">,
): ShortcutAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const key = event.key.toUpperCase();
  const found = Object.entries(SHORTCUT_KEYS).find(([, wanted]) => wanted === key)?.[0];
  return isAction(found) ? found : undefined;
}

/** Calls what keys mean while the component is shown, unless somebody types or has switched shortcuts off. */
export function useShortcuts(targets: ShortcutTargets, on: boolean): void {
  const latest = useRef(targets);
  useEffect(() => {
    latest.current = targets;
  });
  useEffect(() => on ? listen(latest) : undefined, [on]);
}

function listen(latest: { readonly current: ShortcutTargets }): () => void {
  let talking = false;
  const down = (event: KeyboardEvent) => {
    if (event.repeat || event.defaultPrevented || types(event.target)) return;
    if (event.key === " " && !presses(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      talking = true;
      return latest.current.talk();
    }
    const action = shortcutOf(event);
    if (action === undefined) return;
    event.preventDefault();
    latest.current[action]();
  };
  const end = () => {
    if (talking) latest.current.talkEnd();
    talking = false;
  };
  const up = (event: KeyboardEvent) => event.key === " " && end();
  addEventListener("keydown", down);
  addEventListener("keyup", up);
  // The key comes up elsewhere when another window is opened meanwhile.
  addEventListener("blur", end);
  return () => {
    end();
    removeEventListener("keydown", down);
    removeEventListener("keyup", up);
    removeEventListener("blur", end);
  };
}

/** Keys belong to the field that is typed into. */
function types(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** The space bar presses a button that has the focus. */
function presses(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a, summary") !== null;
}

function isAction(name: string | undefined): name is ShortcutAction {
  return name !== undefined && Object.hasOwn(SHORTCUT_KEYS, name);
}
