import type { ReactNode } from "react";
import { texts } from "../texts.ts";

/** The access code of servers that ask for one. */
export function TokenField({ value, onChange, autoFocus = false }: {
  value: string;
  onChange: (token: string) => void;
  autoFocus?: boolean;
}): ReactNode {
  return (
    <div className="field">
      <label htmlFor="entry-token">{texts.lobby.token}</label>
      <input
        id="entry-token"
        data-testid="input-token"
        type="password"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby="entry-token-hint"
        autoFocus={autoFocus}
        autoComplete="off"
      />
      <p id="entry-token-hint" className="hint">{texts.lobby.tokenHint}</p>
    </div>
  );
}
