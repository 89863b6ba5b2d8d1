/**
 * `task layers`: who may import whom, what pure code may not touch, how long a file may be (docs/architecture.md).
 *
 * Reads the sources as text: it needs no compiler, no module graph and no network.
 */
import { dirname, join, normalize } from "node:path/posix";
import { sourceFiles } from "./test_files.ts";
import { type Token, tokenize } from "./tokens.ts";
import { ROOT } from "./launch.ts";

/** One broken rule. `note`: worth a look, not a failure. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly note?: boolean;
}

/** An import or re-export of a file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** True for `export … from`. */
  readonly reExport: boolean;
}

/** What each folder of `src` may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  rtp: ["base"],
  signaling: ["base"],
  sdp: ["base", "rtp"],
  transport: ["base", "rtp"],
  stream: ["base", "rtp"],
  bandwidth: ["base", "rtp"],
  processing: ["base", "rtp"],
  room: ["base", "rtp", "stream", "processing"],
  sfu: ["base", "rtp", "signaling", "sdp", "transport", "stream", "bandwidth", "processing", "room"],
  codecs: ["base", "rtp", "processing"],
  io: ["base", "rtp", "signaling", "sdp", "transport", "stream", "bandwidth", "processing", "room", "sfu", "codecs"],
  client: ["base", "signaling"],
};

/** Packages that only some files may import; absent here: any file of `src/io`. */
const PACKAGE_USERS: Record<string, readonly string[]> = {
  "werift": ["src/io/werift_dtls.ts", "src/io/dtls_session.ts", "src/io/certificate.ts"],
  "sdp-transform": ["src/sdp/session_description.ts"],
  "@types/sdp-transform": ["src/sdp/session_description.ts"],
};

/** What the package exports; such a file may consist of re-exports. */
const ENTRY_POINTS = new Set([
  "mod.ts",
  "server.ts",
  "cli.ts",
  "rtp.ts",
  "signaling.ts",
  "sfu.ts",
  "src/client/mod.ts",
  "src/codecs/opus/mod.ts",
  "src/codecs/vp8/mod.ts",
  "src/processing/mod.ts",
]);

/** Folders that touch the outside world; everything else in `src` is pure. */
const IMPURE = new Set(["io", "client", "codecs"]);

/** Names that pure code may not use, and what to use instead. */
const FORBIDDEN_NAMES: Record<string, string> = {
  "Deno": "the outside world belongs into src/io",
  "console": "hand in a Logger",
  "performance": "time is the argument `now`",
  "setTimeout": "answer `nextTimeout()`",
  "setInterval": "answer `nextTimeout()`",
  "setImmediate": "answer `nextTimeout()`",
  "queueMicrotask": "answer an output",
  "fetch": "the outside world belongs into src/io",
  "crypto": "randomness is a RandomSource",
  "async": "answer an output instead of waiting",
  "await": "answer an output instead of waiting",
  "Promise": "answer an output instead of waiting",
  "Buffer": "bytes are a Uint8Array",
  "process": "the outside world belongs into src/io",
};
const FORBIDDEN_MEMBERS: Record<string, string> = {
  "Date.now": "time is the argument `now`",
  "Math.random": "randomness is a RandomSource",
};

/** A longer file has more than one subject. */
const MAX_FILE_LINES = 400;
/** A longer function is worth a look. */
const MAX_FUNCTION_LINES = 60;

