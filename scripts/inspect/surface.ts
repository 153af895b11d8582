/** What an intruder could use in an image. @module */
import type { Entry, Image, Rootfs } from "../image/model.ts";
import { isExecutable, resolvePath } from "../image/resolve_path.ts";
import type { Surface } from "./inspect_schema.ts";
import { type Package, packages, unreadPackages } from "./packages.ts";
import { textAt } from "./found.ts";
import { libraries, searchPath } from "./started_programs.ts";

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
