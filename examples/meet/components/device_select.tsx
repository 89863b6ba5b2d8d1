import { type ReactNode, useId } from "react";
import type { DeviceChoice } from "../state/local_media.ts";
import { texts } from "../texts.ts";

/** Chooses a device; not shown while there is nothing to choose from. */
export function DeviceSelect({ label, testId, choices, value, onChange }: {
  label: string;
  testId: string;
  choices: readonly DeviceChoice[];
  value: string;
  onChange: (id: string) => void;
}): ReactNode {
  const id = useId();
  if (choices.length === 0) return null;
  const known = choices.some((choice) => choice.id === value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        data-testid={testId}
        value={known ? value : ""}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{texts.lobby.defaultDevice}</option>
        {choices.filter((choice) => choice.id !== "default").map((choice) => (
          <option key={choice.id} value={choice.id}>{choice.label}</option>
        ))}
      </select>
    </div>
  );
}
