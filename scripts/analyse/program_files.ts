/**
 * Sorts the files inside a program: its own modules, npm packages, and assets
 * that are merely embedded. Data that several files share is stored once, and
 * so counted once, for the first of them.
 *
 * @module
 */
import { npmPackageOf } from "./program_npm.ts";

/** What a program holds besides the runtime; bytes are as stored. */
export interface ProgramContents {
  modules: { specifier: string; bytes: number }[];
  npm: { name: string; version: string; bytes: number }[];
  assets: { path: string; bytes: number }[];
}

/** A package while its files are counted. */
interface Package {
  name: string;
  version: string;
  bytes: number;
}

/** A package.json that alone tells the version of its package. */
export interface Manifest {
  /** Offset in the file data. */
  offset: number;
  bytes: number;
  owner: Package;
}

/** The files of a program, sorted. */
export interface ProgramFiles {
  modules: ProgramContents["modules"];
  assets: ProgramContents["assets"];
  packages: Package[];
  /** In the order of their offsets. */
  manifests: Manifest[];
}

interface File {
  path: readonly string[];
  /** Offset and length of each stored form: source, compiled, source map, analysis. */
  ranges: [number, number][];
  compiled: boolean;
}

/** Deeper folders are left out: no program has them, a hostile file may. */
const MAX_DEPTH = 128;
/** What Deno loads as a module by its name; the payload does not say which it does. */
const MODULE = /\.(?:[mc]?[jt]s|[jt]sx|json|wasm)$/i;

/** Contents with nothing in them. */
export function emptyContents(): ProgramContents {
  return { modules: [], npm: [], assets: [] };
}

/**
 * Sorts the files of a program.
 *
 * @param tree The parsed JSON of its file system; parts of another shape are left out.
 * @param dataBytes Bytes of the file data that the tree points into.
 */
export function listFiles(tree: unknown, dataBytes: number): ProgramFiles {
  const files: ProgramFiles = {
    modules: [],
    assets: [],
    packages: [],
    manifests: [],
  };
  const packages = new Map<string, Package>();
  const counted = new Set<number>();
  let left = dataBytes;

  for (const { path, ranges, compiled } of walk(tree)) {
    let bytes = 0;
    for (const [offset, length] of ranges) {
      if (length === 0 || offset + length > dataBytes) continue;
      if (length > left || counted.has(offset)) continue;
      counted.add(offset);
      bytes += length;
      left -= length;
    }
    const owner = npmPackageOf(path);
    if (!owner) {
      const name = path.join("/");
      const own = !path.includes("node_modules");
      if (own && (compiled || MODULE.test(name))) {
        files.modules.push({ specifier: name, bytes });
      } else if (bytes > 0) files.assets.push({ path: name, bytes });
      continue;
    }
    const { name, version = "", file } = owner;
    // Without a version in its path, each folder is a package of its own.
    const key = version ? `${name}@${version}` : owner.folder;
    let known = packages.get(key);
    if (!known) packages.set(key, known = { name, version, bytes: 0 });
    known.bytes += bytes;
    const [offset, length] = ranges[0] ?? [0, 0];
    if (!version && file === "package.json" && offset + length <= dataBytes) {
      files.manifests.push({ offset, bytes: length, owner: known });
    }
  }
  files.packages = [...packages.values()];
  files.manifests.sort((a, b) => a.offset - b.offset);
  return files;
}

/**
 * Adds sorted files to the contents, the largest first.
 *
 * @param files What {@linkcode listFiles} made, versions from manifests filled in.
 * @param contents Receives them; modules that are there already stay.
 */
export function summarise(
  files: ProgramFiles,
  contents: ProgramContents,
): void {
  const npm = new Map<string, Package>();
  for (const { name, version, bytes } of files.packages) {
    const key = `${name}@${version}`;
    const known = npm.get(key);
    if (known) known.bytes += bytes;
    else npm.set(key, { name, version, bytes });
  }
  contents.modules = [...contents.modules, ...files.modules]
    .sort((a, b) => b.bytes - a.bytes);
  contents.npm = [...npm.values()].sort((a, b) => b.bytes - a.bytes);
  contents.assets = files.assets.sort((a, b) => b.bytes - a.bytes);
}

/** All files of the tree in its order, without recursion: it may be hostile. */
function* walk(tree: unknown): Generator<File> {
  if (!Array.isArray(tree)) return;
  const stack: { entries: unknown[]; index: number; name: string }[] = [
    { entries: tree, index: 0, name: "" },
  ];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.index >= top.entries.length) {
      stack.pop();
      continue;
    }
    const entry = top.entries[top.index++];
    const folder = property(entry, "Dir");
    const folderName = property(folder, "n");
    const entries = property(folder, "e");
    if (typeof folderName === "string" && Array.isArray(entries)) {
      if (stack.length < MAX_DEPTH) {
        stack.push({ entries, index: 0, name: folderName });
      }
      continue;
    }
    const file = property(entry, "File");
    const name = property(file, "n");
    if (typeof name !== "string") continue;
    const ranges = ["o", "m", "s", "c"].map((key) =>
      range(property(file, key))
    );
    yield {
      path: [...stack.slice(1).map(({ name }) => name), name],
      ranges: ranges.filter((found) => found !== undefined),
      compiled: ranges[1] !== undefined || ranges[2] !== undefined,
    };
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null &&
      Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}

function range(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [offset, length] = value;
  return Number.isSafeInteger(offset) && Number.isSafeInteger(length) &&
      offset >= 0 && length >= 0
    ? [offset, length]
    : undefined;
}
