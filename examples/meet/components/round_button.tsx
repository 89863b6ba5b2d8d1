import type { ReactNode, Ref } from "react";

/** What a round button shows and does. */
export interface RoundButtonProps {
  /** For tests. */
  readonly id: string;
  /** What it does, for people who do not see the icon. */
  readonly label: string;
  /** A device that is off: red. */
  readonly off?: boolean;
  /** Something that is open or running: coloured. */
  readonly active?: boolean;
  /** Its effect is under way. */
  readonly busy?: boolean;
  /** Says whether the panel it opens is open. */
  readonly expanded?: boolean;
  readonly className?: string;
  readonly buttonRef?: Ref<HTMLButtonElement>;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** A button with an icon. */
export function RoundButton(props: RoundButtonProps): ReactNode {
  const { id, label, off = false, active = false, busy = false, expanded, className = "", buttonRef } = props;
  return (
    <button
      type="button"
      ref={buttonRef ?? null}
      className={`round ${className}`}
      data-testid={id}
      data-off={off}
      data-active={active}
      aria-label={label}
      title={label}
      aria-busy={busy}
      aria-expanded={expanded}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
