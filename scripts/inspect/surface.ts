/**
 * What an intruder could use in an image: the less there is, the less a hole in
 * the service is worth.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { Surface } from "./inspect_schema.ts";
import { debianPackages } from "./debian_packages.ts";
import { foundIn } from "./found.ts";
import { libraries } from "./libraries.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";
import { usablePrograms } from "./usable_programs.ts";

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
