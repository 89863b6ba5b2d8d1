import type { ReactNode } from "react";
import type { ParticipantEncryption, RemoteParticipant } from "../../../src/client/mod.ts";
import type { Call, CallState } from "../state/call.ts";
import { texts } from "../texts.ts";
import { ShieldAlertIcon, ShieldCheckIcon } from "./icons.tsx";
import { Popover } from "./popover.tsx";

/** Says whether everybody whom we know is secured; nobody is not everybody. */
export function allSecured({ participants, encryption }: CallState): boolean {
  return participants.length > 0 && participants.every(({ id }) => encryption.get(id)?.state === "encrypted");
}

/** Who is secured how, and the numbers to compare. */
export function SafetyPanel({ call, state, onClose }: {
  call: Call;
  state: CallState;
  onClose: () => void;
}): ReactNode {
  const t = texts.safety;
  const { participants, encryption } = state;
  const secured = allSecured(state);
  return (
    <Popover title={t.title} closeLabel={t.close} testId="safety-panel" wide onClose={onClose}>
      <p className="safety-status" data-secured={secured}>
        {secured ? <ShieldCheckIcon /> : <ShieldAlertIcon />}
        {participants.length === 0 ? t.alone : secured ? t.all : t.some}
      </p>
      {participants.length === 0 ? null : <p className="hint">{t.advice}</p>}
      <ul className="safety-list">
        {participants.map((person) => (
          <PersonSafety key={person.id} call={call} person={person} status={encryption.get(person.id)} />
        ))}
      </ul>
    </Popover>
  );
}

function PersonSafety({ call, person, status }: {
  call: Call;
  person: RemoteParticipant;
  status: ParticipantEncryption | undefined;
}): ReactNode {
  const t = texts.safety;
  const name = person.displayName || texts.tile.nobody;
  const ready = status?.state === "encrypted";
  return (
    <li
      className="safety-person"
      data-testid="safety-person"
      data-participant={name}
      data-trust={status?.trust ?? "none"}
    >
      <div className="safety-name">
        <span className="safety-dot" data-ready={ready} role="img" aria-label={ready ? t.ready : t.notReady} />
        <strong>{name}</strong>
        {status?.trust === "verified"
          ? (
            <span className="safety-verified">
              <ShieldCheckIcon />
              {t.verified}
            </span>
          )
          : null}
      </div>
      <SafetyRemark status={status} />
      {status?.safetyNumber === undefined
        ? status?.state === "unencrypted" ? null : <p className="hint">{t.waiting}</p>
        : (
          <p className="safety-number" data-testid="safety-number" aria-label={t.number(name)} role="group">
            {status.safetyNumber.split(" ").map((group, index) => <span key={index}>{group}</span>)}
          </p>
        )}
      <SafetyActions call={call} person={person} status={status} />
    </li>
  );
}

function SafetyRemark({ status }: { status: ParticipantEncryption | undefined }): ReactNode {
  const t = texts.safety;
  if (status?.state === "held") return <p className="safety-warning">{t.held}</p>;
  if (status?.state === "unencrypted") {
    return <p className="safety-warning">{status.unencryptedAllowed ? t.unencryptedShown : t.unencrypted}</p>;
  }
  if (status?.trust === "changed") return <p className="safety-warning">{t.changed}</p>;
  return status?.trust === "none" && status.safetyNumber !== undefined ? <p className="hint">{t.basic}</p> : null;
}

function SafetyActions({ call, person, status }: {
  call: Call;
  person: RemoteParticipant;
  status: ParticipantEncryption | undefined;
}): ReactNode {
  const t = texts.safety;
  const { id } = person;
  if (status === undefined) return null;
  if (status.state === "unencrypted") {
    const allow = !status.unencryptedAllowed;
    return (
      <div className="safety-actions">
        <button
          type="button"
          className="button button-small"
          onClick={() => call.client.encryption?.allowUnencrypted(id, allow)}
        >
          {allow ? t.show : t.hide}
        </button>
      </div>
    );
  }
  const { safetyNumber } = status;
  if (safetyNumber === undefined) return null;
  const verified = status.trust === "verified" && status.state !== "held";
  return (
    <div className="safety-actions">
      <button
        type="button"
        className="button button-small"
        data-testid="btn-verify"
        onClick={() => call.markVerified(id, !verified, safetyNumber)}
      >
        {verified ? t.unverify : t.verify}
      </button>
      {status.state === "held"
        ? (
          <button
            type="button"
            className="button button-small"
            data-testid="btn-accept-key"
            onClick={() => call.acceptKey(id, safetyNumber)}
          >
            {t.accept}
          </button>
        )
        : null}
    </div>
  );
}
