const NAME_KEY = "seameet-display-name";
const TOKEN_KEY = "seameet-token";
const SERVER_KEY = "seameet-server";

/** What somebody has chosen for this browser. */
export interface Preferences {
  /** Our own picture is shown as in a mirror. */
  readonly mirror: boolean;
  /** Single keys do something in a room. */
  readonly shortcuts: boolean;
}

/** The name used last in this tab. */
export function storedName(): string {
  return read(NAME_KEY);
}

/** Keeps the name for this tab. */
export function storeName(name: string): void {
  write(NAME_KEY, name);
}

/** The access code of this tab for a server, empty without one. No server is given the code of another. */
export function storedToken(server: string): string {
  return read(`${TOKEN_KEY} ${server}`);
}

/** Keeps the access code for this tab. */
export function storeToken(server: string, token: string): void {
  write(`${TOKEN_KEY} ${server}`, token);
}

/** The server of another host that was agreed to in this tab, empty without one. */
export function agreedServer(): string {
  return read(SERVER_KEY);
}

/** Keeps the agreement for this tab. */
export function agreeToServer(url: string): void {
  write(SERVER_KEY, url);
}

/** Whether this browser does something one way or the other; the last choice lasts. */
export function storedPreferences(): Preferences {
  return { mirror: readLasting("seameet-mirror") !== "off", shortcuts: readLasting("seameet-shortcuts") !== "off" };
}

/** Keeps a choice for this browser. */
export function storePreferences({ mirror, shortcuts }: Preferences): void {
  writeLasting("seameet-mirror", mirror ? "on" : "off");
  writeLasting("seameet-shortcuts", shortcuts ? "on" : "off");
}

/**
 * Takes an access code out of the link (`…/room/daily#token=…`).
 *
 * A fragment never goes to a server. It is removed from the address bar at once, so that it is not in a copied link or a screenshot.
 */
export function takeTokenFromLink(server: string): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  storeToken(server, token);
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** Storage can be switched off in the browser; the app then asks again. */
function read(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(key: string, value: string): void {
  try {
    if (value === "") sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

function readLasting(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function writeLasting(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}
