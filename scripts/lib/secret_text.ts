/** Secrets in text, such as a command or a log: reports show none. @module */

/** Words of names that hold secrets, but for those that say where one is. */
const NAME = new RegExp(
  String
    .raw`(?:^|_)(?:(?:PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?|API_?KEYS?|(?:ACCESS|AUTH|ENCRYPTION|JWT|MASTER|PRIVATE|SESSION|SIGNING)_KEYS?|CREDENTIALS?)(?:_(?!FILE|PATH|DIR|URL|NAME|ID|TTL|AGE|HOST|TYPE|EXPIR|STDIN)\w+)?|PASS|(?<=_)PWD)$`,
  "i",
);

/** Of a flag whose value is the next word. */
const FLAG = /^--(?:password|passphrase|token|secret|api-key|auth-token)$/i;
/** A switch, a small number, a path, or a variable in place of the value. */
const HARMLESS =
  /^(?:|[tT]rue|TRUE|[fF]alse|FALSE|null|\d{1,3}|\/[a-z]+(?:\/[\w.@-]+)*\/?|\$[A-Z_]+|\$\{[^}]*\}|…)$/;

/** User and password in an address. */
const ADDRESS = String
  .raw`\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@"'$]{0,200}:([^\s/@"'$]{1,500})@`;

/** Tokens of GitHub, GitLab, npm, Slack, Google, Stripe, Anthropic, OpenAI and Deno. */
export const TOKEN = String.raw`(?<![A-Za-z0-9_])(?:${
  [
    "gh[pousr]_[A-Za-z0-9]{36,255}",
    "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    String.raw`glpat-[\w-]{20,64}`,
    "npm_[A-Za-z0-9]{36}",
    "xox[abeoprs]-(?:[0-9]{9,15}-){2,3}[A-Za-z0-9]{20,64}",
    // Web pages show such keys on purpose, for maps and for Firebase.
    String.raw`(?<!key=)AIza[\w-]{35}(?![^]{0,200}authDomain)`,
    "[sr]k_live_[A-Za-z0-9]{24,128}",
    String.raw`sk-(?:ant-[a-z]+[0-9]{2}|proj)-[\w-]{40,200}`,
    "dd[pow]_[A-Za-z0-9]{36}",
  ].join("|")
})(?![A-Za-z0-9_])`;

/** In place of a value, as documents have it. */
export const PLACEHOLDER = /EXAMPLE|(\w)\1{9}/;

const VALUE = String.raw`("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';&|]+)`;
/** Each with the value as its last group that took part. */
const PATTERNS = [
  new RegExp(
    String.raw`(?<![\w$])(?:--)?([A-Za-z_][\w-]{0,100})=${VALUE}`,
    "g",
  ),
  new RegExp(String.raw`(?<!\S)(--[a-z-]{1,30}) (?!-)${VALUE}`, "gi"),
  new RegExp(ADDRESS, "gi"),
  /\bBearer ([\w.~+/-]{16,}=*)/gi,
  new RegExp(`(${TOKEN})`, "g"),
];

export interface TextSecret {
  /** Of the variable, the argument or the flag that holds it, if any does. */
  name?: string;
  /** Where its value begins and ends. */
  from: number;
  to: number;
}

/** Finds the secrets in a text, in the order of their values, none in another. */
export function findTextSecrets(text: string): TextSecret[] {
  const found = PATTERNS.flatMap((pattern) =>
    Array.from(text.matchAll(pattern)).flatMap((match): TextSecret[] => {
      const [all, ...groups] = match;
      const value = groups.at(-1) ?? "";
      const bare = value.replace(/^(["'])(.*)\1$/s, "$2");
      const to = pattern === PATTERNS[2]
        ? match.index + all.length - 1
        : match.index + all.length;
      const at = { from: to - value.length, to };
      if (groups.length === 1) return PLACEHOLDER.test(bare) ? [] : [at];
      const [name] = groups;
      const isNamed = pattern === PATTERNS[1]
        ? FLAG.test(name)
        : NAME.test(name.replaceAll("-", "_"));
      if (!isNamed || HARMLESS.test(bare) || /^[$`]/.test(bare)) return [];
      return [{ name, ...at }];
    })
  ).sort((a, b) => a.from - b.from || b.to - a.to);
  let end = 0;
  return found.filter(({ from, to }) => from >= end && (end = to) > 0);
}

/** A text with `…` in place of each secret. */
export function maskText(text: string): string {
  let end = 0;
  const kept = findTextSecrets(text).map(({ from, to }) => {
    const before = text.slice(end, from);
    end = to;
    return before;
  });
  return [...kept, text.slice(end)].join("…");
}

/** The words of a command with `…` in place of each secret. */
export function maskCommand(words: string[]): string[] {
  return words.map((word, at) =>
    at > 0 && FLAG.test(words[at - 1]) && !word.startsWith("-")
      ? "…"
      : maskText(word)
  );
}

/** Whether `NAME=value`, a variable of an image, holds a secret. */
export function isSecretVariable(variable: string): boolean {
  const at = variable.indexOf("=");
  const value = variable.slice(at + 1);
  return NAME.test(variable.slice(0, at)) && !HARMLESS.test(value) ||
    findTextSecrets(value).length > 0;
}

/** A variable as reports show it: the value of a secret is left out. */
export function maskVariable(variable: string): string {
  return isSecretVariable(variable)
    ? variable.replace(/=.*$/s, "=…")
    : variable;
}