/** Checks one file. `path` is relative to the package, with `/`. */
export function checkFile(path: string, source: string): Finding[] {
  const isTest = /_test\.tsx?$/.test(path);
  if (!path.startsWith("src/") && !ENTRY_POINTS.has(path)) return [];
  const findings: Finding[] = [];
  const tokens = tokenize(source);
  const imports = findImports(tokens);
  const folder = path.startsWith("src/") ? path.split("/")[1] ?? "" : "";
  if (path.startsWith("src/") && MAY_IMPORT[folder] === undefined) {
    findings.push({ path, line: 1, text: `folder "src/${folder}" has no rank in tools/layers.ts` });
  }
  for (const found of imports) {
    const text = importProblem(path, folder, found, isTest);
    if (text !== undefined) findings.push({ path, line: found.line, text });
  }
  const lines = source.trimEnd().split("\n").length;
  if (lines > MAX_FILE_LINES) {
    findings.push({ path, line: lines, text: `${lines} lines, at most ${MAX_FILE_LINES}` });
  }
  if (isTest) return findings;
  if (folder !== "" && !IMPURE.has(folder)) findings.push(...purityProblems(path, tokens));
  if (!ENTRY_POINTS.has(path) && isBarrel(tokens, imports)) {
    findings.push({ path, line: 1, text: "a barrel: import the file that defines the thing" });
  }
  findings.push(...longFunctions(path, tokens));
  return findings;
}

/** The imports of a file: static, dynamic, of types and re-exports. */
export function findImports(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "string") continue;
    const before = tokens[i - 1];
    const earlier = tokens[i - 2];
    if (before?.kind === "word" && before.text === "from") {
      found.push({ specifier: token.text, line: token.line, reExport: statementWord(tokens, i) === "export" });
    } else if (before?.kind === "word" && before.text === "import") {
      found.push({ specifier: token.text, line: token.line, reExport: false });
    } else if (before?.text === "(" && earlier?.kind === "word" && earlier.text === "import") {
      found.push({ specifier: token.text, line: token.line, reExport: false });
    }
  }
  return found;
}

/** The `import` or `export` that the `from` before token `i` belongs to. */
function statementWord(tokens: readonly Token[], i: number): string | undefined {
  for (let at = i - 1; at >= 0; at--) {
    const token = tokens[at];
    if (token?.kind === "word" && (token.text === "import" || token.text === "export")) return token.text;
  }
  return undefined;
}

function importProblem(path: string, folder: string, found: Import, isTest: boolean): string | undefined {
  const { specifier } = found;
  if (!specifier.startsWith(".")) return packageProblem(path, folder, specifier, isTest);
  if (folder === "") return rootProblem(path, normalize(specifier));
  const target = normalize(join(dirname(path), specifier));
  if (!target.startsWith("src/")) {
    if (isTest) return undefined;
    return `imports "${target}", which is outside src`;
  }
  const other = target.split("/")[1] ?? "";
  if (other === folder) return undefined;
  const allowed = MAY_IMPORT[folder] ?? [];
  if (allowed.includes(other)) return undefined;
  return `src/${folder} may not import src/${other} (it may: ${allowed.join(", ") || "nothing"})`;
}

function rootProblem(path: string, target: string): string | undefined {
  if (path !== "cli.ts" || !target.startsWith("src/") || /^src\/(base|io)\//.test(target)) return undefined;
  return `cli.ts may import server.ts, src/io and src/base, not "${target}"`;
}

function packageProblem(path: string, folder: string, specifier: string, isTest: boolean): string | undefined {
  if (isTest) return undefined;
  const name = specifier.replace(/^npm:/, "").replace(/(?!^)@[\d^~].*$/, "");
  const users = PACKAGE_USERS[name];
  if (users !== undefined) {
    return users.includes(path) ? undefined : `"${name}" may only be imported by ${users.join(" and ")}`;
  }
  if (folder === "" || folder === "io") return undefined;
  return `src/${folder} may not import the package "${specifier}"`;
}

function purityProblems(path: string, tokens: readonly Token[]): Finding[] {
  const findings: Finding[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "word") continue;
    const before = tokens[i - 1]?.text;
    const after = tokens[i + 1]?.text;
    // A member or key of that name is something else: `item.fetch`, `{ process: … }`, `process?: …`, `process(frame) {`.
    if (before === "." || before === "?.") continue;
    const member = `${token.text}.${after === "." ? tokens[i + 2]?.text : ""}`;
    if (member in FORBIDDEN_MEMBERS) {
      findings.push({ path, line: token.line, text: `${member}: ${FORBIDDEN_MEMBERS[member]}` });
    }
    const reason = Object.hasOwn(FORBIDDEN_NAMES, token.text) ? FORBIDDEN_NAMES[token.text] : undefined;
    if (reason === undefined || isDeclaredName(token, before, after, tokens[i + 2]?.text)) continue;
    if (token.text === "Promise" && endsMember(tokens, i)) continue;
    findings.push({ path, line: token.line, text: `${token.text}: ${reason}` });
  }
  return findings;
}

