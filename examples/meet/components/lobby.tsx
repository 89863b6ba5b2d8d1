import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { type E2eeMode, encryptionSupport, fetchServerConfig } from "../../../src/client/mod.ts";
import type { ServerQuestion } from "../app.tsx";
import { randomRoomCode } from "../room_code.ts";
import { type EntryState, readRoomCode } from "../routes.ts";
import type { LocalMedia } from "../state/local_media.ts";
import { useStore } from "../state/store.ts";
import { storedName, storedToken } from "../storage.ts";
import { mediaTexts, texts } from "../texts.ts";
import { Banner } from "./banner.tsx";
import { DeviceSelect } from "./device_select.tsx";
import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon, ShieldIcon, WavesIcon } from "./icons.tsx";
import { LevelMeter } from "./level_meter.tsx";
import { VideoView } from "./media_elements.tsx";
import { RoundButton } from "./round_button.tsx";
import { SwitchField } from "./switch_field.tsx";
import { TokenField } from "./token_field.tsx";

/** What the lobby hands over. */
export interface Entry extends EntryState {
  readonly name: string;
  readonly code: string;
  readonly token: string;
  /** The server that the token is for. */
  readonly server: string;
}

/** The first page: see oneself, say one's name, choose a room. */
export function Lobby({ media, code, server, onEnter }: {
  media: LocalMedia;
  /** The room of the link that was opened; empty on the start page. */
  code: string;
  server: ServerQuestion;
  onEnter: (entry: Entry) => void;
}): ReactNode {
  useEffect(() => {
    document.title = texts.brand;
    void media.refreshDevices();
  }, [media]);
  return (
    <main className="lobby">
      <header className="lobby-brand">
        <h1>
          <span className="brand-mark">
            <WavesIcon />
          </span>
          {texts.brand}
        </h1>
        <p>{texts.tagline}</p>
      </header>
      <div className="lobby-card">
        <Preview media={media} />
        {server.choice.kind === "settled"
          ? <EntryForm key={server.choice.url} media={media} code={code} server={server.choice.url} onEnter={onEnter} />
          : <ServerConsent server={server} />}
      </div>
      <footer className="lobby-footer">{texts.footer}</footer>
    </main>
  );
}

function Preview({ media }: { media: LocalMedia }): ReactNode {
  const state = useStore(media);
  const { camera, microphone, micOn, problem } = state;
  const cameraOn = camera !== null;
  return (
    <section className="preview" aria-label={texts.lobby.preview}>
      <div className="preview-screen" data-on={cameraOn}>
        <VideoView track={camera} className={cameraOn ? "tile-video" : "tile-video hidden"} />
        {cameraOn ? null : (
          <div className="preview-off">
            <CameraOffIcon />
            <span>{texts.lobby.previewOff}</span>
          </div>
        )}
        {micOn && microphone !== null ? <LevelMeter track={microphone} /> : null}
        <PreviewToggles media={media} />
      </div>
      <div className="preview-problem" aria-live="polite">
        {problem === null ? null : (
          <Banner tone="bad" onDismiss={() => media.dismissProblem()}>
            {mediaTexts[problem.kind](problem.device)}
          </Banner>
        )}
      </div>
      <div className="preview-devices">
        <DeviceSelect
          label={texts.lobby.camera}
          testId="select-camera"
          choices={state.cameras}
          value={state.cameraId}
          onChange={(id) => void media.chooseCamera(id)}
        />
        <DeviceSelect
          label={texts.lobby.microphone}
          testId="select-microphone"
          choices={state.microphones}
          value={state.microphoneId}
          onChange={(id) => void media.chooseMicrophone(id)}
        />
      </div>
    </section>
  );
}

function PreviewToggles({ media }: { media: LocalMedia }): ReactNode {
  const { camera, micOn, opening } = useStore(media);
  const cameraOn = camera !== null;
  return (
    <div className="preview-toggles">
      <RoundButton
        id="lobby-toggle-mic"
        label={micOn ? texts.controls.mute : texts.controls.unmute}
        off={!micOn}
        busy={opening === "microphone"}
        onClick={() => void (micOn ? media.closeMicrophone() : media.setMicrophone(true))}
      >
        {micOn ? <MicIcon /> : <MicOffIcon />}
      </RoundButton>
      <RoundButton
        id="lobby-toggle-camera"
        label={cameraOn ? texts.controls.cameraOff : texts.controls.cameraOn}
        off={!cameraOn}
        busy={opening === "camera"}
        onClick={() => void media.setCamera(!cameraOn)}
      >
        {cameraOn ? <CameraIcon /> : <CameraOffIcon />}
      </RoundButton>
    </div>
  );
}

