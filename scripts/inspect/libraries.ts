/**
 * The loader and the libraries that an image's program needs, and whether they
 * are all there: an image without them starts nowhere, and with more than them
 * it is larger than it need be.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { Surface } from "./inspect_schema.ts";
import { foundIn } from "./found.ts";
import { libraryFolders } from "./library_folders.ts";
import { type Resolved, resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";
import { startedPrograms } from "./started_programs.ts";

/** What the programs of an image need to start. */
export type Libraries = Pick<
  Surface,
  "interpreter" | "libraries" | "missing" | "foreign"
>;

/** Machines whose programs an architecture runs; others are not judged. */
const RUNS: Record<string, string[]> = {
  amd64: ["amd64", "386"],
  arm64: ["arm64", "arm"],
};

/** Scripts that start scripts: more than Linux follows. */
const MAX_SCRIPTS = 4;

/**
 * Looks for all that the started programs need, the needs of the libraries
 * included, as the loader would.
 *
 * @returns Nothing when the image starts nothing, or when what it starts was
 * not looked into. `missing` holds names, of the program itself too; `foreign`
 * holds paths with the architecture that they are for.
 */
export function libraries(image: Image, rootfs: Rootfs): Libraries {
  const programs = startedPrograms(image, rootfs);
  if (programs.length === 0) return {};
  const search = new Search(image, rootfs);
  for (const { name, resolved } of programs) {
    if (resolved) search.program(resolved);
    else search.missing.add(name);
  }
  if (!search.looked && search.missing.size === 0) return {};
  return {
    ...(search.interpreter === undefined
      ? {}
      : { interpreter: search.interpreter }),
    libraries: [...search.needed.keys()].sort(),
    missing: [...search.missing].sort(),
    ...(search.foreign.size === 0
      ? {}
      : { foreign: [...search.foreign].sort() }),
  };
}

class Search {
  /** By name; where it was found. */
  readonly needed = new Map<string, Resolved | undefined>();
  readonly missing = new Set<string>();
  readonly foreign = new Set<string>();
  interpreter?: string;
  /** Whether anything is known of any program. */
  looked = false;
  readonly #folders: { before: string[]; after: string[] };

  readonly #runs?: string[];

  constructor(image: Image, readonly rootfs: Rootfs) {
    this.#runs = RUNS[image.architecture];
    this.#folders = libraryFolders(image, rootfs);
  }

  /** Adds what a program needs; a script needs its interpreter. */
  program(resolved: Resolved): void {
    let at: Resolved | undefined = resolved;
    for (let depth = 0; at && depth <= MAX_SCRIPTS; depth++) {
      const { shebang, elf } = foundIn(at.file?.inode);
      if (shebang !== undefined) {
        this.looked = true;
        at = this.#interpreter(shebang);
        continue;
      }
      if (!elf) return;
      this.looked = true;
      this.#judge(at);
      const loader = elf.interpreter;
      if (loader !== undefined) this.#interpreter(loader);
      this.#load(at, loader);
      return;
    }
  }

  #interpreter(path: string): Resolved | undefined {
    this.interpreter ??= path;
    const resolved = resolvePath(this.rootfs, path);
    if (resolved?.file?.inode.type === "file") {
      this.#judge(resolved);
      return resolved;
    }
    this.missing.add(path);
  }

  /** Notes what is for another architecture than the image. */
  #judge({ path, file }: Resolved): void {
    const machine = foundIn(file?.inode).elf?.machine;
    if (!machine || !this.#runs || this.#runs.includes(machine)) return;
    this.foreign.add(`/${path} (${machine})`);
  }

  /** Breadth first, as the loader does: the first library of a name stays. */
  #load(program: Resolved, loader: string | undefined): void {
    const queue = [program];
    for (const object of queue) {
      const { elf } = foundIn(object.file?.inode);
      for (const name of elf?.needed ?? []) {
        if (this.needed.has(name)) continue;
        if (loader !== undefined && isPartOfLoader(name, loader)) continue;
        const found = this.#find(name, object, elf?.runpath ?? []);
        this.needed.set(name, found);
        if (found) {
          this.#judge(found);
          queue.push(found);
        } else this.missing.add(name);
      }
    }
  }

  #find(
    name: string,
    object: Resolved,
    runpath: string[],
  ): Resolved | undefined {
    const origin = `/${object.path.replace(/\/?[^/]*$/, "")}`;
    const own = runpath.flatMap((path) => path.split(":")).map((path) =>
      path.replaceAll(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin)
    );
    const paths = name.includes("/")
      ? [name]
      : [...this.#folders.before, ...own, ...this.#folders.after].map(
        (folder) => `${folder}/${name}`,
      );
    for (const path of paths) {
      const found = resolvePath(this.rootfs, path);
      if (found?.file?.inode.type === "file") return found;
    }
  }
}

/** Libraries that the loader has in itself: its own name, and musl's libc. */
function isPartOfLoader(name: string, loader: string): boolean {
  const file = loader.slice(loader.lastIndexOf("/") + 1);
  return name === file || (file.startsWith("ld-musl-") &&
    /^lib(?:c|pthread|rt|m|dl|util|xnet)\./.test(name));
}
