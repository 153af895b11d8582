/** The loader and the libraries that an image's program needs. @module */
import type { Image, Rootfs } from "../image/model.ts";
import { type Resolved, resolvePath } from "../image/resolve_path.ts";
import type { Surface } from "./inspect_schema.ts";
import { foundIn, textAt } from "./found.ts";
import { startedPrograms } from "./started_programs.ts";

export type Libraries = Pick<
  Surface,
  | "interpreter"
  | "libraries"
  | "missing"
  | "missingPrograms"
  | "foreign"
  | "broken"
>;

/** Machines whose programs an architecture runs; others are not judged. */
const RUNS: Record<string, string[]> = {
  amd64: ["amd64", "386"],
  arm64: ["arm64", "arm"],
};

/** Why a program does not start, after its path. */
const WHY = {
  truncated:
    "it does not end as its header and its program say: copied in part, or changed",
  "no payload":
    "it is the Deno runtime without its program, as strip leaves a compiled one",
  overlapping:
    "its parts overlap in memory, as strip leaves a compiled program",
};

/** Scripts that start scripts: more than Linux follows. */
const MAX_SCRIPTS = 4;

/**
 * Looks for all that the started programs need, the needs of the libraries
 * included, as the loader would; nothing where no started program was looked into.
 * `missing` holds names of libraries, and the path of a loader.
 */
export function libraries(image: Image, rootfs: Rootfs): Libraries {
  const programs = startedPrograms(image, rootfs);
  if (programs.length === 0) return {};
  const search = new Search(image, rootfs);
  for (const { name, resolved } of programs) {
    if (resolved) search.program(resolved);
    else search.missingPrograms.add(name);
  }
  const { interpreter, needed, missing } = search;
  if (!search.looked && search.missingPrograms.size === 0) return {};
  const ifAny = (name: "missingPrograms" | "foreign" | "broken") =>
    search[name].size > 0 && { [name]: [...search[name]].sort() };
  return {
    ...interpreter !== undefined && { interpreter },
    libraries: [...needed.keys()].sort(),
    missing: [...missing].sort(),
    ...ifAny("missingPrograms"),
    ...ifAny("foreign"),
    ...ifAny("broken"),
  };
}

class Search {
  /** By name; where it was found. */
  readonly needed = new Map<string, Resolved | undefined>();
  readonly missing = new Set<string>();
  readonly missingPrograms = new Set<string>();
  readonly foreign = new Set<string>();
  readonly broken = new Set<string>();
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
      if (shebang === undefined) {
        if (!elf) return;
        this.looked = true;
        if (elf.broken) this.broken.add(`/${at.path}: ${WHY[elf.broken]}`);
        this.#needs(at);
        // A split program is its own loader, and needs what its runtime needs.
        const runtime = elf.program?.runtimePath;
        at = runtime === undefined ? undefined : this.#found(runtime);
        if (at) this.#needs(at);
        return;
      }
      this.looked = true;
      at = this.#found(shebang);
    }
  }

  /** A program that another one starts. */
  #found(path: string): Resolved | undefined {
    const resolved = resolvePath(this.rootfs, path);
    if (resolved?.file?.inode.type === "file") return resolved;
    this.missingPrograms.add(path);
  }

  /** Adds the loader and the libraries of an ELF file. */
  #needs(at: Resolved): void {
    this.#judge(at);
    const path = foundIn(at.file?.inode).elf?.interpreter;
    if (path !== undefined) {
      this.interpreter ??= path;
      const loader = resolvePath(this.rootfs, path);
      if (loader?.file?.inode.type === "file") this.#judge(loader);
      else this.missing.add(path);
    }
    this.#load(at, path);
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

const CONFIG = "etc/ld.so.conf";
const INCLUDED = /^etc\/ld\.so\.conf\.d\/.*\.conf$/;

/** Debian's name for the libraries of an architecture, by the image's name. */
const MULTIARCH: Record<string, string> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  arm: "arm-linux-gnueabihf",
  "386": "i386-linux-gnu",
  ppc64le: "powerpc64le-linux-gnu",
  s390x: "s390x-linux-gnu",
  riscv64: "riscv64-linux-gnu",
};

/**
 * The folders searched for any program. `ld.so.conf` counts only where there is an
 * `ld.so.cache`: the loader itself reads nothing but the cache made from it.
 */
function libraryFolders({ config, architecture }: Image, rootfs: Rootfs) {
  const variable = "LD_LIBRARY_PATH=";
  const path = config.env.findLast((line) => line.startsWith(variable)) ?? "";
  const multiarch = MULTIARCH[architecture];
  return {
    before: path.slice(variable.length).split(/[:;]/).filter((folder) =>
      folder.startsWith("/")
    ),
    after: [
      ...rootfs.files.has("etc/ld.so.cache") ? configured(rootfs) : [],
      ...multiarch ? [`/lib/${multiarch}`, `/usr/lib/${multiarch}`] : [],
      ...["/lib64", "/usr/lib64", "/lib", "/usr/lib"],
      // musl has this one; there is no harm in it for glibc's ld.so.conf has it.
      "/usr/local/lib",
    ],
  };
}

/** The folders that ld.so.conf names, and the files in the folder it includes. */
function configured(rootfs: Rootfs): string[] {
  const linesOf = (path: string) =>
    (textAt(rootfs, path) ?? "").split("\n")
      .map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  return linesOf(CONFIG).flatMap(([word, ...rest]) =>
    word === "include" && rest.some((path) => path.includes("ld.so.conf.d/"))
      ? [...rootfs.files.keys()].filter((path) => INCLUDED.test(path)).sort()
        .flatMap(linesOf).map(([word]) => word)
      : [word]
  ).filter((word) => word.startsWith("/"))
    .map((word) => word.replace(/=.*/, ""));
}
