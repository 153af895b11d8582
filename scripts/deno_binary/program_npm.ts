/**
 * Tells from its path which npm package a file inside a program belongs to.
 *
 * @module
 */

/** The package that a file belongs to. */
export interface NpmFile {
  name: string;
  /** Absent where the path does not tell it. */
  version?: string;
  /** Path of the package's folder. */
  folder: string;
  /** Path of the file within it. */
  file: string;
}

/** Where a program without a `node_modules` folder keeps its packages. */
const CACHE = ".deno_compile_node_modules";

/**
 * Finds the package of a file, in each of the places that packages have:
 * `.deno_compile_node_modules/localhost/<name>/<version>` (Deno's cache),
 * `node_modules/.deno/<name>@<version>/node_modules/<name>` (a folder that Deno
 * made; pnpm's is alike) and `node_modules/<name>` (npm's, without a version).
 *
 * @param path Names of the folders and, last, of the file.
 * @returns The package, or nothing if the file belongs to none.
 */
export function npmPackageOf(path: readonly string[]): NpmFile | undefined {
  return path[0] === CACHE ? inCache(path) : inNodeModules(path);
}

function inCache(path: readonly string[]): NpmFile | undefined {
  const name = nameAt(path, 2);
  if (!name || path.length < 4 + name.parts) return undefined;
  const end = 3 + name.parts;
  return {
    name: decodeName(name.text),
    version: withoutCopy(path[end - 1]),
    folder: path.slice(0, end).join("/"),
    file: path.slice(end).join("/"),
  };
}

function inNodeModules(path: readonly string[]): NpmFile | undefined {
  const last = path.lastIndexOf("node_modules");
  if (last < 0) return undefined;
  const name = nameAt(path, last + 1);
  if (!name) return undefined;
  const end = last + 1 + name.parts;
  if (path.length <= end) return undefined;
  return {
    name: name.text,
    version: storeVersion(path, last, name.text),
    folder: path.slice(0, end).join("/"),
    file: path.slice(end).join("/"),
  };
}

/** One or, with a scope, two folders; names with a dot in front are no packages. */
function nameAt(
  path: readonly string[],
  index: number,
): { text: string; parts: number } | undefined {
  const first = path[index];
  if (first === undefined || first === "" || first.startsWith(".")) return;
  if (!first.startsWith("@")) return { text: first, parts: 1 };
  const second = path[index + 1];
  if (second === undefined) return;
  return { text: `${first}/${second}`, parts: 2 };
}

/** The version in `.deno/@scope+name@1.0.0/node_modules/@scope/name`. */
function storeVersion(
  path: readonly string[],
  nodeModules: number,
  name: string,
): string | undefined {
  const store = path[nodeModules - 2];
  if (store !== ".deno" && store !== ".pnpm") return undefined;
  const folder = path[nodeModules - 1];
  const at = folder.indexOf("@", 1);
  if (at < 0) return undefined;
  // Under another name it is a dependency's alias, and the version still holds.
  const stored = decodeName(folder.slice(0, at).replace("+", "/"));
  return stored === name ? withoutCopy(folder.slice(at + 1)) : undefined;
}

/** `1.0.0_1` is a second copy for other peers; versions have no `_` or `(`. */
function withoutCopy(version: string): string {
  return version.replace(/[_(].*$/s, "");
}

/**
 * Names with capitals are stored as `_` and base32, since some file systems
 * cannot tell `JSONStream` from `jsonstream`.
 */
function decodeName(name: string): string {
  if (!/^_[a-z2-7]+$/.test(name)) return name;
  let bits = 0;
  let value = 0;
  const bytes: number[] = [];
  for (const letter of name.slice(1)) {
    value = (value << 5 | "abcdefghijklmnopqrstuvwxyz234567".indexOf(letter)) &
      0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(value >> bits & 0xff);
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
