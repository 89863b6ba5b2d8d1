import type { ReactNode } from "react";
import { SHORTCUT_KEYS } from "../state/shortcuts.ts";
import { texts } from "../texts.ts";
import { Popover } from "./popover.tsx";
import { SwitchField } from "./switch_field.tsx";

const t = texts.shortcuts;

const LINES: readonly (readonly [key: string, meaning: string])[] = [
  [SHORTCUT_KEYS.mic, t.actions.mic],
  [SHORTCUT_KEYS.camera, t.actions.camera],
  [t.talkKey, t.talk],
  [SHORTCUT_KEYS.share, t.actions.share],
  [SHORTCUT_KEYS.hand, t.actions.hand],
  [SHORTCUT_KEYS.chat, t.actions.chat],
  [SHORTCUT_KEYS.view, t.actions.view],
  [SHORTCUT_KEYS.help, t.actions.help],
  [t.leavePanelKey, t.leavePanel],
];

/** Which key does what; single keys can be switched off, for people whose keyboard or voice control makes them by accident. */
export function ShortcutsPanel({ on, onChange, onClose }: {
  on: boolean;
  onChange: (on: boolean) => void;
  onClose: () => void;
}): ReactNode {
  return (
    <Popover title={t.title} closeLabel={t.close} testId="shortcuts-panel" onClose={onClose}>
      <SwitchField id="switch-shortcuts" label={t.on} on={on} onChange={onChange} />
      <dl className="shortcuts" data-on={on}>
        {LINES.map(([key, meaning]) => (
          <div key={key}>
            <dt>{meaning}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Popover>
  );
}
