import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { encryptionOptions } from "../e2ee_worker.ts";
import { entryState, navigate, roomPath } from "../routes.ts";
import { Call } from "../state/call.ts";
import type { LocalMedia } from "../state/local_media.ts";
import { useStore } from "../state/store.ts";
import { storedToken, storeToken } from "../storage.ts";
import { closedFallback, closedTexts, texts } from "../texts.ts";
import { Notice } from "./notice.tsx";
import { Room } from "./room.tsx";
import { TokenField } from "./token_field.tsx";

/** What the room page needs. */
export interface RoomPageProps {
  /** Address of the signaling server. */
  readonly server: string;
  readonly code: string;
  readonly name: string;
  readonly media: LocalMedia;
  readonly onLeave: () => void;
}

/** A room from entering to leaving: joins, and joins again when the user asks after a refusal. */
export function RoomPage({ server, code, name, media, onLeave }: RoomPageProps): ReactNode {
  const [attempt, setAttempt] = useState(0);
  const [call, setCall] = useState<Call | "unsupported">();
  useEffect(() => {
    document.title = texts.room.title(code);
    let ended = false;
    let current: Call | undefined;
    void openDevices(media).then(() => {
      if (ended) return;
      const e2ee = entryState()?.e2eeOn ? { e2ee: encryptionOptions() } : {};
      try {
        current = new Call({ url: server, code, name, token: storedToken(server), ...e2ee }, media);
      } catch (error) {
        // Encryption was chosen: without it there is no call.
        console.warn("seameet:", error);
        return setCall("unsupported");
      }
      // For tests and for looking at a call from the browser's console: counters are in `seameetClient.peerConnection`.
      Object.assign(globalThis, { seameetClient: current.client });
      setCall(current);
    });
    const hide = () => current?.close();
    addEventListener("pagehide", hide);
    return () => {
      ended = true;
      removeEventListener("pagehide", hide);
      current?.close();
      setCall(undefined);
    };
  }, [server, code, name, media, attempt]);
  useWakeLock();
  if (call === undefined) return <Notice text={texts.connecting} busy />;
  const leave = <button type="button" className="button" onClick={onLeave}>{texts.actions.lobby}</button>;
  if (call === "unsupported") return <Notice text={texts.encryption.unsupported}>{leave}</Notice>;
  const retry = () => setAttempt(attempt + 1);
  const encrypt = () => {
    navigate(roomPath(code), { cameraOn: false, micOn: false, ...entryState(), e2eeOn: true });
    retry();
  };
  return (
    <CallPage
      call={call}
      server={server}
      code={code}
      media={media}
      onLeave={onLeave}
      onRetry={retry}
      onEncrypt={encrypt}
    />
  );
}

function CallPage({ call, server, code, media, onLeave, onRetry, onEncrypt }: {
  call: Call;
  server: string;
  code: string;
  media: LocalMedia;
  onLeave: () => void;
  onRetry: () => void;
  /** Enters again, with encryption. */
  onEncrypt: () => void;
}): ReactNode {
  const { status } = useStore(call);
  const leave = <button type="button" className="button" onClick={onLeave}>{texts.actions.lobby}</button>;
  if (status.state === "connecting") {
    const text = status.failedTries === 0
      ? texts.connecting
      : { title: texts.connecting.unreachable, body: texts.connecting.unreachableBody };
    return (
      <Notice text={text} busy>
        {status.failedTries === 0
          ? null
          : (
            <button type="button" className="button button-primary" onClick={() => call.client.retryNow()}>
              {texts.actions.tryAgain}
            </button>
          )}
        {leave}
      </Notice>
    );
  }
  if (status.state === "closed" && status.reason === "unauthorized") {
    return <TokenNotice server={server} onRetry={onRetry}>{leave}</TokenNotice>;
  }
  if (status.state === "closed" && status.reason !== "left") {
    const known = status.reason === undefined ? undefined : closedTexts[status.reason];
    const text = known ?? { ...closedFallback, body: status.message || closedFallback.body };
    const encrypt = status.reason === "e2ee_required";
    return (
      <Notice text={text}>
        <button type="button" className="button button-primary" onClick={encrypt ? onEncrypt : onRetry}>
          {encrypt ? texts.encryption.joinEncrypted : texts.actions.rejoin}
        </button>
        {leave}
      </Notice>
    );
  }
  return <Room call={call} code={code} media={media} onLeave={onLeave} />;
}

/** Asks for the access code after the server has. */
function TokenNotice({ server, onRetry, children }: {
  server: string;
  onRetry: () => void;
  children: ReactNode;
}): ReactNode {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    storeToken(server, token.trim());
    onRetry();
  };
  return (
    <Notice text={closedTexts.unauthorized ?? closedFallback}>
      <form className="notice-form" onSubmit={submit}>
        <TokenField value={token} onChange={setToken} autoFocus />
        <button type="submit" className="button button-primary button-wide" disabled={token.trim() === ""}>
          {texts.actions.tryAgain}
        </button>
      </form>
      {children}
    </Notice>
  );
}

/** After a reload the devices come back as they were when the room was entered. */
async function openDevices(media: LocalMedia): Promise<void> {
  const wanted = entryState();
  const { camera, micOn } = media.value;
  if (wanted?.cameraOn && camera === null) await media.setCamera(true);
  if (wanted?.micOn && !micOn) await media.setMicrophone(true);
}

/** Keeps the display on during a call, where the browser can. */
function useWakeLock(): void {
  const held = useRef<WakeLockSentinel>(null);
  useEffect(() => {
    const take = () => {
      if (document.visibilityState !== "visible") return;
      void navigator.wakeLock?.request("screen").then((lock) => held.current = lock, () => {});
    };
    take();
    document.addEventListener("visibilitychange", take);
    return () => {
      document.removeEventListener("visibilitychange", take);
      void held.current?.release();
    };
  }, []);
}
