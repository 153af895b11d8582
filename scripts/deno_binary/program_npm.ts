/** The npm packages in a program. @module */
import { hash } from "node:crypto";
import { viewOf } from "./elf.ts";

export interface NpmContents {
  name: string;
  version: string;
  bytes: number;
  /** As its package.json states it. */
  license?: string;
  files?: number;
  /** Of the lines `<SHA-256>  <path>`, by path, that `sha256sum` writes of its files. */
  sha256?: string;
  /** What it was resolved to, as `name@version`. */
  dependencies?: string[];
}

/** Where a program without a `node_modules` folder keeps its packages. */
const CACHE = ".deno_compile_node_modules/";
const CACHED = /^[^/]+\/[^/]+\/(@[^/]+\/[^/]+|[^/.@][^/]*)\/([^/]+)\//;
/** Names with a dot in front are no packages. */
const INSTALLED = /^(@[^/]+\/[^/]+|[^/.@][^/]*)\/./;
/** `.deno/@scope+name@1.0.0/`, in front of `node_modules/@scope/name`. */
const STORE = /(?:^|\/)\.(?:deno|pnpm)\/(.[^/@]*)@([^/]+)\/$/;

/**
 * Finds the package of a file, if it belongs to one, in
 * `.deno_compile_node_modules/localhost/<name>/<version>` (Deno's cache),
 * `node_modules/.deno/<name>@<version>/node_modules/<name>` (a folder that Deno
 * made; pnpm's is alike) or `node_modules/<name>` (npm's, without a version). The
 * path within the folder is `file`.
 */
export function npmPackageOf(path: string) {
  const found = (name: string, end: number, version?: string) => ({
    name,
    version: version?.replace(COPY, ""),
    folder: path.slice(0, end),
    file: path.slice(end + 1),
  });
  if (path.startsWith(CACHE)) {
    const [all, name, version] = CACHED.exec(path) ?? [];
    if (all === undefined || all.length === path.length) return undefined;
    return found(decodeName(name), all.length - 1, version);
  }
  const at = `/${path}`.lastIndexOf("/node_modules/");
  if (at < 0) return undefined;
  const start = at + "node_modules/".length;
  const [, name] = INSTALLED.exec(path.slice(start)) ?? [];
  if (name === undefined) return undefined;
  const [, stored = "", version] = STORE.exec(path.slice(0, at)) ?? [];
  // Under another name it is a dependency's alias, whose version it is not.
  const own = decodeName(stored.replace("+", "/")) === name;
  return found(name, start + name.length, own ? version : undefined);
}

/** `1.0.0_1` is a second copy for other peers; versions have no `_` or `(`. */
const COPY = /[_(].*$/s;

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** As `_` and base32 if it has capitals, for file systems that ignore case. */
function decodeName(name: string): string {
  if (!/^_[a-z2-7]+$/.test(name)) return name;
  const bits = Array.from(
    name.slice(1),
    (letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0"),
  ).join("");
  const bytes = bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2));
  return new TextDecoder().decode(new Uint8Array(bytes ?? []));
}

/** The largest table that is held; one of 80 packages has 4 kB. */
export const MAX_RESOLUTION_BYTES = 16 * 1024 * 1024;

/** What the program itself, and each package, asks for, as `name@version`. */
interface Resolution {
  roots: string[];
  dependencies: Map<string, string[]>;
}

/**
 * Reads which packages a program, and each of them, asks for from the table of
 * `deno compile`: u32 count of package ids; u32 count of what the program asks for,
 * (request, u32 index); for each package, u32 count of (name, u32 index). Texts are
 * a u32 length and as many bytes.
 */
export function parseResolution(table: Uint8Array): Resolution | undefined {
  const view = viewOf(table);
  let at = 0;
  const number = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const text = () => {
    const length = number();
    at += length;
    return new TextDecoder().decode(table.subarray(at - length, at));
  };
  const list = <T>(item: () => T): T[] => {
    const items: T[] = [];
    for (let left = number(); left > 0; left--) items.push(item());
    return items;
  };
  try {
    const packages = list(() => withoutPeers(text()));
    const reference = () => {
      text();
      const found = packages[number()];
      if (found === undefined) throw new RangeError("no such package");
      return found;
    };
    const roots = list(reference);
    const dependencies = new Map<string, string[]>();
    for (const name of packages) {
      dependencies.set(name, [
        ...dependencies.get(name) ?? [],
        ...list(reference),
      ]);
    }
    return at === table.length ? { roots, dependencies } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // Ends too early.
    throw error;
  }
}

export function resolve(
  contents: { npm: NpmContents[]; npmRoots?: string[] },
  { roots, dependencies }: Resolution,
): void {
  contents.npmRoots = distinct(roots);
  for (const item of contents.npm) {
    const found = dependencies.get(`${item.name}@${item.version}`);
    if (found) item.dependencies = distinct(found);
  }
}

/** `a@1.0.0_b@2.0.0` is the copy of `a@1.0.0` for the peer `b@2.0.0`. */
function withoutPeers(id: string): string {
  const version = id.indexOf("@", 1);
  const peers = version < 0 ? -1 : id.indexOf("_", version);
  return peers < 0 ? id : id.slice(0, peers);
}

function distinct(names: string[]): string[] {
  return [...new Set(names)].sort();
}

export class ProgramPackage {
  bytes = 0;
  /** Counted only where details are wanted. */
  files = 0;
  /** SHA-256 of those that were hashed, by path. */
  readonly hashes = new Map<string, string>();
  #license?: string;

  /** @param version `""` until a package.json tells it. */
  constructor(readonly name: string, public version: string) {}

  takeManifest(content: Uint8Array): void {
    const manifest = parseJson(content);
    const version = property(manifest, "version");
    if (typeof version === "string") this.version ||= version;
    this.#license = licenseOf(manifest);
  }

  summary(): NpmContents {
    const { name, version, bytes, files } = this;
    const license = this.#license;
    const lines = [...this.hashes].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([file, sha256]) => `${sha256}  ${file}\n`);
    return {
      name,
      version,
      bytes,
      ...files > 0 && { files },
      ...files > 0 && license && { license },
      // Of all files or of none: a hash of some would tell nothing.
      ...files > 0 && lines.length === files &&
        { sha256: hash("sha256", lines.join("")) },
    };
  }
}

/** A string; `{type}` or a list of those, any of which may be chosen, in old packages. */
function licenseOf(manifest: unknown): string | undefined {
  const stated = property(manifest, "license") ??
    property(manifest, "licenses");
  const names = [stated].flat()
    .map((item) => property(item, "type") ?? item)
    .filter((name): name is string => typeof name === "string")
    .filter((name) => name.trim() !== "");
  return names.length > 1 ? `(${names.join(" OR ")})` : names[0];
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null &&
      Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
