/**
 * Which files belong to which Debian package: dpkg keeps a list and the MD5 sums
 * of each package's files, distroless the sums alone.
 *
 * @module
 */
import { foundIn } from "../inspect/found.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";

const LIST =
  /^var\/lib\/dpkg\/(?:info\/([^/]+)\.(list|md5sums)|status\.d\/([^/]+)\.md5sums)$/;

/** Whether a path lists the files of a package. */
export function isFileList(path: string): boolean {
  return LIST.test(path);
}

/** The owner of a file. */
export interface Owner {
  /** Name of the package, without architecture. */
  name: string;
  /** `""` where only packages of one architecture are told apart. */
  architecture: string;
  /** As the package lists it, in hex. */
  md5?: string;
}

/**
 * The owners of files, by path in the root file system with no link in it: `/lib`
 * may be a link to `/usr/lib`, and packages list both.
 */
export function packageFiles(rootfs: Rootfs): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const [file, { inode }] of rootfs.files) {
    const [, inInfo, kind, inFolder] = file.match(LIST) ?? [];
    const package_ = inInfo ?? inFolder;
    if (package_ === undefined) continue;
    const [name, architecture = ""] = package_.split(":");
    for (const line of (foundIn(inode).text ?? "").split("\n")) {
      const [, md5, path] = kind === "list"
        ? [line, undefined, line]
        : line.match(/^([0-9a-f]{32}) [ *](.+)$/) ?? [];
      if (!path) continue;
      const resolved = resolvePath(rootfs, path, false);
      if (resolved?.file?.inode.type !== "file") continue;
      const known = owners.get(resolved.path);
      if (known && known.name !== name) continue; // Diverted: the first stays.
      owners.set(resolved.path, {
        name,
        architecture,
        md5: md5 ?? known?.md5,
      });
    }
  }
  return owners;
}
