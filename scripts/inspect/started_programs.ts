/** The programs that an image starts and what they need. @module */
import type { Image, Rootfs } from "../image/model.ts";
import {
  isExecutable,
  type Resolved,
  resolvePath,
} from "../image/resolve_path.ts";
import { foundIn, textAt } from "./found.ts";
import type { Surface } from "./inspect_schema.ts";

/** The first word always, the others if they are absolute paths of programs. */
export function startedPrograms(image: Image, rootfs: Rootfs) {
  const { entrypoint, cmd, workingDir } = image.config;
  const [name, ...words] = [...entrypoint, ...cmd];
  if (name === undefined) return [];
  const candidates = name.includes("/")
    ? [name.startsWith("/") ? name : `${workingDir}/${name}`]
    : searchPath(image).map((folder) => `${folder}/${name}`);
  const others = words.filter((word) => word.startsWith("/"))
    .map((word) => ({ name: word, resolved: firstExecutable(rootfs, [word]) }));
  return [
    { name, resolved: firstExecutable(rootfs, candidates) },
    ...others.filter(({ resolved }) => resolved),
  ];
}

function firstExecutable(rootfs: Rootfs, paths: string[]) {
  return paths.map((path) => resolvePath(rootfs, path)).find(isExecutable);
}

/** The folders of an image's `PATH`, or of the one that engines set. */
export function searchPath({ config }: Image): string[] {
  const path = config.env.findLast((value) => value.startsWith("PATH="));
  const folders = path?.slice("PATH=".length) ??
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return folders.split(":").filter((folder) => folder.startsWith("/"));
}

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

/** What the started programs and their libraries need, as the loader looks for it. */
export function libraries(image: Image, rootfs: Rootfs): Partial<Surface> {
  const needed = new Set<string>();
  const missing = new Set<string>();
  const missingPrograms = new Set<string>();
  const foreign = new Set<string>();
  const broken = new Set<string>();
  let interpreter: string | undefined;
  let looked = false;
  const runs = RUNS[image.architecture];
  const folders = libraryFolders(image, rootfs);

  const fileAt = (path: string) => {
    const resolved = resolvePath(rootfs, path);
    if (resolved?.file?.inode.type === "file") return resolved;
  };
  const startedAt = (path: string) => {
    const found = fileAt(path);
    if (!found) missingPrograms.add(path);
    return found;
  };
  const judge = ({ path, file }: Resolved) => {
    const machine = foundIn(file?.inode).elf?.machine;
    if (!machine || !runs || runs.includes(machine)) return;
    foreign.add(`/${path} (${machine})`);
  };
  const find = (name: string, object: Resolved, runpath: string[]) => {
    if (name.includes("/")) return fileAt(name);
    const origin = `/${object.path.replace(/\/?[^/]*$/, "")}`;
    const own = runpath.flatMap((path) => path.split(":")).map((path) =>
      path.replaceAll(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin)
    );
    return [...folders.before, ...own, ...folders.after].values()
      .map((folder) => fileAt(`${folder}/${name}`))
      .find((found) => found !== undefined);
  };
  /** Breadth first, as the loader does: the first library of a name stays. */
  const addNeeds = (program: Resolved) => {
    judge(program);
    const loader = foundIn(program.file?.inode).elf?.interpreter;
    if (loader !== undefined) {
      interpreter ??= loader;
      const found = fileAt(loader);
      if (found) judge(found);
      else missing.add(loader);
    }
    const queue = [program];
    for (const object of queue) {
      const { needed: names = [], runpath = [] } =
        foundIn(object.file?.inode).elf ?? {};
      for (const name of names) {
        if (needed.has(name)) continue;
        if (loader !== undefined && isPartOfLoader(name, loader)) continue;
        needed.add(name);
        const found = find(name, object, runpath);
        if (found) {
          judge(found);
          queue.push(found);
        } else missing.add(name);
      }
    }
  };
  /** A script needs its interpreter. */
  const addProgram = (program: Resolved) => {
    let at: Resolved | undefined = program;
    for (let depth = 0; at && depth <= MAX_SCRIPTS; depth++) {
      const { shebang, elf } = foundIn(at.file?.inode);
      looked ||= shebang !== undefined || elf !== undefined;
      if (shebang !== undefined) {
        at = startedAt(shebang);
        continue;
      }
      if (elf?.broken) broken.add(`/${at.path}: ${WHY[elf.broken]}`);
      if (elf) addNeeds(at);
      // A split program is its own loader, and needs what its runtime needs.
      const path = elf?.program?.runtimePath;
      const runtime = path === undefined ? undefined : startedAt(path);
      if (runtime) addNeeds(runtime);
      return;
    }
  };

  for (const { name, resolved } of startedPrograms(image, rootfs)) {
    if (resolved) addProgram(resolved);
    else missingPrograms.add(name);
  }
  if (!looked && missingPrograms.size === 0) return {};
  const listed = (set: Set<string>) => [...set].sort();
  return {
    ...interpreter !== undefined && { interpreter },
    libraries: listed(needed),
    missing: listed(missing),
    ...missingPrograms.size > 0 && { missingPrograms: listed(missingPrograms) },
    ...foreign.size > 0 && { foreign: listed(foreign) },
    ...broken.size > 0 && { broken: listed(broken) },
  };
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

/** `ld.so.conf` counts only beside an `ld.so.cache`: the loader reads that alone. */
function libraryFolders({ config, architecture }: Image, rootfs: Rootfs) {
  const variable = "LD_LIBRARY_PATH=";
  const path = config.env.findLast((line) => line.startsWith(variable)) ?? "";
  const multiarch = MULTIARCH[architecture];
  return {
    before: path.slice(variable.length).split(/[:;]/)
      .filter((folder) => folder.startsWith("/")),
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
