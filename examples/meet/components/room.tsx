import { type ReactNode, useEffect, useRef, useState } from "react";
import { keptQuery, roomPath } from "../routes.ts";
import type { Call, CallState } from "../state/call.ts";
import { CallQuality } from "../state/call_quality.ts";
import type { LocalMedia, LocalMediaState } from "../state/local_media.ts";
import { Speakers } from "../state/speakers.ts";
import { useShortcuts } from "../state/shortcuts.ts";
import { useStore } from "../state/store.ts";
import { type StageView, tilesOf } from "../state/tiles.ts";
import { ViewWatch } from "../state/view_watch.ts";
import { watchVoice } from "../state/voice_watch.ts";
import { storedPreferences, storePreferences } from "../storage.ts";
import { texts } from "../texts.ts";
import { Banners } from "./banners.tsx";
import { ChatPanel } from "./chat_panel.tsx";
import { Controls, copyText } from "./controls.tsx";
import { MicOffIcon, PeopleIcon, WavesIcon } from "./icons.tsx";
import { AudioView } from "./media_elements.tsx";
import { RoomPanels, usePanel } from "./room_panels.tsx";
import { allSecured } from "./safety_panel.tsx";
import { Stage } from "./stage.tsx";

/** How long the hint about a muted microphone stays. */
const HINT_MS = 5_000;

const VIEWS: readonly StageView[] = ["auto", "grid", "speaker"];

/** What a room is made of. */
export interface RoomProps {
  readonly call: Call;
  readonly code: string;
  readonly media: LocalMedia;
  readonly onLeave: () => void;
}

/** A room one is in: pictures, sound, chat and controls. */
export function Room({ call, code, media, onLeave }: RoomProps): ReactNode {
  const state = useStore(call);
  const devices = useStore(media);
  const [speakers] = useState(() => new Speakers());
  const [quality] = useState(() => new CallQuality(call.client));
  const [views] = useState(() => new ViewWatch((views) => call.client.views.set(views)));
  const [pinned, setPinned] = useState<string | null>(null);
  const [view, setView] = useState<StageView>("auto");
  const [preferences, changePreferences] = usePreferences();
  const chat = useChat(state);
  const panel = usePanel();
  useEffect(() => quality.start(), [quality]);
  useEffect(() => views.start(), [views]);
  useEffect(() => speakers.choose(devices.speakerId), [speakers, devices.speakerId]);
  const tiles = tilesOf(ownTile(call, state, devices), state.participants, state.encryption);
  const link = location.origin + roomPath(code) + keptQuery(location.search);
  const actions = {
    mic: () => void media.setMicrophone(!devices.micOn),
    camera: () => void media.setCamera(devices.camera === null),
    share: () => void call.toggleScreenShare(),
    hand: () => call.toggleHand(),
    chat: chat.toggle,
    view: () => setView(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length] ?? "auto"),
    help: () => panel.toggle("shortcuts"),
  };
  useShortcuts({ ...actions, ...useTalk(media, devices) }, preferences.shortcuts);
  const sharing = state.screen !== null;
  const canShare = navigator.mediaDevices?.getDisplayMedia !== undefined && call.client.permissions.has("screen");
  const secured = call.encrypted ? allSecured(state) : null;
  const showSafety = () => panel.name === "safety" ? undefined : panel.toggle("safety");
  return (
    <div className="room" data-chat={chat.open}>
      <RoomHeader code={code} count={state.participants.length + 1} />
      <main className="room-main">
        <Stage
          tiles={tiles}
          speaker={state.speaker}
          pinned={pinned}
          view={view}
          mirror={preferences.mirror}
          quality={quality}
          views={views}
          reactions={state.reactions}
          onMenu={(tile) => panel.toggle("tile", tile.key)}
          onReveal={({ participant, withheld }) =>
            withheld === "held" ? showSafety() : call.allowUnencrypted(participant)}
        />
        <Banners call={call} media={media} speakers={speakers} onSafety={showSafety} />
        {state.participants.length === 0 ? <p className="room-alone">{texts.room.alone}</p> : null}
        <MutedHint devices={devices} />
      </main>
      {chat.open ? <Chat call={call} state={state} onClose={chat.close} /> : null}
      <div className="room-controls">
        <RoomPanels
          panel={panel}
          call={call}
          state={state}
          media={media}
          quality={quality}
          tiles={tiles}
          pinned={pinned}
          onPin={setPinned}
          more={{
            view,
            canShare,
            sharing,
            handRaised: state.handOrder > 0,
            onView: actions.view,
            onShare: actions.share,
            onHand: actions.hand,
            onCopy: () => void copyText(link),
          }}
          preferences={preferences}
          onPreferences={changePreferences}
        />
        <Controls
          micOn={devices.micOn}
          cameraOn={devices.camera !== null}
          busy={devices.opening}
          sharing={sharing}
          canShare={canShare}
          handRaised={state.handOrder > 0}
          secured={secured}
          chatOpen={chat.open}
          unread={chat.unread}
          panel={panel.name}
          link={link}
          chatButton={chat.button}
          onMic={actions.mic}
          onCamera={actions.camera}
          onShare={actions.share}
          onHand={actions.hand}
          onChat={actions.chat}
          onPanel={panel.toggle}
          onLeave={onLeave}
        />
      </div>
      <Sound state={state} speakers={speakers} />
      <div className="sr-only" aria-live="polite">{state.announcement}</div>
    </div>
  );
}

