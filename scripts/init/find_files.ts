/**
 * Which files of a project go to the build, which are embedded in the program
 * or lie beside it, and which stay out.
 *
 * @module
 */
import { basename, dirname, join, relative } from "node:path";
import ignore from "ignore";
import { STATIC_FOLDERS } from "../check/check_consistency.ts";
import {
  MODULE,
  readDenoCommand,
  splitCommands,
} from "../dockerfile/deno_command.ts";
import { parseDockerignore } from "../dockerfile/parse_dockerfile.ts";
import { UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import { filesIn, isThere, textOf } from "../lib/files.ts";
import type { Chosen } from "./choose_entry.ts";
import { fileMentions, type Mention, withImports } from "./read_hints.ts";
import { type Modules, readModules } from "./read_modules.ts";
import {
  type Member,
  type Permissions,
  type Project,
  relativePaths,
} from "./read_project.ts";

export interface LeftOut {
  path: string;
  why: string;
}

const TEST = /(?:^|\/)(?:[^/]*[._])?test\.[cm]?[jt]sx?$/;
const CONFIG = /\/(?:deno\.jsonc?|package\.json)$/;
/** Folders that are copied as they are, or never looked into. */
const OPAQUE = new Set(["node_modules", "vendor", ".git"]);

/** Files that modules name, relative to the folder that the service is run in. */
export function mentionsOf(
  { paths, sources }: Modules,
  folder: string,
): Mention[] {
  return withImports(sources).flatMap((text, at) =>
    fileMentions(text).map((mention) =>
      mention.from === "cwd" ? mention : {
        ...mention,
        path: relative(folder, join(dirname(paths[at]), mention.path)),
      }
    )
  ).filter(({ path }) => path !== "" && !path.startsWith(".."));
}

/**
 * What a service writes, by its permissions and calls: folders, of which `.` may be
 * one, and the paths that are written.
 */
export function findState(
  { write }: Permissions,
  all: Mention[],
): { state: string[]; written: string[] } {
  const mentions = all.filter(({ written }) => written !== undefined);
  const files = mentions.filter(({ written }) => written === "file")
    .map(({ path }) => path);
  const places = [
    ...relativePaths(write)
      .map((path) =>
        // A database is a file, whatever it is called, with others beside it.
        files.includes(path) || /\.[\w-]+$/.test(path) ? dirname(path) : path
      ),
    // What lies beside a module is in the program, where nothing can be written.
    ...mentions.filter(({ from }) => from === "cwd")
      .map(({ path, written }) => written === "file" ? dirname(path) : path),
  ];
  const state = [...new Set(places)].sort().filter((path, _, all) =>
    !all.some((other) => other !== path && `${path}/`.startsWith(`${other}/`))
  );
  const written = [...state, ...mentions.map(({ path }) => path)]
    .filter((path) => path !== "." && !path.startsWith("/"));
  return { state, written: [...new Set(written)] };
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}

/** Data that is read: embedded is what is relative to a module, beside lies the rest. */
export async function findData(
  { member: { folder }, entry, command, modules }: Chosen,
  permissions: Permissions,
  mentions: Mention[],
  root: string,
  whyPrivate: WhyPrivate,
): Promise<{ includes: string[]; beside: string[]; leftOut: LeftOut[] }> {
  const named = (from: Mention["from"]) =>
    mentions.filter((mention) => mention.from === from && !mention.written)
      .map(({ path }) => path);
  const isIn = (place: string) => (path: string) =>
    `${path}/`.startsWith(`${place}/`);
  const text = modules.sources.join("\n");
  const isNamed = (path: string) =>
    new RegExp(`["'\`/]${path}(?=["'\`/\\\\])`).test(text);
  const statics: string[] = [];
  for (const path of STATIC_FOLDERS) {
    const info = await statOf(join(root, folder, path));
    if (info?.isDirectory) statics.push(path);
  }
  const reads = [
    ...relativePaths(permissions.read),
    ...statics.filter(isNamed),
  ];
  // What Fresh has built finds its files beside it.
  const built = entry.startsWith("_fresh/") ? ["_fresh"] : [];
  const included = [...command?.includes ?? [], ...built];
  const wide = included.find((path) =>
    /^\.\.?(?:\/|$)/.test(join(folder, path))
  );
  if (wide !== undefined) {
    throw new UserError(
      `Cannot embed "${wide}": it holds more than the service`,
      {
        next: "Name with --include files and folders in the service's folder",
      },
    );
  }
  const leftOut: LeftOut[] = [];
  const keep = async (paths: string[]) => {
    const kept: string[] = [];
    for (const path of new Set(paths.map((path) => path.replace(/\/$/, "")))) {
      const full = join(folder, path);
      const info = await statOf(join(root, full));
      const isModule = MODULE.test(path) && !included.includes(path);
      if (info === undefined || isModule || modules.paths.includes(full)) {
        continue;
      }
      const place = info.isDirectory ? `${path}/` : path;
      const why = whyPrivate(join(folder, place));
      // A task that embeds what git ignores embeds what a build has made.
      const isMade = why === ".gitignore" && included.includes(path);
      if (why === undefined || isMade) kept.push(place);
      else leftOut.push({ path: join(folder, place), why });
    }
    return kept.filter((path) =>
      !kept.some((other) =>
        other !== path && other.endsWith("/") && path.startsWith(other)
      )
    ).sort();
  };
  const readsBut = (from: Mention["from"]) =>
    reads.filter((place) => !named(from).some(isIn(place)));
  // Nothing tells how some are read: then both ways have to work.
  const embedded = await keep([
    ...included,
    ...named("module"),
    ...readsBut("cwd"),
  ]);
  const beside = await keep([...named("cwd"), ...readsBut("module")]);
  const own = modules.paths.map((path) => relative(folder, path));
  const taken = [...embedded, ...beside, ...own];
  for (const path of statics) {
    if (isNamed(path) || built.length > 0 || taken.some(isIn(path))) continue;
    leftOut.push({ path: join(folder, `${path}/`), why: "nothing names it" });
  }
  const unseen = modules.unseen.map((path) => relative(folder, path));
  return { includes: [...embedded, ...unseen], beside, leftOut };
}

/** What is copied to the build: files at the top, else whole folders, or members. */
export async function findCopies(
  { root, members }: Project,
  needed: string[],
  configuration: string[],
): Promise<{ files: string[]; folders: string[] }> {
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const path of needed) {
    const member = members.findLast(({ folder }) =>
      folder !== "" && path.startsWith(`${folder}/`)
    );
    const top = member?.folder ?? path.split("/")[0];
    const info = await statOf(join(root, top));
    (info?.isDirectory ? folders : files).add(top);
  }
  const isCopied = (path: string) =>
    [...folders].some((folder) => path.startsWith(`${folder}/`));
  return {
    files: [
      ...configuration.filter((path) => !isCopied(path)),
      ...[...files].filter((path) => !configuration.includes(path)).sort(),
    ],
    folders: [...folders].sort(),
  };
}

