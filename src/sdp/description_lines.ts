/**
 * Longest description we read, in characters.
 *
 * A browser's offer has 40 kB and 5 kB more per pair of m-lines, so this holds some 95 participants on one connection.
 */
const MAX_LENGTH = 512 * 1024;

/** Most lines of a description: at 25 characters a line on average, those that the longest description has. */
const MAX_LINES = 20_000;

/** Longest line; the BUNDLE group of 256 m-lines has some 1,300 characters. */
const MAX_LINE_LENGTH = 2_048;

/** Most m-lines: 25 participants need 52, and each screen share leaves one behind. */
const MAX_MEDIA = 256;

/** Most lines of one m-line; a browser's video m-line has 120, and 64 candidates at most. */
const MAX_MEDIA_LINES = 1_000;

const DIRECTIONS: readonly string[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/** Attributes that are given to sdp-transform; it takes prefixes for whole names, and some of its patterns are slow on noise. */
const PARSED: ReadonlySet<string> = new Set(
  ["group", "rtpmap", "fmtp", "rtcp-fb", "extmap", "ssrc", "ssrc-group", "rid", "simulcast"],
);

/** Attributes whose value we take as it is, all of it: sdp-transform would take the part that it likes. */
const EXACT: ReadonlySet<string> = new Set(["mid", "ice-ufrag", "ice-pwd", "setup", "msid"]);

/** Attributes that make a contradiction when they come twice. */
const ONCE: ReadonlySet<string> = new Set(["mid", "ice-ufrag", "ice-pwd", "setup", "direction", "simulcast"]);

/** Attributes without a value that mean something to us. */
const FLAGS: ReadonlySet<string> = new Set(["rtcp-mux", "bundle-only", "ice-lite", "extmap-allow-mixed"]);

const CONTROL_CHARACTER = /\p{Cc}/u;

/** Which way media flows, seen by whoever wrote the description. */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One section (the session or an m-line) as lines, sorted by who reads them. */
export interface SectionLines {
  /** Lines for sdp-transform: the m-line and the attributes it is good at. */
  transformed: string[];
  /** Exact values of the attributes in `EXACT`, the first of each. */
  values: Map<string, string>;
  /** All values of `a=fingerprint`. */
  fingerprints: string[];
  /** All `a=candidate` lines without `a=`. */
  candidates: string[];
  /** Attributes without a value. */
  flags: Set<string>;
  /** The direction attribute. */
  direction?: Direction;
}

/**
 * Cuts a description into its sections and bounds it: size, lines, m-lines, attributes, no control characters.
 *
 * @returns The session first, then the m-lines, or what is wrong.
 */
export function splitSections(text: string): SectionLines[] | string {
  if (text.length > MAX_LENGTH) return `it has more than ${MAX_LENGTH} characters`;
  if (!/^v=0\r?\n/.test(text)) return 'it does not begin with "v=0"';
  let section = emptySection();
  const sections = [section];
  let seen = new Set<string>();
  let lines = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end);
    start = end + 1;
    if (++lines > MAX_LINES) return `it has more than ${MAX_LINES} lines`;
    if (line.length > MAX_LINE_LENGTH) return `a line has more than ${MAX_LINE_LENGTH} characters`;
    if (CONTROL_CHARACTER.test(line)) return "a line has a control character";
    if (line.startsWith("m=")) {
      if (sections.length > MAX_MEDIA) return `it has more than ${MAX_MEDIA} m-lines`;
      section = emptySection();
      sections.push(section);
      section.transformed.push(line);
      seen = new Set();
    } else if (line.startsWith("a=")) {
      const problem = takeAttribute(section, line, seen);
      if (problem !== undefined) return problem;
    }
  }
  return sections;
}

function emptySection(): SectionLines {
  return { transformed: [], values: new Map(), fingerprints: [], candidates: [], flags: new Set() };
}

function takeAttribute(section: SectionLines, line: string, seen: Set<string>): string | undefined {
  const colon = line.indexOf(":");
  const name = line.slice(2, colon < 0 ? undefined : colon);
  const value = colon < 0 ? "" : line.slice(colon + 1);
  const key = isDirection(name) ? "direction" : name;
  if (ONCE.has(key)) {
    if (seen.has(key)) return `"a=${name}" comes twice in one section`;
    seen.add(key);
  }
  if (section.transformed.length + section.candidates.length + section.fingerprints.length > MAX_MEDIA_LINES) {
    return `a section has more than ${MAX_MEDIA_LINES} attributes`;
  }
  if (PARSED.has(name)) section.transformed.push(line);
  else if (EXACT.has(name) && !section.values.has(name)) section.values.set(name, value.trim());
  else if (name === "fingerprint") section.fingerprints.push(value.trim());
  else if (name === "candidate") section.candidates.push(line.slice(2));
  else if (isDirection(name)) section.direction = name;
  else if (FLAGS.has(name)) section.flags.add(name);
  return undefined;
}

function isDirection(name: string): name is Direction {
  return DIRECTIONS.includes(name);
}
