/**
 * Files that have no place in an image, as they look like secrets or like state:
 * in any layer, deleted later or not, or embedded in a compiled program. A name
 * alone is no finding: the content must be what the name says.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Image, Rootfs } from "../image/model.ts";
import { foundIn } from "./found.ts";
import type { Secret } from "./inspect_schema.ts";

/** As much of a file as is looked at. */
export const SECRET_BYTES = 64 * 1024;

const PEM = String.raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`;

/** Templates are meant to be shared, and .env.vault is encrypted. */
const TEMPLATE = String
  .raw`(?:[^/]*[-._])?(?:example|sample|template|tmpl|dist|defaults?|schema|vault)(?:[-._]|$)`;

/** Kind, name with its folder where that tells more, and what must be in it. */
const RULES = ([
  [
    "environment file",
    String.raw`(?!${TEMPLATE})(?:\.env(?:\.[^/]+)?|\.envrc|[^/]+\.env)`,
    /^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=[ \t]*["']?[^\s"'#]/m,
  ],
  [
    "private key",
    String
      .raw`id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_\w+_key|[^/]+\.(?:pem|key|ppk|p8|asc)`,
    new RegExp(`${PEM}|^PuTTY-User-Key-File-`, "m"),
  ],
  // PKCS #12, a DER sequence.
  ["private key", String.raw`[^/]+\.(?:p12|pfx)`, /^\x30[\x80-\x84]/],
  [
    "database",
    String.raw`[^/]+\.(?:db3?|sqlite3?|sqlitedb)`,
    /^SQLite format 3\0/,
  ],
  ["git repository", String.raw`\.git/HEAD`, /^(?:ref: |[0-9a-f]{40})/],
  // A value such as ${NPM_TOKEN} is filled in from the environment.
  [
    "registry token",
    String.raw`\.npmrc|\.yarnrc\.yml`,
    /^[^#;\n]*(?:_authToken|_auth|_password|npmAuthToken)["']?[ \t]*[=:][ \t]*["']?[^\s"'$]/m,
  ],
  [
    "registry token",
    String
      .raw`[._]netrc|\.pypirc|\.git-credentials|\.cargo/credentials(?:\.toml)?|gh/hosts\.yml`,
    /(?:^|\s)(?:password|token|oauth_token)[\s=:]+\S|:\/\/[^\s/:@]+:[^\s/@]+@/,
  ],
  [
    "registry token",
    String.raw`\.docker/config\.json|\.dockercfg|containers/auth\.json`,
    /"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]/,
  ],
  [
    "cloud credentials",
    String
      .raw`\.aws/credentials|\.azure/(?:accessTokens|msal_token_cache)\.json`,
    /aws_secret_access_key\s*=\s*\S|"(?:accessToken|secret)"\s*:\s*"[^"]/i,
  ],
  [
    "cloud credentials",
    String
      .raw`[^/]*(?:credentials?|service[-_]?account|firebase|gcp|key)[^/]*\.json`,
    new RegExp(`"private_key"\\s*:\\s*"${PEM}|"refresh_token"\\s*:\\s*"[^"]`),
  ],
  [
    "cluster credentials",
    String
      .raw`\.kube/config|[^/]*kubeconfig(?:\.ya?ml)?|kubernetes/admin\.conf`,
    /^[ \t]*(?:- )?(?:client-key-data|token|password):[ \t]*\S/m,
  ],
] as [Secret["kind"], string, RegExp][]).map(([kind, name, content]) => ({
  kind,
  name: new RegExp(`(?:^|/)(?:${name})$`, "i"),
  content,
}));

/**
 * What others have published is no secret: packages, also in Deno's cache, with
 * the keys and databases of their tests, and the files of a distribution. Nor are
 * the databases of package managers.
 */
const PUBLISHED =
  /(?:^|\/)(?:node_modules|\.deno_compile_node_modules|site-packages|dist-packages|gems|npm\/[^/]+\.[^/]+)\/|^usr\/(?:share|lib|lib64|libexec|include|src|local\/(?:go|lib|share))\/|^(?:nix\/store|var\/lib\/(?:rpm|dnf|yum|PackageKit)|var\/cache|proc|sys)\//;

/**
 * How to tell whether a file is a secret.
 *
 * @param path Without a slash in front.
 * @returns What takes its first {@linkcode SECRET_BYTES} and tells the kind;
 * nothing for a file whose name is not worth a look.
 */
export function secretCheck(
  path: string,
): ((head: Uint8Array) => Secret["kind"] | undefined) | undefined {
  const rules = RULES.filter(({ name }) => name.test(path));
  if (rules.length === 0 || PUBLISHED.test(path)) return undefined;
  return (head) => {
    const text = Buffer.from(head).toString("latin1");
    return rules.find(({ content }) => content.test(text))?.kind;
  };
}

/** Finds the secrets in an image that was read with the probe. */
export function secrets(image: Image, rootfs: Rootfs): Secret[] {
  // By what the probe found: hard links make other records of the same content.
  const lost = new Map(
    rootfs.losses.map(({ entry, coveredBy }) => [entry.found, coveredBy]),
  );
  const there = new Set(
    Array.from(rootfs.files.values(), ({ inode }) => inode.found),
  );
  return image.layers.flatMap(({ entries }, layer) =>
    entries.flatMap((entry): Secret[] => {
      const { secret, elf } = foundIn(entry);
      const embedded = elf?.program?.secrets ?? [];
      if (!secret && embedded.length === 0) return [];
      const deletedBy = lost.get(entry.found) ??
        // Replaced within its layer: never unpacked, and still in the archive.
        (there.has(entry.found) ? undefined : layer);
      const where = { layer, ...deletedBy !== undefined && { deletedBy } };
      const path = `/${entry.path}`;
      return [
        ...secret ? [{ path: shownPath(path), kind: secret, ...where }] : [],
        ...embedded.map((file) => ({
          path: shownPath(file.path),
          // The check that found it tells no other words.
          kind: file.kind as Secret["kind"],
          ...where,
          program: path,
        })),
      ];
    })
  );
}

/** A repository is named by its folder. */
function shownPath(path: string): string {
  return path.replace(/(^|\/)\.git\/HEAD$/, "$1.git");
}
