/** Which web pages may open a signaling socket besides those of the server's own host: exact origins, or `"*"` for all. */
export type AllowedOrigins = readonly string[] | "*";

/**
 * Says whether a page of `origin` may open a WebSocket here.
 *
 * Browsers let every page connect everywhere and only name the page's origin; without this check any page a
 * participant has open could join rooms in their name. Programs that are no browsers send no origin and may connect.
 *
 * @param origin The `Origin` header.
 * @param host The `Host` header: a page of the same host name may connect from any port, as a development server does.
 */
export function originAllowed(origin: string | undefined, host: string | undefined, allowed: AllowedOrigins): boolean {
  if (origin === undefined || allowed === "*" || allowed.includes("*")) return true;
  const from = normaliseOrigin(origin);
  if (from === undefined) return allowed.includes(origin);
  if (allowed.some((entry) => normaliseOrigin(entry) === from)) return true;
  const own = host === undefined ? undefined : hostName(`http://${host}`);
  return own !== undefined && own === hostName(from);
}

/** Brings an origin (`https://Example.org:443`) to its one spelling (`https://example.org`); `undefined` when it is none. */
export function normaliseOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

function hostName(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
