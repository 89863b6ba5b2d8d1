import { type ReactNode, useRef, useState } from "react";
import type { Call, CallState } from "../state/call.ts";
import type { CallQuality } from "../state/call_quality.ts";
import type { LocalMedia } from "../state/local_media.ts";
import type { TileModel } from "../state/tiles.ts";
import type { Preferences } from "../storage.ts";
import { type MoreActions, MoreMenu, ReactionsPanel, TileMenu } from "./menus.tsx";
import { SafetyPanel } from "./safety_panel.tsx";
import { SettingsPanel } from "./settings_panel.tsx";
import { ShortcutsPanel } from "./shortcuts_panel.tsx";
import { StatsPanel } from "./stats_panel.tsx";

/** The panels above the control bar, of which one is open at a time. */
export type PanelName = "settings" | "safety" | "reactions" | "more" | "stats" | "shortcuts" | "tile";

/** The panel that is open. */
export interface PanelState {
  readonly name: PanelName | null;
  /** The tile it is about. */
  readonly tile: string | null;
  /** Opens a panel in place of the one that is open; closes it when it is that one. */
  readonly toggle: (name: PanelName, tile?: string) => void;
  readonly close: () => void;
}

/** Keeps which panel is open, and brings the focus back to where it was. */
export function usePanel(): PanelState {
  const [open, setOpen] = useState<{ name: PanelName; tile: string | null } | null>(null);
  const opener = useRef<Element | null>(null);
  const close = () => {
    setOpen(null);
    if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
  };
  const toggle = (name: PanelName, tile: string | null = null) => {
    if (open?.name === name && open.tile === tile) return close();
    // From a panel to a panel the focus still goes back to the bar.
    if (open === null) opener.current = document.activeElement;
    setOpen({ name, tile });
  };
  return { name: open?.name ?? null, tile: open?.tile ?? null, toggle, close };
}

/** What the panels show and call. */
export interface RoomPanelsProps {
  readonly panel: PanelState;
  readonly call: Call;
  readonly state: CallState;
  readonly media: LocalMedia;
  readonly quality: CallQuality;
  readonly tiles: readonly TileModel[];
  readonly pinned: string | null;
  readonly onPin: (tile: string | null) => void;
  readonly more: Omit<MoreActions, "onReactions" | "onStats" | "onShortcuts">;
  readonly preferences: Preferences;
  readonly onPreferences: (change: Partial<Preferences>) => void;
}

/** The panel that is open, if any. */
export function RoomPanels(props: RoomPanelsProps): ReactNode {
  const { panel, call, state, media, quality, more, preferences, onPreferences } = props;
  const { close, toggle } = panel;
  switch (panel.name) {
    case null:
      return null;
    case "settings":
      return (
        <SettingsPanel
          media={media}
          mirror={preferences.mirror}
          onMirror={(mirror) => onPreferences({ mirror })}
          onClose={close}
        />
      );
    case "safety":
      return <SafetyPanel call={call} state={state} onClose={close} />;
    case "reactions":
      return <ReactionsPanel call={call} onClose={close} />;
    case "stats":
      return <StatsPanel call={call} quality={quality} onClose={close} />;
    case "shortcuts":
      return (
        <ShortcutsPanel
          on={preferences.shortcuts}
          onChange={(shortcuts) => onPreferences({ shortcuts })}
          onClose={close}
        />
      );
    case "more": {
      const onReactions = () => toggle("reactions");
      const onStats = () => toggle("stats");
      const onShortcuts = () => toggle("shortcuts");
      return <MoreMenu actions={{ ...more, onReactions, onStats, onShortcuts }} onClose={close} />;
    }
    case "tile":
      return <TilePanel {...props} />;
  }
}

function TilePanel({ panel, call, quality, state, tiles, pinned, onPin }: RoomPanelsProps): ReactNode {
  const tile = tiles.find(({ key }) => key === panel.tile);
  if (tile === undefined) return null;
  return (
    <TileMenu
      call={call}
      quality={quality}
      tile={tile}
      person={state.participants.find(({ id }) => id === tile.participant)}
      pinned={pinned === tile.key}
      onPin={() => onPin(pinned === tile.key ? null : tile.key)}
      onClose={panel.close}
    />
  );
}
