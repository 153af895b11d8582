/** The distribution of an image, and the packages that dpkg or apk has. @module */
import type { Rootfs } from "../image/model.ts";
import type { Surface } from "./inspect_schema.ts";
import { foundIn, textAt } from "./probe.ts";

/** What etc/os-release says: `debian`, `13`, `Debian GNU/Linux 13 (trixie)`. */
export interface OsRelease {
  id: string;
  version?: string;
  name?: string;
}

export interface Package {
  type: "deb" | "apk";
  name: string;
  version: string;
  architecture: string;
  source: { name: string; version: string };
  maintainer?: string;
  /** As apk's database states it; dpkg's has none. */
  license?: string;
  /** What needs are met by it, beside its name. */
  provides?: string[];
  /** What it needs, each with its alternatives. */
  depends: string[][];
}

const STATUS = "var/lib/dpkg/status";
const STATUS_FOLDER = "var/lib/dpkg/status.d/";
/** Apk's own database, and where later releases keep it. */
export const APK_DATABASES = [
  "lib/apk/db/installed",
  "usr/lib/apk/db/installed",
];
const UNREAD: Record<string, RegExp> = {
  RPM:
    /^(?:var\/lib\/rpm|usr\/lib\/sysimage\/rpm)\/(?:rpmdb\.sqlite|Packages(?:\.db)?)$/,
  pacman: /^var\/lib\/pacman\/local\/ALPM_DB_VERSION$/,
};

/** The first one that is there counts; often it is a link to the second. */
const OS_RELEASE = ["etc/os-release", "usr/lib/os-release"];

export function osRelease(rootfs: Rootfs): OsRelease | undefined {
  for (const path of OS_RELEASE) {
    const text = textAt(rootfs, path);
    if (text !== undefined) return parseOsRelease(text);
  }
}

/** Parses lines of `NAME=value`, where the value may be quoted as in a shell. */
export function parseOsRelease(text: string): OsRelease | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = line.match(/^\s*([A-Z0-9_]+)=(.*?)\s*$/) ?? [];
    if (name === undefined) continue;
    const [, quote, inner] = value.match(/^(["'])(.*)\1$/) ?? [];
    values.set(
      name,
      quote === '"' ? inner.replace(/\\([$"\\`])/g, "$1") : inner ?? value,
    );
  }
  const id = values.get("ID");
  const version = values.get("VERSION_ID");
  const name = values.get("PRETTY_NAME");
  return id
    ? { id, ...version && { version }, ...name && { name } }
    : undefined;
}

/** Sorted by name. */
export function packages(rootfs: Rootfs): Package[] {
  const found = new Map<string, Package>();
  const add = (item: Package) =>
    found.set(`${item.name} ${item.architecture} ${item.type}`, item);
  for (const [path, { inode }] of rootfs.files) {
    const { text } = foundIn(inode);
    if (text === undefined) continue;
    const inFolder = path.startsWith(STATUS_FOLDER);
    if (path === STATUS || inFolder && !path.endsWith(".md5sums")) {
      parseDpkgStatus(text, inFolder).forEach(add);
    } else if (APK_DATABASES.includes(path)) {
      parseApkDatabase(text).forEach(add);
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, item]) => item);
}

/** Databases of package managers that are there and not read, as `/path (RPM)`. */
export function unreadPackages(rootfs: Rootfs): string[] {
  return [...rootfs.files.keys()].flatMap((path) =>
    Object.entries(UNREAD).filter(([, pattern]) => pattern.test(path))
      .map(([name]) => `/${path} (${name})`)
  ).sort();
}

/** The fields of each stanza: both databases part them by empty lines. */
function stanzasOf(text: string): Map<string, string>[] {
  return text.split(/\n(?:[ \t]*\r?\n)+/).map((stanza) =>
    new Map(
      // A line that begins with a space goes on with the one before.
      stanza.replace(/\r?\n[ \t]+/g, " ").matchAll(/^([^:\s][^:\n]*):(.*)$/gm)
        .map(([, key, value]) => [key, value.trim()]),
    )
  );
}

/** Parses dpkg's database; in `status.d` one without a status counts as `installed`. */
export function parseDpkgStatus(text: string, installed = false): Package[] {
  return stanzasOf(text).flatMap((stanza): Package[] => {
    const fields = new Map(
      Array.from(stanza, ([key, value]) => [key.toLowerCase(), value]),
    );
    const name = fields.get("package");
    const version = fields.get("version");
    const status = fields.get("status");
    if (!name || !version) return [];
    if (status === undefined ? !installed : !INSTALLED.test(status)) return [];
    const maintainer = fields.get("maintainer");
    // `gcc-14 (14.2.0-19)`; what is left out is as for the package itself.
    const [, source = name, sourceVersion = version] =
      fields.get("source")?.match(/^(\S+)(?:\s+\(([^()]+)\))?$/) ?? [];
    return [{
      type: "deb",
      name,
      version,
      architecture: fields.get("architecture") ?? "",
      source: { name: source, version: sourceVersion },
      ...maintainer && { maintainer },
      depends: NEEDS.flatMap((field) =>
        // `a (>= 1) | b, c:any` is `[["a", "b"], ["c"]]`.
        (fields.get(field) ?? "").split(",").map((one) =>
          one.split("|").map((name) => name.trim().replace(/[\s(:[].*$/s, ""))
            .filter((name) => name !== "")
        ).filter((names) => names.length > 0)
      ),
    }];
  });
}

const NEEDS = ["pre-depends", "depends"];
/** While it waits for a trigger to run, a package is installed and configured. */
const INSTALLED = /^\S+ ok (?:installed|triggers-awaited|triggers-pending)$/;

/** Parses apk's database: stanzas of one letter, a colon and a value. */
export function parseApkDatabase(text: string): Package[] {
  return stanzasOf(text).flatMap((values): Package[] => {
    const [name, version, architecture = "", license, maintainer] = "PVALm"
      .split("").map((key) => values.get(key));
    if (!name || !version) return [];
    const named = (key: string) =>
      (values.get(key) ?? "").split(/\s+/)
        .map((word) => word.replace(/[<>=~].*$/, ""))
        // A word such as !other says what it cannot be installed with.
        .filter((word) => word !== "" && !word.startsWith("!"));
    return [{
      type: "apk",
      name,
      version,
      architecture,
      source: { name: values.get("o") || name, version },
      ...maintainer && { maintainer },
      ...license && { license },
      provides: named("p"),
      depends: named("D").map((need) => [need]),
    }];
  });
}

/** What the system's package manager has installed. */
export function systemPackages(
  { debianPackages, alpinePackages = [] }: Surface,
) {
  return [...debianPackages, ...alpinePackages];
}
