/** Cuts TypeScript into words, so that checks neither trip over comments and strings nor need a compiler. */

/** One word, string or sign of a source text. */
export interface Token {
  readonly kind: "word" | "string" | "pattern" | "number" | "sign";
  /** The text; of a string what stands between the quotes, of a pattern (template or regular expression) nothing. */
  readonly text: string;
  /** The line it begins on, from 1. */
  readonly line: number;
}

/** After these a slash begins a regular expression; after anything else that ends a value it divides. */
const WORDS_BEFORE_REGEXP = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "delete",
  "void",
  "throw",
  "await",
  "else",
]);

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const BLANK = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const STRING = /"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const SIGN = /=>|\.\.\.|\?\.|[\s\S]/y;

/** The tokens of a source text. Comments and white space are left out; expressions inside templates are kept. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  // Depth of open braces at which a template's `${` goes on with its text.
  const templates: number[] = [];
  let depth = 0;
  let line = 1;
  let at = 0;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match !== null) at += match[0].length;
    return match;
  };
  const push = (kind: Token["kind"], text: string, whole = text) => {
    tokens.push({ kind, text, line });
    line += countLines(whole);
  };
  const template = () => {
    const { end, open } = templateEnd(source, at);
    push("pattern", "", source.slice(at, end));
    at = end;
    if (open) templates.push(depth++);
  };

  while (at < source.length) {
    let match = take(BLANK);
    if (match !== null) {
      line += countLines(match[0]);
    } else if ((match = take(WORD)) !== null) {
      push("word", match[0]);
    } else if ((match = take(NUMBER)) !== null) {
      push("number", match[0]);
    } else if ((match = take(STRING)) !== null) {
      push("string", match[1] ?? match[2] ?? "", match[0]);
    } else if (beginsRegExp(tokens.at(-1)) && (match = take(REGEXP)) !== null) {
      push("pattern", "", match[0]);
    } else if (source[at] === "`") {
      at++;
      template();
    } else {
      match = take(SIGN);
      const sign = match?.[0] ?? "";
      if (sign === "{") depth++;
      if (sign === "}") depth--;
      if (sign === "}" && templates.at(-1) === depth) {
        templates.pop();
        template();
      } else {
        push("sign", sign);
      }
    }
  }
  return tokens;
}

/** Where the text of a template that goes on at `at` ends: at its closing quote or at the next `${`. */
function templateEnd(source: string, at: number): { end: number; open: boolean } {
  for (let i = at; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "`") return { end: i + 1, open: false };
    else if (source[i] === "$" && source[i + 1] === "{") return { end: i + 2, open: true };
  }
  return { end: source.length, open: false };
}

function beginsRegExp(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return WORDS_BEFORE_REGEXP.has(before.text);
  return before.kind === "sign" && before.text !== ")" && before.text !== "]" && before.text !== "}";
}

function countLines(text: string): number {
  let lines = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines++;
  return lines;
}