/** True for the name of a property, parameter or method of ours. */
function isDeclaredName(token: Token, before: string | undefined, after: string | undefined, next?: string): boolean {
  if (token.text === "async" || token.text === "await") return false;
  if (after === ":" && (before === "{" || before === "," || before === ";" || before === "(")) return true;
  if (after === "?" && next === ":") return true;
  return after === "(" && (before === "{" || before === ";" || before === "}");
}

/** True for the type at token `i` where an interface's member ends with it: what impure code implements may be a promise. */
function endsMember(tokens: readonly Token[], i: number): boolean {
  if (tokens[i - 1]?.text === "new" || tokens[i + 1]?.text !== "<") return false;
  let depth = 0;
  for (let at = i + 1; at < tokens.length; at++) {
    if (tokens[at]?.text === "<") depth++;
    if (tokens[at]?.text === ">" && --depth === 0) return tokens[at + 1]?.text === ";";
  }
  return false;
}

/** True when a file has no declaration of its own, only `export … from`. */
function isBarrel(tokens: readonly Token[], imports: readonly Import[]): boolean {
  const reExports = imports.filter((found) => found.reExport).length;
  const exports = tokens.filter((token) => token.kind === "word" && token.text === "export").length;
  return reExports > 0 && exports === reExports;
}

/** Functions and methods that are too long. Finds bodies by their braces: good enough for a hint. */
function longFunctions(path: string, tokens: readonly Token[]): Finding[] {
  const findings: Finding[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.text !== "{" || token.kind !== "sign") continue;
    if (!beginsFunction(tokens, i)) continue;
    const lines = (tokens[closing(tokens, i)]?.line ?? token.line) - token.line + 1;
    if (lines > MAX_FUNCTION_LINES) {
      findings.push({ path, line: token.line, text: `a function of ${lines} lines`, note: true });
    }
  }
  return findings;
}

const BLOCK_WORDS = new Set(["if", "for", "while", "switch", "catch", "with"]);

/** True when the brace at `open` begins a function body: after `=>`, or after a parameter list that is no `if (…)`. */
function beginsFunction(tokens: readonly Token[], open: number): boolean {
  let at = open - 1;
  if (tokens[at]?.text === "=>") return true;
  // Walks back over a return type on the way to the parameter list.
  while (at > 0 && tokens[at]?.text !== ")") {
    const token = tokens[at];
    if (token === undefined || !(token.kind === "word" || /^[:.<>|[\],]$/.test(token.text))) return false;
    if (["class", "interface", "else", "try", "finally", "do", "enum", "namespace"].includes(token.text)) return false;
    at--;
  }
  for (let depth = 0; at >= 0; at--) {
    if (tokens[at]?.text === ")") depth++;
    if (tokens[at]?.text === "(" && --depth === 0) break;
  }
  const name = tokens[at - 1];
  return name !== undefined && (name.kind === "word" || name.text === ">") && !BLOCK_WORDS.has(name.text);
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const text = tokens[at]?.kind === "sign" ? tokens[at]?.text : "";
    if (text === "{") depth++;
    if (text === "}" && --depth === 0) return at;
  }
  return tokens.length - 1;
}

if (import.meta.main) {
  const files = sourceFiles();
  const findings = files.flatMap((path) => checkFile(path, Deno.readTextFileSync(join(ROOT, path))));
  for (const { path, line, text, note } of findings) console.log(`${note ? "note " : "error"} ${path}:${line} ${text}`);
  const errors = findings.filter((finding) => !finding.note).length;
  console.log(`layers: ${files.length} files, ${errors} errors, ${findings.length - errors} notes`);
  Deno.exit(errors === 0 ? 0 : 1);
}