/** Asks before anything goes to a server that only the link has chosen. */
function ServerConsent({ server: { choice, accept, refuse } }: { server: ServerQuestion }): ReactNode {
  const t = texts.server;
  const host = choice.kind === "unusable" ? "" : new URL(choice.url).host;
  return (
    <section className="entry" data-testid="server-consent">
      <h2>{t.title}</h2>
      <p>{choice.kind === "unusable" ? t.unusable(choice.text) : t.ask(host)}</p>
      {choice.kind === "ask"
        ? (
          <button type="button" className="button button-wide" data-testid="btn-accept-server" onClick={accept}>
            {t.accept(host)}
          </button>
        )
        : null}
      <button type="button" className="button button-primary button-wide" data-testid="btn-own-server" onClick={refuse}>
        {t.refuse}
      </button>
    </section>
  );
}

/** Whether to encrypt, as the person says, or else the server. */
function useEncryption(server: string) {
  const [supported] = useState(() => encryptionSupport() !== "none");
  const [mode, setMode] = useState<E2eeMode>("off");
  const [chosen, setChosen] = useState<boolean>();
  useEffect(() => {
    let ended = false;
    void fetchServerConfig(server).then((config) => {
      if (!ended && config !== undefined) setMode(config.e2ee);
    });
    return () => {
      ended = true;
    };
  }, [server]);
  const required = mode === "required";
  return { supported, required, on: supported && (required || (chosen ?? mode === "default")), choose: setChosen };
}

function EncryptionChoice({ supported, required, on, choose }: ReturnType<typeof useEncryption>): ReactNode {
  const t = texts.lobby;
  if (!supported) return required ? <Banner tone="bad">{t.e2eeMissing}</Banner> : null;
  return (
    <div className="entry-e2ee">
      <ShieldIcon />
      <SwitchField
        id="lobby-toggle-e2ee"
        label={t.e2ee}
        hint={required ? t.e2eeRequired : on ? t.e2eeOn : t.e2eeOff}
        on={on}
        disabled={required}
        onChange={choose}
      />
    </div>
  );
}

function EntryForm({ media, code, server, onEnter }: {
  media: LocalMedia;
  code: string;
  server: string;
  onEnter: (entry: Entry) => void;
}): ReactNode {
  const [name, setName] = useState(storedName);
  const [room, setRoom] = useState(code);
  const [token, setToken] = useState(() => storedToken(server));
  const [askToken] = useState(token !== "");
  const encryption = useEncryption(server);
  useEffect(() => setRoom(code), [code]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    const { camera, micOn } = media.value;
    onEnter({
      name: name.trim(),
      code: readRoomCode(room) || randomRoomCode(),
      token: token.trim(),
      server,
      cameraOn: camera !== null,
      micOn,
      e2eeOn: encryption.on,
    });
  };
  return (
    <form className="entry" onSubmit={submit}>
      <h2>{texts.lobby.heading}</h2>
      {code === "" ? null : <p className="entry-invited">{texts.lobby.invited(code)}</p>}
      <div className="field">
        <label htmlFor="entry-name">{texts.lobby.name}</label>
        <input
          id="entry-name"
          data-testid="input-name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder={texts.lobby.namePlaceholder}
          maxLength={64}
          autoComplete="nickname"
          autoFocus
          required
        />
      </div>
      <div className="field">
        <label htmlFor="entry-code">{texts.lobby.code}</label>
        <input
          id="entry-code"
          data-testid="input-room-code"
          value={room}
          onChange={(event) => setRoom(event.target.value)}
          placeholder={texts.lobby.codePlaceholder}
          aria-describedby={code === "" ? "entry-code-hint" : undefined}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        {code === "" ? <p id="entry-code-hint" className="hint">{texts.lobby.codeHint}</p> : null}
      </div>
      <EncryptionChoice {...encryption} />
      {askToken ? <TokenField value={token} onChange={setToken} /> : null}
      <button
        type="submit"
        className="button button-primary button-wide"
        data-testid="btn-join"
        disabled={name.trim() === ""}
      >
        {texts.lobby.join}
      </button>
    </form>
  );
}