function ownTile(call: Call, { screen, handOrder }: CallState, { camera, micOn }: LocalMediaState) {
  return {
    id: call.client.id,
    name: call.name,
    camera,
    micOn,
    screen: screen?.getVideoTracks()[0] ?? null,
    handOrder,
    e2ee: call.encrypted,
  };
}

function RoomHeader({ code, count }: { code: string; count: number }): ReactNode {
  return (
    <header className="room-header">
      <span className="brand-mark">
        <WavesIcon />
      </span>
      <h1 className="room-code" data-testid="room-code">{code}</h1>
      <span className="room-count" title={texts.room.count(count)}>
        <PeopleIcon />
        <span aria-hidden="true">{count}</span>
        <span className="sr-only">{texts.room.count(count)}</span>
      </span>
    </header>
  );
}

function Chat({ call, state, onClose }: { call: Call; state: CallState; onClose: () => void }): ReactNode {
  const outsiders = call.encrypted
    ? state.participants.filter(({ id }) => state.encryption.get(id)?.state === "unencrypted")
    : [];
  return (
    <ChatPanel
      messages={state.messages}
      encrypted={call.encrypted}
      outsiders={outsiders.map(({ id }) => call.nameOf(id))}
      onSend={(text, clear) => call.client.sendChat(text, { allowUnencrypted: clear })}
      onClose={onClose}
    />
  );
}

/** Tells somebody who speaks into a muted microphone. */
function MutedHint({ devices: { microphone, micOn } }: { devices: LocalMediaState }): ReactNode {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    setShown(false);
    return microphone === null || micOn ? undefined : watchVoice(microphone, () => setShown(true));
  }, [microphone, micOn]);
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => setShown(false), HINT_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <p className="muted-hint" role="status" data-testid="muted-hint" data-shown={shown}>
      {shown
        ? (
          <>
            <MicOffIcon />
            {texts.mutedHint}
          </>
        )
        : null}
    </p>
  );
}

/**
 * The sound of everybody, whether their picture is shown or not.
 *
 * In large rooms a track carries whoever speaks. Its element stays and goes on playing: a new one would cost a syllable.
 */
function Sound({ state, speakers }: { state: CallState; speakers: Speakers }): ReactNode {
  const tracks = state.participants.flatMap(({ tracks: { microphone, screen_audio } }) =>
    [microphone, screen_audio].filter((track) => track !== undefined)
  );
  // An element that changes its place in the page would be interrupted too.
  return tracks.toSorted((a, b) => a.id < b.id ? -1 : 1).map((track) => (
    <AudioView key={track.id} track={track} speakers={speakers} />
  ));
}

/** Speaking while a key is held, for a microphone that is off. */
function useTalk(media: LocalMedia, { micOn }: LocalMediaState) {
  const talking = useRef(false);
  const talk = () => {
    if (micOn) return;
    talking.current = true;
    void media.setMicrophone(true);
  };
  const talkEnd = () => {
    if (talking.current) void media.setMicrophone(false);
    talking.current = false;
  };
  return { talk, talkEnd };
}

function usePreferences() {
  const [preferences, setPreferences] = useState(storedPreferences);
  const change = (change: Partial<typeof preferences>) => {
    const changed = { ...preferences, ...change };
    storePreferences(changed);
    setPreferences(changed);
  };
  return [preferences, change] as const;
}

/** Whether the chat is open, and how many lines came while it was not. */
function useChat({ messages }: CallState) {
  const [open, setOpen] = useState(false);
  const [seen, setSeen] = useState<string>();
  const button = useRef<HTMLButtonElement>(null);
  const last = messages.at(-1)?.id;
  useEffect(() => {
    if (open) setSeen(last);
  }, [open, last]);
  const firstUnseen = messages.findLastIndex(({ id }) => id === seen) + 1;
  const unread = open ? 0 : messages.slice(firstUnseen).filter(({ own }) => !own).length;
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return { open, unread, button, close, toggle: () => open ? close() : setOpen(true) };
}
