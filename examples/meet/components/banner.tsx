import type { ReactNode } from "react";
import { texts } from "../texts.ts";
import { CloseIcon } from "./icons.tsx";

/** A line above the pictures: something is not as it should be, and what can be done. */
export function Banner({ tone, children, action, onDismiss }: {
  tone: "info" | "warn" | "bad";
  children: ReactNode;
  action?: { label: string; onClick: () => void };
  onDismiss?: () => void;
}): ReactNode {
  return (
    <div className={`banner banner-${tone}`}>
      <p>{children}</p>
      {action === undefined
        ? null
        : <button type="button" className="button button-small" onClick={action.onClick}>{action.label}</button>}
      {onDismiss === undefined
        ? null
        : (
          <button type="button" className="icon-button" aria-label={texts.banner.dismiss} onClick={onDismiss}>
            <CloseIcon />
          </button>
        )}
    </div>
  );
}
