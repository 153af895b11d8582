/** Secrets in text, such as a command or a log: reports show none. @module */

/** Words of names that hold secrets, but for those that say where one is. */
const NAME =
  /(?:^|_)(?:(?:PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?|API_?KEYS?|(?:ACCESS|ACCOUNT|AUTH|ENCRYPTION|JWT|MASTER|PRIVATE|SESSION|SIGNING)_KEYS?|CREDENTIALS?)(?:_(?!FILE|PATH|DIR|URL|NAME|ID|TTL|AGE|HOST|TYPE|EXPIR|STDIN)\w+)?|PASS|PW|(?<=_)PWD)$/i;
/** Of a flag whose value is the next word. */
const FLAG =
  /^--(?!disabled|no-|with)(?:[a-z]+-)*(?:password|passphrase|token|secret|api-key|auth-token)$/i;
/** A switch, a small number, a path, or a variable in place of the value. */
const HARMLESS =
  /^(?:|[tT]rue|TRUE|[fF]alse|FALSE|null|\d{1,3}|\/[a-z]+(?:\/[\w.@-]+)*\/?|\$[A-Z_]+|\$\{[^}]*\}|…)$/;

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
const ASSIGNED = new RegExp(
  String.raw`(?<![\w$])(?:--)?([A-Za-z_][\w-]{0,100})=${VALUE}`,
  "g",
);
const AFTER_FLAG = new RegExp(
  String.raw`(?<!\S)(--[a-z-]{1,30}) (?!-)${VALUE}`,
  "gi",
);
const IN_JSON = /"([A-Za-z_][\w-]{0,100})"\s*:\s*("(?:[^"\\]|\\.)*")/g;
/** Secrets by their shape; each value is the group. */
const SHAPES = [
  // User and password in an address.
  /\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@"'$]{0,200}:([^\s/@"'$]{1,500})(?=@)/gi,
  /\bBearer ([\w.~+/-]{16,}=*)/gi,
  /\b(eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,2000})/g,
  /\bhooks\.slack\.com\/services\/(\w+\/\w+\/\w{10,})/g,
  /(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[^])*)/g,
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
  const named = [ASSIGNED, AFTER_FLAG, IN_JSON].flatMap((pattern) =>
    Array.from(text.matchAll(pattern)).filter(({ 1: name, 2: value }) =>
      (pattern === AFTER_FLAG ? FLAG.test(name) : isSecretName(name)) &&
      !HARMLESS.test(unquoted(value)) && !/^[$`]/.test(unquoted(value))
    )
  );
  const shaped = SHAPES.flatMap((shape) => Array.from(text.matchAll(shape)))
    .filter(([, value]) => !PLACEHOLDER.test(value));
  const found = [...named, ...shaped].map((match): TextSecret => {
    const to = match.index + match[0].length;
    const from = to - match.at(-1)!.length;
    return match.length > 2 ? { name: match[1], from, to } : { from, to };
  }).sort((a, b) => a.from - b.from || b.to - a.to);
  let end = 0;
  return found.filter(({ from, to }) => from >= end && (end = to) > 0);
}

function isSecretName(name: string): boolean {
  return NAME.test(
    name.replaceAll("-", "_").replace(/([a-z])([A-Z])/g, "$1_$2"),
  );
}

function unquoted(value: string): string {
  return value.replace(/^(["'])(.*)\1$/s, "$2");
}

/** Shorter values are words that a text may have for other reasons. */
const LEAST_VALUE = 8;
/** As many values are looked for elsewhere in the text. */
const MOST_VALUES = 20;

/** A text with `…` in place of each secret, wherever its value occurs. */
export function maskText(text: string): string {
  let end = 0;
  const values = new Set<string>();
  const kept = findTextSecrets(text).map(({ name, from, to }) => {
    const before = text.slice(end, from);
    const value = unquoted(text.slice(from, to));
    if (name !== undefined && values.size < MOST_VALUES) values.add(value);
    end = to;
    return before;
  });
  return maskValues([...kept, text.slice(end)].join("…"), [...values]);
}

/** Values of the variables, `NAME=value`, that hold secrets. */
export function secretValues(variables: string[]): string[] {
  return variables.filter(isSecretVariable)
    .map((variable) => variable.slice(variable.indexOf("=") + 1));
}

/** A text, or a document of them, with `…` in place of each of the values. */
export function maskValues<T>(document: T, values: string[]): T {
  const secret = values.filter(({ length }) => length >= LEAST_VALUE);
  if (secret.length === 0) return document;
  const masked = (_: string, value: unknown) =>
    typeof value !== "string"
      ? value
      : secret.reduce((text, one) => text.replaceAll(one, "…"), value);
  return JSON.parse(JSON.stringify(document), masked);
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
  return isSecretName(variable.slice(0, at)) && !HARMLESS.test(value) ||
    findTextSecrets(value).length > 0;
}

/** A variable as reports show it: the value of a secret is left out. */
export function maskVariable(variable: string): string {
  return isSecretVariable(variable)
    ? variable.replace(/=.*$/s, "=…")
    : variable;
}
