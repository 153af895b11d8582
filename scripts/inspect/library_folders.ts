/**
 * The folders in which the loader of an image looks for libraries.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import { foundIn } from "./found.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";

const CONFIG = "etc/ld.so.conf";
const CONFIG_FOLDER = "etc/ld.so.conf.d/";
const CACHE = "etc/ld.so.cache";

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

/** Whether a path configures the loader. */
export function isLoaderConfig(path: string): boolean {
  return path === CONFIG ||
    (path.startsWith(CONFIG_FOLDER) && path.endsWith(".conf"));
}

/**
 * The folders searched for any program: `LD_LIBRARY_PATH` of the image, what
 * `ld.so.conf` names, and the loader's own.
 *
 * `ld.so.conf` counts only where there is an `ld.so.cache`: the loader itself
 * reads nothing but the cache that was made from it.
 */
export function libraryFolders(image: Image, rootfs: Rootfs): {
  before: string[];
  after: string[];
} {
  const variable = image.config.env.findLast((value) =>
    value.startsWith("LD_LIBRARY_PATH=")
  );
  const multiarch = MULTIARCH[image.architecture];
  return {
    before: (variable?.slice("LD_LIBRARY_PATH=".length) ?? "").split(/[:;]/)
      .filter((folder) => folder.startsWith("/")),
    after: [
      ...(rootfs.files.has(CACHE) ? configured(rootfs) : []),
      ...(multiarch ? [`/lib/${multiarch}`, `/usr/lib/${multiarch}`] : []),
      ...["/lib64", "/usr/lib64", "/lib", "/usr/lib"],
      // musl has this one; there is no harm in it for glibc's ld.so.conf has it.
      "/usr/local/lib",
    ],
  };
}

/** The folders that ld.so.conf and the files it includes name. */
function configured(rootfs: Rootfs): string[] {
  const folders: string[] = [];
  const read = (path: string, depth: number) => {
    const text = foundIn(resolvePath(rootfs, path)?.file?.inode).text ?? "";
    for (const line of text.split("\n")) {
      const words = line.replace(/#.*/, "").trim().split(/\s+/);
      if (words[0] === "include") {
        if (depth === 0) includes(words.slice(1)).forEach((p) => read(p, 1));
      } else if (words[0].startsWith("/")) {
        folders.push(words[0].replace(/=.*/, ""));
      }
    }
  };
  const includes = (patterns: string[]): string[] =>
    patterns.some((pattern) => pattern.includes(CONFIG_FOLDER.slice(4)))
      ? [...rootfs.files.keys()].filter((path) =>
        path.startsWith(CONFIG_FOLDER) && isLoaderConfig(path)
      ).sort()
      : [];
  read(CONFIG, 0);
  return folders;
}
