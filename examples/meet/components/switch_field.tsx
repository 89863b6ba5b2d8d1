import { type ReactNode, useId } from "react";

/** Something that is on or off, with its name and what it means. */
export function SwitchField({ id, label, hint, on, disabled = false, onChange }: {
  /** For tests. */
  id: string;
  label: string;
  hint?: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}): ReactNode {
  const hintId = useId();
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      data-testid={id}
      aria-checked={on}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-describedby={hint === undefined ? undefined : hintId}
      onClick={() => onChange(!on)}
    >
      <span className="switch-text">
        <span className="switch-label">{label}</span>
        {hint === undefined ? null : <span id={hintId} className="hint">{hint}</span>}
      </span>
      <span className="switch-track" aria-hidden="true" />
    </button>
  );
}
