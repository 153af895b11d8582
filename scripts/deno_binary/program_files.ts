/** The files inside a program: modules, npm packages, assets. @module */
import {
  type NpmContents,
  npmPackageOf,
  ProgramPackage,
  property,
} from "./program_npm.ts";

/** Bytes and SHA-256 (hex) are of files as stored; what is optional, only for a bill. */
export interface ProgramContents {
  modules: { specifier: string; bytes: number; sha256?: string }[];
  npm: NpmContents[];
  assets: { path: string; bytes: number; sha256?: string }[];
  /** Embedded files that a check has found to be secrets, and of which kind. */
  secrets?: { path: string; kind: string }[];
  /** What the program itself asks for, as `name@version`. */
  npmRoots?: string[];
}

/** A part of the file data that is worth reading, and what takes its hash or content. */
export interface Read {
  /** Offset in the file data. */
  offset: number;
  bytes: number;
  hashed?: (sha256: string) => void;
  taken?: (content: Uint8Array) => void;
}

interface ProgramFiles {
  modules: ProgramContents["modules"];
  assets: ProgramContents["assets"];
  packages: ProgramPackage[];
  secrets: { path: string; kind: string }[];
  reads: Read[];
}

export interface ProgramOptions {
  /** Whether hashes and licences are wanted; secrets are not looked for then. */
  detailed?: boolean;
  /** By the path of an embedded file, what tells from its start whether it is a secret. */
  secretCheck?: (
    path: string,
  ) => ((head: Uint8Array) => string | undefined) | undefined;
}

interface File {
  path: string;
  /** Offset and length of each stored form: source, compiled, source map, analysis. */
  ranges: [number, number][];
  source?: [number, number];
  compiled: boolean;
}

/** Deeper folders are left out: no program has them, a hostile file may. */
const MAX_DEPTH = 128;
/** As much of an embedded file is checked. */
const MAX_CHECKED_BYTES = 64 * 1024;
/** What Deno loads as a module by its name; the payload does not say which it does. */
const MODULE = /\.(?:[mc]?[jt]s|[jt]sx|json|wasm)$/i;

/** Sorts the files of a tree, of any shape, that points into so many bytes of data. */
export function listFiles(
  tree: unknown,
  dataBytes: number,
  { detailed, secretCheck }: ProgramOptions,
): ProgramFiles {
  const files: ProgramFiles = {
    modules: [],
    assets: [],
    packages: [],
    secrets: [],
    reads: [],
  };
  const packages = new Map<string, ProgramPackage>();
  const counted = new Set<number>();
  let left = dataBytes;

  for (const { path, ranges, source, compiled } of walk(tree)) {
    let bytes = 0;
    for (const [offset, length] of ranges) {
      if (length === 0 || offset + length > dataBytes) continue;
      if (length > left || counted.has(offset)) continue;
      counted.add(offset);
      bytes += length;
      left -= length;
    }
    // Where its own text is; only what lies in the data can be read.
    const [offset, length] = source ?? [0, Infinity];
    const read = offset + length <= dataBytes && { offset, bytes: length };
    const owner = npmPackageOf(path);
    if (!owner) {
      const own = !/(?:^|\/)node_modules\//.test(path);
      const module = own && (compiled || MODULE.test(path));
      const item: { bytes: number; sha256?: string } = { bytes };
      if (module) files.modules.push(Object.assign(item, { specifier: path }));
      else if (bytes > 0) files.assets.push(Object.assign(item, { path }));
      // Its bytes are those of a file before it; its name may tell more.
      else if (detailed) continue;
      if (!read) continue;
      const check = detailed ? undefined : secretCheck?.(path);
      if (detailed) {
        files.reads.push({ ...read, hashed: (sha256) => item.sha256 = sha256 });
      } else if (check) {
        files.reads.push({
          offset: read.offset,
          bytes: Math.min(read.bytes, MAX_CHECKED_BYTES),
          taken: (head) => {
            const kind = check(head);
            if (kind) files.secrets.push({ path, kind });
          },
        });
      }
      continue;
    }
    const { name, version = "", file } = owner;
    // Without a version in its path, each folder is a package of its own.
    const key = version ? `${name}@${version}` : owner.folder;
    let known = packages.get(key);
    if (!known) packages.set(key, known = new ProgramPackage(name, version));
    known.bytes += bytes;
    if (detailed) known.files++;
    const manifest = file === "package.json" && (detailed || !version);
    if (read && (detailed || manifest)) {
      files.reads.push({
        ...read,
        ...detailed && { hashed: known.hashed(file) },
        ...manifest && { taken: known.takeManifest },
      });
    }
  }
  files.packages = [...packages.values()];
  return files;
}

/** Adds sorted files, versions from manifests filled in, to the contents, the largest first. */
export function summarise(
  files: ProgramFiles,
  contents: ProgramContents,
): void {
  const npm = new Map<string, NpmContents>();
  for (const found of files.packages) {
    const key = `${found.name}@${found.version}`;
    const known = npm.get(key);
    if (known) known.bytes += found.bytes;
    else npm.set(key, found.summary());
  }
  contents.modules = [...contents.modules, ...files.modules]
    .sort((a, b) => b.bytes - a.bytes);
  contents.npm = [...npm.values()].sort((a, b) => b.bytes - a.bytes);
  contents.assets = files.assets.sort((a, b) => b.bytes - a.bytes);
  const secrets = [...contents.secrets ?? [], ...files.secrets];
  if (secrets.length > 0) contents.secrets = secrets;
}

function* walk(entries: unknown, path: string[] = []): Generator<File> {
  if (!Array.isArray(entries) || path.length >= MAX_DEPTH) return;
  for (const entry of entries) {
    const [folder, file] = ["Dir", "File"].map((key) => property(entry, key));
    const [folderName, name] = [folder, file].map((one) => property(one, "n"));
    if (typeof folderName === "string") {
      yield* walk(property(folder, "e"), [...path, folderName]);
    }
    if (typeof name !== "string") continue;
    const ranges = ["o", "m", "s", "c"].map((key) =>
      range(property(file, key))
    );
    yield {
      path: [...path, name].join("/"),
      ranges: ranges.filter((found) => found !== undefined),
      source: ranges[0],
      compiled: ranges[1] !== undefined || ranges[2] !== undefined,
    };
  }
}

function range(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [offset, length] = value;
  return Number.isSafeInteger(offset) && Number.isSafeInteger(length) &&
      offset >= 0 && length >= 0
    ? [offset, length]
    : undefined;
}
