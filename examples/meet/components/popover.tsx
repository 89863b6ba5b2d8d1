import { type ReactNode, useEffect, useRef } from "react";
import { CloseIcon } from "./icons.tsx";

/** A panel above the control bar. Focus goes into it, and Escape closes it. */
export function Popover({ title, closeLabel, testId, wide = false, onClose, children }: {
  title: string;
  closeLabel: string;
  /** For tests. */
  testId: string;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const first = panel.current?.querySelector<HTMLElement>(".popover-body :is(button, select, input, a)");
    (first ?? panel.current)?.focus();
  }, []);
  return (
    <div
      ref={panel}
      className={wide ? "popover popover-wide" : "popover"}
      role="dialog"
      tabIndex={-1}
      aria-label={title}
      data-testid={testId}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header className="panel-header">
        <h2>{title}</h2>
        <button type="button" className="icon-button" aria-label={closeLabel} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div className="popover-body">{children}</div>
    </div>
  );
}

/** A line of a menu. */
export function MenuItem({ id, icon, danger = false, className = "", onClick, children }: {
  /** For tests. */
  id: string;
  icon: ReactNode;
  danger?: boolean;
  className?: string;
  onClick: () => void;
  children: ReactNode;
}): ReactNode {
  return (
    <button type="button" className={`menu-item ${className}`} data-testid={id} data-danger={danger} onClick={onClick}>
      {icon}
      <span>{children}</span>
    </button>
  );
}