/** What is below a folder, in order: paths from the top, with `/` those of folders. */
async function* walk(
  root: string,
  folder: string,
  enters: (folder: string) => boolean | Promise<boolean>,
): AsyncGenerator<string> {
  const items = await Array.fromAsync(Deno.readDir(join(root, folder)))
    .catch(() => []);
  items.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of items) {
    if (OPAQUE.has(name)) continue;
    const path = join(folder, isDirectory ? `${name}/` : name);
    yield path;
    if (isDirectory && await enters(path)) yield* walk(root, path, enters);
  }
}

/** Private paths in what is copied, and secrets at the top that are not. */
export async function findLeftOut(
  root: string,
  folders: string[],
  needed: string[],
  whyPrivate: WhyPrivate,
): Promise<LeftOut[]> {
  const found: LeftOut[] = [];
  const reason = (path: string) =>
    needed.some((other) => `${other}/`.startsWith(path.replace(/\/?$/, "/")))
      ? undefined
      : whyPrivate(path);
  const isShown = (path: string) => reason(path) === undefined;
  for (const folder of folders.filter((name) => !OPAQUE.has(name))) {
    for await (const path of walk(root, folder, isShown)) {
      const why = reason(path);
      if (why !== undefined) found.push({ path, why });
    }
  }
  for await (const path of walk(root, "", () => false)) {
    if (folders.includes(path.replace(/\/$/, ""))) continue;
    const why = whyPrivate(path);
    if (why !== undefined && !why.startsWith(".")) found.push({ path, why });
  }
  return found;
}

