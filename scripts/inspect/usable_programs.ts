/**
 * The programs of an image that give whoever gets in something to work with.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import { foundIn } from "./found.ts";
import { isExecutable, resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";

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

/** Whether the surface needs the text of this file. */
export function isShellsFile(path: string): boolean {
  return path === SHELLS_FILE;
}

/**
 * Finds the shells and package managers: files of a known name in a folder for
 * programs or on the image's `PATH`, and what `/etc/shells` lists, if they lead
 * to a file that can be executed.
 *
 * @returns Absolute paths, sorted; links to a shell are named too.
 */
export function usablePrograms(
  image: Image,
  rootfs: Rootfs,
): { shells: string[]; packageManagers: string[] } {
  const shells = new Set<string>();
  const packageManagers = new Set<string>();
  const onPath = new Set(
    pathOf(image).map((folder) =>
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

/** The folders of an image's `PATH`, or of the one that engines set. */
export function pathOf({ config }: Image): string[] {
  const path = config.env.findLast((value) => value.startsWith("PATH="));
  const folders = path?.slice("PATH=".length) ??
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return folders.split(":").filter((folder) => folder.startsWith("/"));
}
