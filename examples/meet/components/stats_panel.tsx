import type { ReactNode } from "react";
import type { ConnectionQualityEvent } from "../../../src/client/mod.ts";
import type { Call } from "../state/call.ts";
import type { CallQuality } from "../state/call_quality.ts";
import { useStore } from "../state/store.ts";
import { texts } from "../texts.ts";
import { Popover } from "./popover.tsx";

/** Figures of the connection, for people who want to know why. */
export function StatsPanel({ call, quality, onClose }: {
  call: Call;
  quality: CallQuality;
  onClose: () => void;
}): ReactNode {
  const t = texts.stats;
  const { figures, sentKbps, receivedKbps, roundTripMs, sendLoss, connection } = useStore(quality);
  return (
    <Popover title={t.title} closeLabel={t.close} testId="stats-panel" wide onClose={onClose}>
      <dl className="stats-own">
        <Figure name={t.sent} value={t.kbps(sentKbps)} />
        <Figure name={t.received} value={t.kbps(receivedKbps)} />
        <Figure name={t.roundTrip} value={roundTripMs === null ? t.unknown : t.ms(roundTripMs)} />
        <Figure name={t.sendLoss} value={sendLoss === null ? t.unknown : t.percent(sendLoss)} />
        <Figure name={t.down} value={scoreText(connection?.down)} />
        <Figure name={t.up} value={scoreText(connection?.up)} />
      </dl>
      {figures.length === 0 ? <p className="hint">{t.nobody}</p> : (
        <table className="stats-people">
          <thead>
            <tr>{[t.person, t.picture, t.rate, t.loss].map((head) => <th key={head} scope="col">{head}</th>)}</tr>
          </thead>
          <tbody>
            {figures.map(({ id, kbps, loss, fps, size, picture }) => (
              <tr key={id}>
                <th scope="row">{call.nameOf(id)}</th>
                <td>
                  {t.size(size, fps)}
                  {picture === undefined
                    ? null
                    : (
                      <span className="stats-why" data-testid="stats-why" data-reason={picture.reason}>
                        {texts.quality.picture[picture.reason]}
                      </span>
                    )}
                </td>
                <td>{t.kbps(kbps)}</td>
                <td>{t.percent(loss)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Popover>
  );
}

function scoreText(direction: ConnectionQualityEvent["down"] | undefined): string {
  const t = texts.stats;
  return direction === undefined ? t.unknown : t.score(direction.score, t.reasons[direction.reason]);
}

function Figure({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
