/**
 * What an intruder could use in an image: the less there is, the less a hole in
 * the service is worth.
 *
 * @module
 */
import type { Image, Rootfs } from "../image/model.ts";
import { isExecutable, resolvePath } from "../image/resolve_path.ts";
import type { Surface } from "./inspect_schema.ts";
import { libraries } from "./libraries.ts";
import { debianPackages } from "./packages.ts";
import { foundIn } from "./found.ts";
import { searchPath } from "./started_programs.ts";

/** Where programs look for a bundle of certificates. */
const CERTIFICATES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/tls/cert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
];
const TIME_ZONES = "usr/share/zoneinfo/";

/** Looks for what an intruder could use; paths are absolute and sorted. */
export function surface(image: Image, rootfs: Rootfs): Surface {
  const setuid: string[] = [];
  const setgid: string[] = [];
  const worldWritable: string[] = [];
  let timeZones = false;
  for (const [path, { inode }] of rootfs.files) {
    const { type, mode, size } = inode;
    if (type === "file") {
      if (mode & 0o4000) setuid.push(`/${path}`);
      if (mode & 0o2000) setgid.push(`/${path}`);
      timeZones ||= size > 0 && path.startsWith(TIME_ZONES);
    }
    if (isWorldWritable(type, mode)) worldWritable.push(`/${path}`);
  }
  return {
    runsAsRoot: runsAsRoot(image.config.user, rootfs),
    ...usablePrograms(image, rootfs),
    setuid: setuid.sort(),
    setgid: setgid.sort(),
    worldWritable: worldWritable.sort(),
    debianPackages: debianPackages(rootfs),
    certificates: CERTIFICATES.some((path) => {
      const inode = resolvePath(rootfs, path)?.file?.inode;
      return inode?.type === "file" && inode.size > 0;
    }),
    timeZones,
    ...libraries(image, rootfs),
  };
}

/** Devices are left out: engines put their own /dev over them. */
function isWorldWritable(type: string, mode: number): boolean {
  if (!(mode & 0o002)) return false;
  if (type === "directory") return !(mode & 0o1000);
  return type === "file" || type === "fifo";
}

/**
 * Whether a container of this image runs as user 0.
 *
 * @param user As the image's config has it: a name or an id, perhaps with
 * `:group`; `""` means root.
 */
export function runsAsRoot(user: string, rootfs: Rootfs): boolean {
  const name = user.split(":")[0];
  if (name === "") return true;
  if (/^\d+$/.test(name)) return Number(name) === 0;
  const passwd = foundIn(resolvePath(rootfs, "etc/passwd")?.file?.inode).text;
  for (const line of (passwd ?? "").split("\n")) {
    const [account, , id] = line.split(":");
    if (account === name) return /^\d+$/.test(id ?? "") && Number(id) === 0;
  }
  return name === "root";
}

const SHELLS = new Set(
  "sh bash dash ash ksh mksh zsh fish csh tcsh rbash yash busybox toybox nu elvish pwsh xonsh"
    .split(" "),
);
const PACKAGE_MANAGERS = new Set(
  "apt apt-get aptitude dpkg apk yum dnf dnf5 microdnf tdnf rpm pacman zypper opkg npm npx pnpm yarn pip pip3 pipx gem cargo conda nix-env"
    .split(" "),
);
/** Programs that `/etc/shells` may list though nobody can work with them. */
const NO_SHELLS = new Set(["nologin", "false", "true"]);

const FOLDERS = /(?:^|\/)(?:s?bin|busybox)$/;
const LONGEST = Math.max(
  ...[...SHELLS, ...PACKAGE_MANAGERS].map(({ length }) => length),
);
const SHELLS_FILE = "etc/shells";

/**
 * Finds the shells and package managers: files of a known name in a folder for
 * programs or on the image's `PATH`, and what `/etc/shells` lists, if they lead
 * to a file that can be executed.
 *
 * @returns Absolute paths, sorted; links to a shell are named too.
 */
function usablePrograms(
  image: Image,
  rootfs: Rootfs,
): { shells: string[]; packageManagers: string[] } {
  const shells = new Set<string>();
  const packageManagers = new Set<string>();
  const onPath = new Set(
    searchPath(image).map((folder) =>
      // The folder itself may be a link, as /bin is on Debian.
      resolvePath(rootfs, folder)?.path
    ),
  );
  for (const path of rootfs.files.keys()) {
    const slash = path.lastIndexOf("/");
    if (path.length - slash - 1 > LONGEST) continue;
    const name = path.slice(slash + 1);
    const list = SHELLS.has(name)
      ? shells
      : PACKAGE_MANAGERS.has(name)
      ? packageManagers
      : undefined;
    if (!list) continue;
    const folder = path.slice(0, Math.max(0, slash));
    const known = onPath.has(folder) ||
      (FOLDERS.test(folder) && !folder.includes("node_modules/"));
    if (known && isExecutable(resolvePath(rootfs, path))) list.add(`/${path}`);
  }
  const listed = foundIn(resolvePath(rootfs, SHELLS_FILE)?.file?.inode).text;
  for (const line of (listed ?? "").split("\n")) {
    const path = line.replace(/#.*/, "").trim();
    if (!path.startsWith("/") || NO_SHELLS.has(path.replace(/.*\//, ""))) {
      continue;
    }
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
