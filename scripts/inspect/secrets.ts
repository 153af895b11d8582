/** Files that look like secrets or state by name and content, or by it. @module */
import { Buffer } from "node:buffer";
import { isElf } from "../deno_binary/elf.ts";
import { historyOf } from "../image/image_documents.ts";
import type { Image } from "../image/model.ts";
import type { Secret } from "./inspect_schema.ts";
import {
  findTextSecrets,
  isSecretVariable,
  maskText,
  PLACEHOLDER,
  TOKEN,
} from "../lib/secret_text.ts";

/** As much of a file as is looked at. */
export const SECRET_BYTES = 64 * 1024;

const PEM = String.raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`;

/** Kind, name with its folder where that tells more, and what must be in it. */
const RULES = ([
  [
    "environment file",
    // Templates are meant to be shared, and .env.vault is encrypted.
    /(?!(?:[^/]*[-._])?(?:example|sample|template|tmpl|dist|defaults?|schema|vault)(?:[-._]|$))(?:\.env(?:\.[^/]+)?|\.envrc|[^/]+\.env)/,
    /^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=[ \t]*["']?[^\s"'#]/m,
  ],
  [
    "private key",
    /id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_\w+_key|[^/]+\.(?:pem|key|ppk|p8|asc)/,
    new RegExp(`${PEM}|^PuTTY-User-Key-File-`, "m"),
  ],
  // PKCS #12, a DER sequence.
  ["private key", /[^/]+\.(?:p12|pfx)/, /^\x30[\x80-\x84]/],
  ["git repository", /\.git\/HEAD/, /^(?:ref: |[0-9a-f]{40})/],
  // A value such as ${NPM_TOKEN} is filled in from the environment.
  [
    "registry token",
    /\.npmrc|\.yarnrc\.yml/,
    /^[^#;\n]*(?:_authToken|_auth|_password|npmAuthToken)["']?[ \t]*[=:][ \t]*["']?[^\s"'$]/m,
  ],
  [
    "registry token",
    /[._]netrc|\.pypirc|\.git-credentials|\.cargo\/credentials(?:\.toml)?|gh\/hosts\.yml/,
    /(?:^|\s)(?:password|token|oauth_token)[\s=:]+\S|:\/\/[^\s/:@]+:[^\s/@]+@/,
  ],
  [
    "registry token",
    /\.docker\/config\.json|\.dockercfg|containers\/auth\.json/,
    /"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]/,
  ],
  [
    "cloud credentials",
    /\.aws\/credentials|\.azure\/(?:accessTokens|msal_token_cache)\.json/,
    /aws_secret_access_key\s*=\s*\S|"(?:accessToken|secret)"\s*:\s*"[^"]/i,
  ],
  [
    "cloud credentials",
    /[^/]*(?:credentials?|service[-_]?account|firebase|gcp|key)[^/]*\.json/,
    new RegExp(`"private_key"\\s*:\\s*"${PEM}|"refresh_token"\\s*:\\s*"[^"]`),
  ],
  [
    "database",
    /(?<!^etc\/(?:.*\/)?)[^/]+\.(?:db3?|sqlite3?|mdb|rdb|kv)/,
    /\0|^REDIS\d/,
  ],
  [
    "cluster credentials",
    /\.kube\/config|[^/]*kubeconfig(?:\.ya?ml)?|kubernetes\/admin\.conf/,
    /^[ \t]*(?:- )?(?:client-key-data|token|password):[ \t]*\S/m,
  ],
] as [Secret["kind"], RegExp, RegExp][]).map(([kind, { source }, content]) => ({
  kind,
  name: new RegExp(`(?:^|/)(?:${source})$`, "i"),
  content,
}));

/**
 * With the key that follows, as code that reads keys has the first line too; in a
 * string of JSON or code, the line ends are written out.
 */
const KEY = String
  .raw`${PEM}(?:\\{1,4}[rn]|["'+,\s]){1,80}(?:[\w-]{1,30}: [^\n\\]{0,100}(?:\\{1,4}[rn]|\r?\n){1,4}){0,4}[A-Za-z0-9+/]{40}`;

const AWS_SECRET = "[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])";

