import { type ReactNode, useEffect, useRef } from "react";
import type { NoticeText } from "../texts.ts";
import { WavesIcon } from "./icons.tsx";

/** A page that says what happened and offers what can be done. */
export function Notice({ text, busy = false, children }: {
  text: NoticeText;
  busy?: boolean;
  children?: ReactNode;
}): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  // Focus follows, so that keyboards and screen readers are where the news is.
  useEffect(() => heading.current?.focus(), [text.title]);
  return (
    <main className="notice">
      <div className="notice-card" role={busy ? "status" : "alert"}>
        <span className={busy ? "notice-mark notice-busy" : "notice-mark"}>
          <WavesIcon />
        </span>
        <h1 ref={heading} tabIndex={-1}>{text.title}</h1>
        {text.body === "" ? null : <p>{text.body}</p>}
        <div className="notice-actions">{children}</div>
      </div>
    </main>
  );
}
