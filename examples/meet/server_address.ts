/** Port of the app's own server: `deno task dev` and the container that serves the app only. */
const APP_PORT = "5173";

/** Where the signaling server is beside that. */
const SERVER_PORT = 3001;

/** Which signaling server a page uses, and whether the person has to be asked first. */
export type ServerChoice =
  /** Whoever serves the page chose it, or the person agreed to it. */
  | { readonly kind: "settled"; readonly url: string }
  /** The link names a server of somebody else; nothing may go there before the person agrees. */
  | { readonly kind: "ask"; readonly url: string }
  /** The link names something that is no address of a server. */
  | { readonly kind: "unusable"; readonly text: string };

/** The signaling server that whoever serves the page chose: `<meta name="seameet-server">`, else the page's own host. */
export function serverAddress(page: Location | URL, configured: string | undefined): string {
  if (configured !== undefined && configured !== "") return configured;
  const scheme = page.protocol === "https:" ? "wss" : "ws";
  if (page.port === APP_PORT) return `${scheme}://${page.hostname}:${SERVER_PORT}/`;
  return `${scheme}://${page.host}/`;
}

/**
 * The server for a page whose link may name one by `?server=`.
 *
 * A link could send people's names and tokens to a stranger's server, so another one than the page's own is only used when it is
 * `agreed`, the address that the person has said yes to.
 */
export function chooseServer(page: Location | URL, configured: string | undefined, agreed: string): ServerChoice {
  const own = serverAddress(page, configured);
  const text = new URLSearchParams(page.search).get("server");
  if (text === null || text.trim() === "") return { kind: "settled", url: own };
  const url = readServer(text.trim(), page.protocol === "https:" ? "wss" : "ws");
  if (url === undefined) return { kind: "unusable", text };
  const sameHost = new URL(url).host === new URL(own).host;
  return { kind: sameHost || url === agreed ? "settled" : "ask", url };
}

/** {@linkcode serverAddress} of this page. */
export function ownServerAddress(): string {
  return serverAddress(location, configuredServer());
}

/** The server that whoever built or serves the page has written into it. */
export function configuredServer(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="seameet-server"]')?.content.trim();
}

/** An address as people write it (`wss://host/`, `https://host`, `host:3001`) as a WebSocket address. */
function readServer(text: string, scheme: "ws" | "wss"): string | undefined {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/^http/i, "ws") : `${scheme}://${text}`;
  if (!URL.canParse(full)) return undefined;
  const url = new URL(full);
  // A name before an @ is there to look like a host.
  if ((url.protocol !== "ws:" && url.protocol !== "wss:") || url.username !== "" || url.password !== "") {
    return undefined;
  }
  url.hash = "";
  return url.href;
}
