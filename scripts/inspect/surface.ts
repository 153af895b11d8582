/** The programs that an image starts, and what an intruder could use in it. @module */
import type { Entry, Image, ImageConfig, Rootfs } from "../image/model.ts";
import {
  isExecutable,
  type Resolved,
  resolvePath,
} from "../image/resolve_path.ts";
import type { Surface } from "./inspect_schema.ts";
import { type Package, packages, unreadPackages } from "./packages.ts";
import { foundIn, textAt } from "./probe.ts";

const CERTIFICATES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/tls/cert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
];
const TIME_ZONES = "/usr/share/zoneinfo/";

/** Paths are absolute and sorted. */
export function surface(image: Image, rootfs: Rootfs): Surface {
  const entries = Array.from(
    rootfs.files,
    ([path, { inode }]) => ({ path: `/${path}`, inode }),
  );
  const files = entries.filter(({ inode }) => inode.type === "file");
  const paths = (found: typeof entries) => found.map(({ path }) => path).sort();
  const capabilities = files.flatMap(({ path, inode: { capabilities } }) =>
    capabilities ? [`${path} ${capabilityText(capabilities)}`] : []
  );
  const installed = packages(rootfs);
  const listed = (wanted: Package["type"]) =>
    installed.filter(({ type }) => type === wanted)
      .map(({ name, version, architecture }) => ({
        name,
        version,
        architecture,
      }));
  const alpinePackages = listed("apk");
  const unread = unreadPackages(rootfs);
  return {
    runsAsRoot: runsAsRoot(image.config.user, rootfs),
    ...usablePrograms(image, rootfs),
    setuid: paths(files.filter(({ inode }) => inode.mode & 0o4000)),
    setgid: paths(files.filter(({ inode }) => inode.mode & 0o2000)),
    ...capabilities.length > 0 && { capabilities: capabilities.sort() },
    worldWritable: paths(entries.filter(({ inode }) => isWorldWritable(inode))),
    debianPackages: listed("deb"),
    ...alpinePackages.length > 0 && { alpinePackages },
    ...unread.length > 0 && { unreadPackages: unread },
    certificates: CERTIFICATES.some((path) => {
      const inode = resolvePath(rootfs, path)?.file?.inode;
      return inode?.type === "file" && inode.size > 0;
    }),
    timeZones: files.some(({ path, inode }) =>
      inode.size > 0 && path.startsWith(TIME_ZONES)
    ),
    ...libraries(image, rootfs),
  };
}

/** The capabilities in their order in the kernel. */
const CAPABILITIES =
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
    .split(" ");

/** `security.capability` (vfs_cap_data) in hex as getcap prints it: `cap_net_raw=ep`. */
export function capabilityText(hex: string): string {
  const bytes = Uint8Array.fromHex(hex);
  const view = new DataView(bytes.buffer);
  const word = (index: number) =>
    4 * index + 4 <= bytes.length ? view.getUint32(4 * index, true) : 0;
  // One word for each set in the first revision, two in the later ones.
  const words = word(0) >>> 24 === 1 ? 1 : 2;
  const effective = (word(0) & 1) === 1;
  const byFlags = new Map<string, string[]>();
  for (let bit = 0; bit < 32 * words; bit++) {
    const at = 1 + 2 * (bit >> 5);
    const [permitted, inheritable] = [word(at), word(at + 1)]
      .map((set) => (set >>> (bit & 31) & 1) === 1);
    if (!permitted && !inheritable) continue;
    const flags = (effective ? "e" : "") + (inheritable ? "i" : "") +
      (permitted ? "p" : "");
    const name = CAPABILITIES[bit];
    const names = byFlags.get(flags) ?? [];
    byFlags.set(flags, names);
    names.push(name === undefined ? `${bit}` : `cap_${name}`);
  }
  return [...byFlags].map(([flags, names]) =>
    `${names.length < CAPABILITIES.length ? names.join(",") : "all"}=${flags}`
  ).join(" ");
}

/** Devices are left out: engines put their own /dev over them. */
function isWorldWritable({ type, mode }: Entry): boolean {
  if (!(mode & 0o002)) return false;
  if (type === "directory") return !(mode & 0o1000);
  return type === "file" || type === "fifo";
}

/** As docker reads it: a number is an id; an account whose id is none has id 0. */
export function runsAsRoot(user: string, rootfs: Rootfs): boolean {
  const name = user.split(":")[0];
  if (name === "") return true;
  if (ID.test(name)) return Number(name) === 0;
  for (const line of (textAt(rootfs, "etc/passwd") ?? "").split("\n")) {
    const [account, , id = ""] = line.trim().split(":");
    if (account === name) return !ID.test(id) || Number(id) === 0;
  }
  return name === "root";
}

/** A number as Go reads it. */
const ID = /^[+-]?\d+$/;

const SHELLS = new Set(
  "sh bash dash ash ksh mksh zsh fish csh tcsh rbash yash busybox toybox nu elvish pwsh xonsh"
    .split(" "),
);

const PACKAGE_MANAGERS = new Set(
  "apt apt-get aptitude dpkg apk yum dnf dnf5 microdnf tdnf rpm pacman zypper opkg npm npx pnpm yarn pip pip3 pipx gem cargo conda nix-env"
    .split(" "),
);

/** Programs that `/etc/shells` may list though nobody can work with them. */
const NO_SHELL = /\/(?:nologin|false|true)$/;

const FOLDERS = /(?:^|\/)(?:s?bin|busybox)$/;

/** Known names in folders for programs, and what `/etc/shells` lists, links too. */
function usablePrograms(
  image: Image,
  rootfs: Rootfs,
): { shells: string[]; packageManagers: string[] } {
  const shells = new Set<string>();
  const packageManagers = new Set<string>();
  // A folder may be a link itself, as /bin is on Debian.
  const onPath = new Set(
    searchPath(image).map((folder) => resolvePath(rootfs, folder)?.path),
  );
  for (const path of rootfs.files.keys()) {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const shell = SHELLS.has(name);
    if (!shell && !PACKAGE_MANAGERS.has(name)) continue;
    const folder = path.slice(0, Math.max(0, slash));
    const known = onPath.has(folder) ||
      (FOLDERS.test(folder) && !folder.includes("node_modules/"));
    if (known && isExecutable(resolvePath(rootfs, path))) {
      (shell ? shells : packageManagers).add(`/${path}`);
    }
  }
  for (const line of (textAt(rootfs, "etc/shells") ?? "").split("\n")) {
    const path = line.replace(/#.*/, "").trim();
    if (!path.startsWith("/") || NO_SHELL.test(path)) continue;
    // /bin/sh and /usr/bin/sh are one and the same where /bin is a link.
    const name = resolvePath(rootfs, path, false)?.path;
    if (name !== undefined && isExecutable(resolvePath(rootfs, path))) {
      shells.add(`/${name}`);
    }
  }
  return {
    shells: [...shells].sort(),
    packageManagers: [...packageManagers].sort(),
  };
}

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
function searchPath({ config }: Image): string[] {
  const folders = variable(config, "PATH") ??
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return folders.split(":").filter((folder) => folder.startsWith("/"));
}

function variable({ env }: ImageConfig, name: string): string | undefined {
  return env.findLast((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1);
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
  const multiarch = MULTIARCH[architecture];
  return {
    before: (variable(config, "LD_LIBRARY_PATH") ?? "").split(/[:;]/)
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