/** Test files of Deno and the flags that the task `test` runs them with. */
export async function findTests(
  root: string,
  member: Member,
  service: Modules,
  whyPrivate: WhyPrivate,
): Promise<{ files: string[]; flags?: string[]; leftOut: LeftOut[] }> {
  const isShown = (path: string) =>
    !basename(path).startsWith(".") && whyPrivate(path) === undefined;
  const isOwn = async (folder: string) =>
    isShown(folder) &&
    // Another project, or another member.
    !(await filesIn(join(root, folder))).some((path) => CONFIG.test(path));
  const files: string[] = [];
  const leftOut: LeftOut[] = [];
  for await (const path of walk(root, member.folder, isOwn)) {
    if (!TEST.test(path) || !isShown(path)) continue;
    const text = await textOf(join(root, path));
    if (!/\bDeno\.test\b|@std\/testing|["']node:test["']/.test(text)) continue;
    try {
      const { missing } = await readModules(root, path);
      // A build of what the service itself imports reaches as much.
      const lacks = service.missing.length > 0 ? [] : missing;
      if (lacks.length === 0) files.push(path);
      else {
        leftOut.push({ path, why: `its import ${lacks[0]} is out of reach` });
      }
    } catch (error) {
      // A test that is broken is no reason to refuse the service.
      if (!(error instanceof UserError)) throw error;
      leftOut.push({ path, why: why(error) });
    }
  }
  const words = splitCommands(member.config.tasks.test ?? "")
    .find((words) => /\bdeno test\b/.test(words.join(" ")));
  const asRun = words?.map((word) => word === "test" ? "run" : word) ?? [];
  const flags = readDenoCommand([...asRun, "x.ts"])?.flags;
  return { files: files.sort(), flags, leftOut };
}

/** In one line, as a sentence goes on. */
function why({ message, output = message }: UserError): string {
  return printable(output).replaceAll(/\s+/g, " ");
}

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
export const ENV_EXAMPLES = [".env.example", ".env.sample", ".env.template"];

/** Why a path is left out, if it is. */
export type WhyPrivate = (path: string) => string | undefined;

/** Which paths are private; those of folders end with `/`. */
export async function readPrivate(
  root: string,
  written: string[],
): Promise<WhyPrivate> {
  const rules = (patterns: string[]) =>
    ignore().add([...patterns, ...ENV_EXAMPLES.map((name) => `!${name}`)]);
  const secret = rules(PRIVATE.secret);
  const state = rules(PRIVATE.state);
  const git = await readGitignores(root);
  const docker = parseDockerignore(await foreignIgnores(root) ?? "");
  return (path) => {
    const bare = path.replace(/\/$/, "");
    const isWritten = written.some((place) =>
      bare === place || bare.startsWith(`${place}/`)
    );
    if (isWritten) return "the service writes it";
    if (secret.ignores(path)) return "it looks like a secret";
    if (state.ignores(path)) return "it looks like a database or a log";
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
  for (let folder = root;; folder = dirname(folder)) {
    const rules = ignore().add(await textOf(join(folder, ".gitignore")));
    found.push({ from: relative(folder, root), rules });
    if (await isThere(join(folder, ".git"))) break;
    if (folder === dirname(folder)) {
      // Without a repository, what lies above is not about the service.
      found.length = 1;
      break;
    }
  }
  return (path) =>
    found.some(({ from, rules }) => rules.ignores(join(from, path)));
}
