import { type ReactNode, type Ref, useEffect, useState } from "react";
import { texts } from "../texts.ts";
import {
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  CheckIcon,
  HandIcon,
  LeaveIcon,
  LinkIcon,
  MicIcon,
  MicOffIcon,
  MoreIcon,
  ScreenIcon,
  ScreenOffIcon,
  SettingsIcon,
  ShieldAlertIcon,
  ShieldCheckIcon,
  SmileIcon,
} from "./icons.tsx";
import { RoundButton } from "./round_button.tsx";

/** How long the tick after copying is shown. */
const COPIED_MS = 2_000;

/** What the control bar shows and calls. */
export interface ControlsProps {
  readonly micOn: boolean;
  readonly cameraOn: boolean;
  readonly busy: "camera" | "microphone" | null;
  readonly sharing: boolean;
  readonly canShare: boolean;
  readonly handRaised: boolean;
  /** Whether everybody is secured; `null` without end-to-end encryption. */
  readonly secured: boolean | null;
  readonly chatOpen: boolean;
  readonly unread: number;
  /** The panel that is open. */
  readonly panel: string | null;
  readonly link: string;
  readonly chatButton: Ref<HTMLButtonElement>;
  readonly onMic: () => void;
  readonly onCamera: () => void;
  readonly onShare: () => void;
  readonly onHand: () => void;
  readonly onChat: () => void;
  readonly onPanel: (panel: "reactions" | "safety" | "settings" | "more") => void;
  readonly onLeave: () => void;
}

/** The bar at the bottom of a room. */
export function Controls(props: ControlsProps): ReactNode {
  const { micOn, cameraOn, busy, chatOpen, unread, handRaised } = props;
  const t = texts.controls;
  return (
    <div className="controls" role="toolbar" aria-label={t.bar}>
      <RoundButton
        id="btn-toggle-mic"
        label={micOn ? t.mute : t.unmute}
        off={!micOn}
        busy={busy === "microphone"}
        onClick={props.onMic}
      >
        {micOn ? <MicIcon /> : <MicOffIcon />}
      </RoundButton>
      <RoundButton
        id="btn-toggle-camera"
        label={cameraOn ? t.cameraOff : t.cameraOn}
        off={!cameraOn}
        busy={busy === "camera"}
        onClick={props.onCamera}
      >
        {cameraOn ? <CameraIcon /> : <CameraOffIcon />}
      </RoundButton>
      {props.canShare ? <ShareButton sharing={props.sharing} onShare={props.onShare} /> : null}
      <RoundButton
        id="btn-hand"
        label={handRaised ? t.lowerHand : t.raiseHand}
        active={handRaised}
        className="when-wide"
        onClick={props.onHand}
      >
        <HandIcon />
      </RoundButton>
      <PanelButton id="btn-reactions" label={t.reactions} name="reactions" props={props} className="when-wide">
        <SmileIcon />
      </PanelButton>
      {props.secured === null ? null : (
        <PanelButton
          id="e2ee-indicator"
          label={props.secured ? t.safety : t.safetyOpen}
          name="safety"
          props={props}
          className={props.secured ? "round-secured" : "round-unsecured"}
        >
          {props.secured ? <ShieldCheckIcon /> : <ShieldAlertIcon />}
        </PanelButton>
      )}
      <RoundButton
        id="btn-toggle-chat"
        label={unread > 0 ? t.chatUnread(unread) : t.chat}
        active={chatOpen}
        expanded={chatOpen}
        buttonRef={props.chatButton}
        onClick={props.onChat}
      >
        <ChatIcon />
        {unread > 0 ? <span className="badge" data-testid="chat-unread">{unread > 99 ? "99+" : unread}</span> : null}
      </RoundButton>
      <PanelButton id="btn-settings" label={t.settings} name="settings" props={props}>
        <SettingsIcon />
      </PanelButton>
      <CopyLink link={props.link} />
      <PanelButton id="btn-more" label={t.more} name="more" props={props}>
        <MoreIcon />
      </PanelButton>
      <RoundButton id="btn-leave" label={t.leave} className="round-leave" onClick={props.onLeave}>
        <LeaveIcon />
      </RoundButton>
    </div>
  );
}

function PanelButton({ id, label, name, props, className = "", children }: {
  id: string;
  label: string;
  name: "reactions" | "safety" | "settings" | "more";
  props: ControlsProps;
  className?: string;
  children: ReactNode;
}): ReactNode {
  const open = props.panel === name;
  return (
    <RoundButton
      id={id}
      label={label}
      active={open}
      expanded={open}
      className={className}
      onClick={() => props.onPanel(name)}
    >
      {children}
    </RoundButton>
  );
}

function ShareButton({ sharing, onShare }: { sharing: boolean; onShare: () => void }): ReactNode {
  const label = sharing ? texts.controls.stopShare : texts.controls.share;
  return (
    <RoundButton id="btn-screen-share" label={label} active={sharing} className="when-wide" onClick={onShare}>
      {sharing ? <ScreenOffIcon /> : <ScreenIcon />}
    </RoundButton>
  );
}

function CopyLink({ link }: { link: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const { copy, copied: done } = texts.controls;
  return (
    <RoundButton
      id="btn-copy-link"
      className="when-wide"
      label={copied ? done : copy}
      onClick={() => void copyText(link).then(setCopied)}
    >
      {copied ? <CheckIcon /> : <LinkIcon />}
      <span className="sr-only" role="status">{copied ? done : ""}</span>
    </RoundButton>
  );
}

/** Puts text on the clipboard. Pages without https have no clipboard; the old way still works there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr-only";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
