import { useSyncExternalStore } from "react";

/** Longest room code the server takes. */
const MAX_ROOM_CODE_LENGTH = 64;

/** Which page an address means. */
export type Route =
  | { readonly page: "lobby" }
  | { readonly page: "room"; readonly code: string }
  | { readonly page: "unknown" };

/** What goes along with entering a room, so that a reload comes back in the same state. */
export interface EntryState {
  readonly cameraOn: boolean;
  readonly micOn: boolean;
  /** End-to-end encryption was chosen. */
  readonly e2eeOn: boolean;
}

/** Reads the page an address means. */
export function readRoute(path: string): Route {
  if (path === "/" || path === "") return { page: "lobby" };
  const code = /^\/room\/([^/]+)\/?$/.exec(path)?.[1];
  if (code === undefined) return { page: "unknown" };
  try {
    return { page: "room", code: decodeURIComponent(code) };
  } catch {
    return { page: "unknown" };
  }
}

/** The address of a room on this site. */
export function roomPath(code: string): string {
  return `/room/${encodeURIComponent(code)}`;
}

/** Brings what people type or paste, a whole link included, to a room code; empty when there is none in it. */
export function readRoomCode(input: string): string {
  const link = /\/room\/([^/?#\s]+)/.exec(input)?.[1];
  let code = input;
  if (link !== undefined) {
    try {
      code = decodeURIComponent(link);
    } catch {
      code = link;
    }
  }
  code = code.trim().replace(/[\s/]+/g, "-").slice(0, MAX_ROOM_CODE_LENGTH);
  // As part of a path these would mean another page.
  return code === "." || code === ".." ? "" : code;
}

/** The part after the path that goes along from page to page: which server the link names. */
export function keptQuery(search: string): string {
  const server = new URLSearchParams(search).get("server");
  return server === null ? "" : `?${new URLSearchParams({ server })}`;
}

/** Goes to another page of the app. The same path again adds no step for the browser's back button. */
export function navigate(path: string, state: EntryState | null = null): void {
  const target = path + keptQuery(location.search);
  if (path === location.pathname) history.replaceState(state, "", target);
  else history.pushState(state, "", target);
  dispatchEvent(new PopStateEvent("popstate", { state }));
}

/** The state an address was entered with; it survives a reload. */
export function entryState(): EntryState | undefined {
  const state: unknown = history.state;
  if (typeof state !== "object" || state === null) return undefined;
  return {
    cameraOn: "cameraOn" in state && state.cameraOn === true,
    micOn: "micOn" in state && state.micOn === true,
    e2eeOn: "e2eeOn" in state && state.e2eeOn === true,
  };
}

/** The path of the page, kept up to date. */
export function usePath(): string {
  return useSyncExternalStore(subscribeToPath, () => location.pathname);
}

function subscribeToPath(onChange: () => void): () => void {
  addEventListener("popstate", onChange);
  return () => removeEventListener("popstate", onChange);
}
