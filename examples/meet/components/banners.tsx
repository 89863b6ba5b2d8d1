import type { ReactNode } from "react";
import type { Call } from "../state/call.ts";
import type { LocalMedia } from "../state/local_media.ts";
import type { Speakers } from "../state/speakers.ts";
import { useStore } from "../state/store.ts";
import { mediaTexts, texts } from "../texts.ts";
import { Banner } from "./banner.tsx";

/** Everything that is not as it should be. Lies over the pictures, so that nothing moves when it comes and goes. */
export function Banners({ call, media, speakers, onSafety }: {
  call: Call;
  media: LocalMedia;
  speakers: Speakers;
  onSafety: () => void;
}): ReactNode {
  const { status, mediaState, notice } = useStore(call);
  const { problem } = useStore(media);
  const { blocked } = useStore(speakers);
  const t = texts.banner;
  const reconnecting = status.state === "reconnecting";
  return (
    <div className="banners" role="status" data-testid="banners">
      {reconnecting
        ? (
          <Banner tone="warn" action={{ label: t.retryNow, onClick: () => call.client.retryNow() }}>
            {isRestart(status.message) ? t.restarting : t.reconnecting}
          </Banner>
        )
        : null}
      {!reconnecting && mediaState === "failed" ? <Banner tone="bad">{t.mediaFailed}</Banner> : null}
      {!reconnecting && mediaState === "interrupted" ? <Banner tone="warn">{t.mediaInterrupted}</Banner> : null}
      <Alarms call={call} onSafety={onSafety} />
      {blocked
        ? (
          <Banner tone="info" action={{ label: t.playSound, onClick: () => void speakers.resume() }}>
            {t.soundBlocked}
          </Banner>
        )
        : null}
      {problem === null ? null : (
        <Banner tone="bad" onDismiss={() => media.dismissProblem()}>
          {mediaTexts[problem.kind](problem.device)}
        </Banner>
      )}
      {notice === null ? null : <Banner tone="warn" onDismiss={() => call.dismissNotice()}>{notice}</Banner>}
    </div>
  );
}

/** What a server says when it, or the part with this room, starts anew. */
function isRestart(word: string | undefined): boolean {
  return word === "worker_lost" || word === "going_away";
}

/** Keys that are not the expected ones: loud, and one after another. */
function Alarms({ call, onSafety }: { call: Call; onSafety: () => void }): ReactNode {
  const { alarms } = useStore(call);
  return alarms.map((alarm) => (
    <div key={alarm.participant} role="alert" data-testid="key-alarm">
      <Banner
        tone="bad"
        action={{ label: texts.safety.check, onClick: onSafety }}
        {...(alarm.held ? {} : { onDismiss: () => call.dismissAlarm(alarm.participant) })}
      >
        {texts.safety.alarm(alarm)}
      </Banner>
    </div>
  ));
}
