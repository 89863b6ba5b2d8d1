/** A piece of a chat line: plain text, or an address to go to. */
export type TextPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/gi;

/** Ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…)\]}]+$/;

/** Characters that turn the direction of text or are not seen: an address with them may look like another one. */
const DECEPTIVE = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

/**
 * Splits a line into text and links.
 *
 * Only `http:` and `https:` become links, never with a name before an `@`, which is there to look like a host, and only when the
 * address shows the host it goes to.
 */
export function splitLinks(line: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of line.matchAll(ADDRESS)) {
    const text = trimAddress(match[0]);
    const href = safeAddress(text);
    if (href === undefined) continue;
    if (match.index > end) parts.push({ kind: "text", text: line.slice(end, match.index) });
    parts.push({ kind: "link", text, href });
    end = match.index + text.length;
  }
  if (end < line.length) parts.push({ kind: "text", text: line.slice(end) });
  return parts;
}

/** A bracket at the end belongs to the address only when it was opened in it. */
function trimAddress(address: string): string {
  const end = TRAILING.exec(address)?.[0] ?? "";
  const closing = end.startsWith(")") && address.includes("(") ? 1 : 0;
  return address.slice(0, address.length - end.length + closing);
}

function safeAddress(text: string): string | undefined {
  if (DECEPTIVE.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === "" && url.password === "" ? url.href : undefined;
}