/** What is found under any name. */
const ANYWHERE: [Secret["kind"], RegExp][] = [
  ["database", /^SQLite format 3\0/g],
  ["private key", new RegExp(KEY, "g")],
  [
    "private key",
    /"kty"\s*:[^{}]{0,4000}"d"\s*:\s*"[\w-]{43}|"d"\s*:\s*"[\w-]{43}[^{}]{0,4000}"kty"\s*:/g,
  ],
  [
    "cloud credentials",
    new RegExp(
      String
        .raw`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b[^]{0,200}?["'=:\s]${AWS_SECRET}|(?:[sS]ecret_?[aA]ccess_?[kK]ey|SECRET_ACCESS_KEY)["']?\s*[=:]\s*["']?${AWS_SECRET}`,
      "g",
    ),
  ],
  ["access token", new RegExp(TOKEN, "g")],
  ["registry token", /:_authToken=[\w-]{20,}/g],
];

/** Each has one of these in it: one search of most files, in place of five. */
const HINT =
  /^SQLite|PRIVATE KEY|"kty"|A[KS]IA|ccess_?[kK]ey|ACCESS_KEY|_authToken|gh[pousr]_|github_pat_|glpat-|npm_|xox[abeoprs]-|AIza|_live_|sk-(?:ant|proj)-|dd[pow]_/;

/** What others have published is no secret, such as the keys of a package's tests. */
const PUBLISHED = new RegExp(
  [
    String
      .raw`(?:^|/)(?:node_modules|\.deno_compile_node_modules|site-packages|dist-packages|gems|pkg/mod|\.cargo/registry|(?:npm|vendor|remote/https?)/[^/]+\.[^/]+)/`,
    "^(?:usr/)?(?:bin|sbin|lib|lib64)/",
    // Images of Node keep the service in /usr/src/app.
    "^usr/(?:share|libexec|include|src/(?!app/)|local/(?:go|lib|share))/",
    "^(?:nix/store|etc/pki/nssdb|proc|sys)/",
    "^var/(?:cache|lib/(?:apt|dpkg|rpm|dnf|yum|PackageKit))/",
    String.raw`(?:^|/)[a-z]\w*_cache_v\d+$`,
  ].join("|"),
);

/** Tells the kind by the first {@linkcode SECRET_BYTES}; nothing for published paths. */
export function secretCheck(
  path: string,
): ((head: Uint8Array) => Secret["kind"] | undefined) | undefined {
  if (PUBLISHED.test(path)) return undefined;
  return (head) => {
    // What Deno compiles into a program is checked file by file.
    if (isElf(head)) return undefined;
    const { buffer, byteOffset, byteLength } = head;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
    const named = RULES.find(({ name, content }) =>
      name.test(path) && content.test(text)
    );
    if (named || !HINT.test(text)) return named?.kind;
    return ANYWHERE.find(([kind, content]) =>
      text.matchAll(content).some(([match]) =>
        kind === "private key" || !PLACEHOLDER.test(match)
      )
    )?.[0];
  };
}

/** What the config and its history show to everyone who has the image. */
export function configSecrets({ config, document }: Image): Secret[] {
  const { env, entrypoint, cmd, labels } = config;
  const lines = [
    ...historyOf(document),
    `ENTRYPOINT ${entrypoint.join(" ")}`,
    `CMD ${cmd.join(" ")}`,
    ...Object.entries(labels).map((label) => `LABEL ${label.join("=")}`),
  ];
  const variables = env.filter(isSecretVariable)
    .map((variable) => `ENV ${variable.split("=", 1)[0]}`);
  const found = new Map<string, Secret>(
    variables.map((path) => [path, { path, kind: "variable" }]),
  );
  for (const line of lines) {
    const [keyword] = line.split(" ", 1);
    for (const { name } of findTextSecrets(line)) {
      const path = `${keyword} ${
        name ?? shortened(maskText(line.slice(keyword.length + 1)))
      }`;
      const kind = name === undefined ? "access token" : "variable";
      // The value of a variable is a token or an address: told once.
      if (name !== undefined || keyword !== "ENV") {
        if (!found.has(path)) found.set(path, { path, kind });
      }
    }
  }
  return [...found.values()];
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
