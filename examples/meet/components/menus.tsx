import { type ReactNode, useState } from "react";
import type { ModerationAction, RemoteParticipant } from "../../../src/client/mod.ts";
import type { Call } from "../state/call.ts";
import { type CallQuality, pictureKey } from "../state/call_quality.ts";
import { useStore } from "../state/store.ts";
import type { StageView, TileModel } from "../state/tiles.ts";
import { texts } from "../texts.ts";
import {
  CameraOffIcon,
  ChartIcon,
  HandIcon,
  KeyboardIcon,
  LayoutIcon,
  LinkIcon,
  MicOffIcon,
  PictureIcon,
  PinIcon,
  RemoveIcon,
  ScreenIcon,
  ScreenOffIcon,
  SmileIcon,
} from "./icons.tsx";
import { MenuItem, Popover } from "./popover.tsx";

/** What most people want to say without words. */
const EMOJI = ["👍", "👏", "❤️", "😂", "😮", "🎉", "🤔", "👋"] as const;

/** Emoji to send. */
export function ReactionsPanel({ call, onClose }: { call: Call; onClose: () => void }): ReactNode {
  const t = texts.reactions;
  return (
    <Popover title={t.title} closeLabel={t.close} testId="reactions-panel" onClose={onClose}>
      <div className="reactions">
        {EMOJI.map((emoji) => (
          <button
            key={emoji}
            type="button"
            className="reaction-choice"
            data-testid="reaction-choice"
            aria-label={t.send(emoji)}
            onClick={() => call.client.interactions.react(emoji)}
          >
            {emoji}
          </button>
        ))}
      </div>
    </Popover>
  );
}

/** What the "more" menu calls. */
export interface MoreActions {
  readonly view: StageView;
  readonly canShare: boolean;
  readonly sharing: boolean;
  readonly handRaised: boolean;
  readonly onView: () => void;
  readonly onShare: () => void;
  readonly onHand: () => void;
  readonly onReactions: () => void;
  readonly onCopy: () => void;
  readonly onStats: () => void;
  readonly onShortcuts: () => void;
}

/** What has no place in the bar; on narrow pages also what lost its place there. */
export function MoreMenu({ actions, onClose }: { actions: MoreActions; onClose: () => void }): ReactNode {
  const { more: t, controls } = texts;
  const { sharing, handRaised, view } = actions;
  /** The menu has done its work. */
  const close = (action: () => void) => () => {
    onClose();
    action();
  };
  return (
    <Popover title={t.title} closeLabel={t.close} testId="more-panel" onClose={onClose}>
      <MenuItem id="more-hand" icon={<HandIcon />} className="when-narrow" onClick={close(actions.onHand)}>
        {handRaised ? controls.lowerHand : controls.raiseHand}
      </MenuItem>
      <MenuItem id="more-reactions" icon={<SmileIcon />} className="when-narrow" onClick={actions.onReactions}>
        {controls.reactions}
      </MenuItem>
      {actions.canShare
        ? (
          <MenuItem id="more-share" icon={<ScreenIcon />} className="when-narrow" onClick={close(actions.onShare)}>
            {sharing ? controls.stopShare : controls.share}
          </MenuItem>
        )
        : null}
      <MenuItem id="more-copy" icon={<LinkIcon />} className="when-narrow" onClick={close(actions.onCopy)}>
        {controls.copy}
      </MenuItem>
      <MenuItem id="more-view" icon={<LayoutIcon />} onClick={actions.onView}>{t.view[view]}</MenuItem>
      <MenuItem id="more-stats" icon={<ChartIcon />} onClick={actions.onStats}>{t.stats}</MenuItem>
      <MenuItem id="more-shortcuts" icon={<KeyboardIcon />} onClick={actions.onShortcuts}>{t.shortcuts}</MenuItem>
    </Popover>
  );
}

/** What can be done with one tile: for everybody, and for hosts. */
export function TileMenu({ call, quality, tile, person, pinned, onPin, onClose }: {
  call: Call;
  quality: CallQuality;
  tile: TileModel;
  person: RemoteParticipant | undefined;
  pinned: boolean;
  onPin: () => void;
  onClose: () => void;
}): ReactNode {
  const t = texts.tile;
  const picture = useStore(quality).pictures.get(pictureKey(tile.participant, tile.kind));
  const showSmall = () => {
    onClose();
    // Refused without a picture, or when the browser does not allow it here.
    void videoOf(tile.key)?.requestPictureInPicture().catch(() => {});
  };
  const pin = () => {
    onClose();
    onPin();
  };
  return (
    <Popover title={tile.label} closeLabel={t.closeMenu} testId="tile-panel" onClose={onClose}>
      {picture === undefined
        ? null
        : <p className="hint" data-testid="tile-why">{texts.quality.pictureSays(picture)}</p>}
      <MenuItem id="tile-pin" icon={<PinIcon />} onClick={pin}>{pinned ? t.unpin : t.pin}</MenuItem>
      {document.pictureInPictureEnabled && tile.on
        ? <MenuItem id="tile-pip" icon={<PictureIcon />} onClick={showSmall}>{t.pictureInPicture}</MenuItem>
        : null}
      {person !== undefined && call.client.permissions.has("moderate")
        ? <HostItems call={call} tile={tile} person={person} onClose={onClose} />
        : null}
    </Popover>
  );
}

function HostItems({ call, tile, person, onClose }: {
  call: Call;
  tile: TileModel;
  person: RemoteParticipant;
  onClose: () => void;
}): ReactNode {
  const [sure, setSure] = useState(false);
  const t = texts.moderation;
  const item = (action: ModerationAction, icon: ReactNode, danger = false) => (
    <MenuItem
      id={`host-${action}`}
      icon={icon}
      danger={danger}
      onClick={() => {
        onClose();
        call.client.interactions.moderate(person.id, action);
      }}
    >
      {t[action]}
    </MenuItem>
  );
  return (
    <>
      {person.audioMuted ? null : item("mute_audio", <MicOffIcon />)}
      {person.videoMuted ? null : item("mute_video", <CameraOffIcon />)}
      {person.screenSharing ? item("stop_screen", <ScreenOffIcon />) : null}
      {person.handOrder > 0 ? item("lower_hand", <HandIcon />) : null}
      {sure
        ? (
          <>
            <p className="safety-warning" role="alert">{t.sureRemove(tile.name)}</p>
            {item("remove", <RemoveIcon />, true)}
          </>
        )
        : (
          <MenuItem id="host-ask-remove" icon={<RemoveIcon />} danger onClick={() => setSure(true)}>
            {t.remove}
          </MenuItem>
        )}
    </>
  );
}

function videoOf(key: string): HTMLVideoElement | null {
  return document.querySelector(`[data-tile="${CSS.escape(key)}"] video`);
}
