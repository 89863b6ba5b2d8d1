import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { ChatEntry } from "../../../src/client/mod.ts";
import { texts } from "../texts.ts";
import { splitLinks, type TextPart } from "../links.ts";
import { CloseIcon, LockIcon, SendIcon } from "./icons.tsx";

/** Lines of one writer within this time stand together under one name. */
const SAME_BLOCK_MS = 120_000;

/** How far from the end still counts as reading the newest line, in CSS pixels. */
const NEAR_END = 80;

/** Longest line; well below what the server takes. */
const MAX_LENGTH = 4_000;

/** What the chat shows and calls. */
export interface ChatPanelProps {
  readonly messages: readonly ChatEntry[];
  /** We encrypt. */
  readonly encrypted: boolean;
  /** Names of those who cannot read what we encrypt. */
  readonly outsiders: readonly string[];
  /** `clear` sends without encryption though it is on; the person has said so for this line. */
  readonly onSend: (text: string, clear: boolean) => boolean;
  readonly onClose: () => void;
}

/** The chat beside the pictures. */
export function ChatPanel({ messages, encrypted, outsiders, onSend, onClose }: ChatPanelProps): ReactNode {
  const list = useRef<HTMLOListElement>(null);
  const nearEnd = useRef(true);
  useLayoutEffect(() => {
    // Whoever reads older lines is left alone.
    if (nearEnd.current) list.current?.scrollTo(0, list.current.scrollHeight);
  }, [messages]);
  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    nearEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
  };
  return (
    <aside
      className="chat"
      data-testid="chat-panel"
      aria-label={texts.chat.title}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header className="panel-header">
        <h2>{texts.chat.title}</h2>
        <button type="button" className="icon-button" aria-label={texts.chat.close} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      {messages.length === 0
        ? <p className="chat-empty">{texts.chat.empty}</p>
        : (
          <ol ref={list} className="chat-list" tabIndex={0} aria-label={texts.chat.title} onScroll={onScroll}>
            {messages.map((entry, index) => (
              <Line key={entry.id} entry={entry} previous={messages[index - 1]} encrypted={encrypted} />
            ))}
          </ol>
        )}
      <Composer
        outsiders={outsiders}
        onSend={(text, clear) => {
          nearEnd.current = true;
          return onSend(text, clear);
        }}
      />
    </aside>
  );
}

function Line({ entry, previous, encrypted }: {
  entry: ChatEntry;
  previous: ChatEntry | undefined;
  encrypted: boolean;
}): ReactNode {
  const { own, from, displayName, content, timestamp, locked } = entry;
  const goesOn = previous?.from === from && timestamp - previous.timestamp < SAME_BLOCK_MS;
  const date = new Date(timestamp);
  return (
    <li className="chat-line" data-testid="chat-message" data-own={own} data-goes-on={goesOn}>
      {own || goesOn ? null : <span className="chat-name">{displayName || texts.tile.nobody}</span>}
      {locked
        ? (
          <span className="chat-bubble chat-locked" title={texts.chat.lockedHint}>
            <LockIcon />
            {texts.chat.locked}
          </span>
        )
        : <span className="chat-bubble">{splitLinks(content).map(partOf)}</span>}
      {encrypted && !entry.encrypted ? <span className="chat-clear">{texts.chat.clearLine}</span> : null}
      {goesOn ? null : (
        <time className="chat-time" dateTime={date.toISOString()}>
          {date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })}
        </time>
      )}
    </li>
  );
}

/** The text of an address stays as it was written, and it opens without knowing where it was clicked. */
function partOf(part: TextPart, index: number): ReactNode {
  return part.kind === "text"
    ? part.text
    : (
      <a key={index} href={part.href} title={part.href} target="_blank" rel="noopener noreferrer nofollow ugc">
        {part.text}
      </a>
    );
}

function Composer({ outsiders, onSend }: {
  outsiders: readonly string[];
  onSend: (text: string, clear: boolean) => boolean;
}): ReactNode {
  const [text, setText] = useState("");
  const [clear, setClear] = useState(false);
  const [failed, setFailed] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => input.current?.focus(), []);
  const send = () => {
    if (text.trim() === "") return;
    const sent = onSend(text, clear && outsiders.length > 0);
    setFailed(!sent);
    if (!sent) return;
    setText("");
    // Consent is for one line.
    setClear(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter also ends the composition of, say, a Japanese word; that one does not send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send();
      }}
    >
      {failed ? <p className="composer-failed" role="alert">{texts.chat.notSent}</p> : null}
      {outsiders.length === 0 ? null : (
        <label className="composer-clear" data-testid="chat-clear">
          <input type="checkbox" checked={clear} onChange={(event) => setClear(event.target.checked)} />
          <span>
            {texts.chat.cannotRead(outsiders.join(", "))} {texts.chat.clear}
          </span>
        </label>
      )}
      <textarea
        ref={input}
        data-testid="chat-input"
        rows={1}
        value={text}
        maxLength={MAX_LENGTH}
        placeholder={texts.chat.placeholder}
        aria-label={texts.chat.placeholder}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button
        type="submit"
        className="icon-button composer-send"
        data-testid="chat-send"
        aria-label={texts.chat.send}
        disabled={text.trim() === ""}
      >
        <SendIcon />
      </button>
    </form>
  );
}
