/** Starts real browsers for tests: the installed Chromium or the one inside an npm package, and the installed Firefox. */
import puppeteer, { type Browser } from "puppeteer-core";
import { PATIENCE_MS } from "./patience.ts";

/** Version of the packaged browser; its unpacked files are kept in a folder of that name, so two versions never mix. */
const PACKAGED_VERSION = "153.0.0";

const CHROMIUM_FLAGS: readonly string[] = [
  "--no-sandbox", // root, no user namespaces
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream", // grants camera and microphone
  "--disable-features=WebRtcHideLocalIpsWithMdns", // plain addresses in host candidates
  "--use-fake-device-for-media-stream=fps=30",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.local", // nothing leaves the machine
];

const FIREFOX_PREFS: Readonly<Record<string, unknown>> = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "network.dns.localDomains": "firefox.settings.services.mozilla.com",
};

/** Browsers start in a second or five, and in a minute where many others work. */
const PATIENT = { timeout: PATIENCE_MS } as const;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function systemChromium(): string {
  return Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
}

function systemFirefox(): string {
  return Deno.env.get("FIREFOX") ?? "/usr/bin/firefox-esr";
}

/**
 * Starts the installed Chromium (`CHROMIUM` names another one), else the one that comes inside an npm package.
 *
 * Close it in `finally`: a failed assertion otherwise leaves it running.
 *
 * @param extraArgs Further command line flags; flags of our own that they repeat are overridden by them.
 * @param wrapper Makes a program that starts the installed one otherwise, such as in another network namespace.
 */
export async function launchChromium(
  extraArgs: readonly string[] = [],
  wrapper?: (program: string) => Promise<string>,
): Promise<Browser> {
  const args = [...CHROMIUM_FLAGS, ...extraArgs];
  const system = systemChromium();
  // The debugging port would be on a loopback that we do not have.
  if (wrapper !== undefined) {
    return await puppeteer.launch({ ...PATIENT, executablePath: await wrapper(system), args, pipe: true });
  }
  if (await exists(system)) return await puppeteer.launch({ ...PATIENT, executablePath: system, args });
  const folder = await unpackChromium();
  const env = Deno.env.toObject();
  if (!(await hasNss())) env.LD_LIBRARY_PATH = `${folder}/al2023/lib`;
  return await puppeteer.launch({ ...PATIENT, executablePath: `${folder}/chromium`, headless: "shell", args, env });
}

/**
 * Unpacks the browser of the npm package once per version and answers the folder.
 *
 * The package unpacks to the temporary folder, and takes whatever has the right name there, of any version and
 * however complete. So each process unpacks into a folder of its own, which gets its final name when it is whole.
 * The libraries for systems without NSS are only unpacked where the package believes to be in such a place.
 */
async function unpackChromium(): Promise<string> {
  const base = Deno.env.get("TMPDIR") ?? "/tmp";
  const folder = `${base}/seameet-chromium-${PACKAGED_VERSION}`;
  if (await exists(`${folder}/chromium`)) return folder;
  const unpacked = await Deno.makeTempDir({ prefix: "seameet-chromium-" });
  const changed = { TMPDIR: unpacked, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" };
  const before = Object.keys(changed).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(changed)) Deno.env.set(name, value);
  try {
    const { default: packaged } = await import("npm:@sparticuz/chromium@153.0.0");
    await packaged.executablePath();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
  // Whoever comes second finds a whole one there already.
  await Deno.rename(unpacked, folder).catch(() => Deno.remove(unpacked, { recursive: true }));
  return folder;
}

async function hasNss(): Promise<boolean> {
  const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
  const found = await Promise.all(folders.map((folder) => exists(`${folder}/libnss3.so`)));
  return found.includes(true);
}

/** Says whether `launchChromium` has something to start: an installed one, or the platform the npm package is for. */
export async function chromiumAvailable(): Promise<boolean> {
  return await exists(systemChromium()) || (Deno.build.os === "linux" && Deno.build.arch === "x86_64");
}

/**
 * Starts the installed Firefox ESR (`FIREFOX` names another one) over WebDriver BiDi.
 *
 * It takes seconds to start: one browser per test file, one page per test. It never talks to 127.0.0.0/8.
 *
 * @param prefs Preferences on top of those that give fake devices and plain candidates.
 * @param env Environment on top of ours: a `DISPLAY` is the screen that it can share.
 * @param args Command line flags.
 */
export async function launchFirefox(
  prefs: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Browser> {
  return await puppeteer.launch({
    ...PATIENT,
    browser: "firefox",
    executablePath: systemFirefox(),
    env: { ...Deno.env.toObject(), ...env },
    args: [...args],
    extraPrefsFirefox: { ...FIREFOX_PREFS, ...prefs },
  });
}

/** Says whether the Firefox that `launchFirefox` starts is installed. */
export async function firefoxAvailable(): Promise<boolean> {
  return await exists(systemFirefox());
}

/** An IPv4 address of this machine that both browsers accept; Firefox ignores 127.0.0.0/8. */
export function lanAddress(): string {
  const found = Deno.networkInterfaces().find((i) => i.family === "IPv4" && !i.address.startsWith("127."));
  if (found === undefined) {
    throw new Error("Cannot find a non-loopback IPv4 address: run inside a namespace with a veth pair");
  }
  return found.address;
}
