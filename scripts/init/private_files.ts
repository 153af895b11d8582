/**
 * What never becomes part of an image: secrets, state, and what git or an
 * existing `.dockerignore` leaves out.
 *
 * @module
 */
import { join, relative, resolve } from "node:path";
import ignore from "ignore";
import { parseDockerignore } from "../dockerfile/dockerignore.ts";
import { isThere, textOf } from "../lib/files.ts";

/** Patterns of `.gitignore` and `.dockerignore` alike, for any depth. */
export const PRIVATE: Record<"secret" | "state", string[]> = {
  secret: [
    ...[".env", ".env.*", "*.env", ".envrc", ".npmrc", ".netrc", ".pgpass"],
    ...["*.key", "*.pem", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx"],
    ...["id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"],
    ...[".git", ".ssh", ".aws", ".docker", ".htpasswd"],
  ],
  state: [
    ...["*.db", "*.db-*", "*.db3", "*.sqlite", "*.sqlite-*", "*.sqlite3"],
    ...["*.sqlite3-*", "*.mdb", "*.rdb", "*.kv", "*.kv-*", "*.log"],
  ],
};
/** Examples of a `.env` are written to be shown. */
const SHOWN = [".env.example", ".env.sample", ".env.template"];

/** Why a path is left out, if it is. */
export type WhyPrivate = (path: string) => string | undefined;

/** Which paths are private; those of folders end with `/`, `state` is written. */
export async function readPrivate(
  root: string,
  state: string[],
): Promise<WhyPrivate> {
  const matches = (patterns: string[]) => {
    const rules = ignore().add(patterns).add(SHOWN.map((name) => `!${name}`));
    return (path: string) => rules.ignores(path);
  };
  const secret = matches(PRIVATE.secret);
  const isState = matches(PRIVATE.state);
  const git = await readGitignores(root);
  const docker = parseDockerignore(await foreignIgnores(root) ?? "");
  return (path) => {
    const bare = path.replace(/\/$/, "");
    const written = state.some((place) =>
      bare === place || bare.startsWith(`${place}/`)
    );
    if (written) return "the service writes it";
    if (secret(path)) return "it looks like a secret";
    if (isState(path)) return "it looks like a database or a log";
    if (git(path)) return ".gitignore";
    if (docker(bare)) return ".dockerignore";
  };
}

/** First line of the `.dockerignore` that `init` writes. */
const HEAD = "# Deny all, then allow what the build reads.\n";

/** Text of a folder's `.dockerignore`, unless `init` has written it. */
export async function foreignIgnores(
  folder: string,
): Promise<string | undefined> {
  const text = await textOf(join(folder, ".dockerignore"));
  return text === "" || text.startsWith(HEAD) ? undefined : text;
}

/** The `.gitignore`s that apply to a folder: up to the top of the repository. */
async function readGitignores(
  root: string,
): Promise<(path: string) => boolean> {
  const found: { from: string; rules: ReturnType<typeof ignore> }[] = [];
  for (let folder = root;;) {
    const rules = ignore().add(await textOf(join(folder, ".gitignore")));
    found.push({ from: relative(folder, root), rules });
    if (await isThere(join(folder, ".git"))) break;
    const above = resolve(folder, "..");
    if (above === folder) {
      // Without a repository, what lies above is not about the service.
      found.length = 1;
      break;
    }
    folder = above;
  }
  return (path) =>
    found.some(({ from, rules }) => rules.ignores(join(from, path)));
}
