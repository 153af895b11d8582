/**
 * What an image consists of, as a bill of materials lists it: found by analyse,
 * written down by sbom. Types only. Hashes are SHA-256 in hex, paths absolute.
 *
 * @module
 */
import type { Distribution } from "../inspect/os_release.ts";

/** All that was found in an image. */
export interface Inventory {
  image: {
    reference: string;
    /** `sha256:<hex>` of its config. */
    id: string;
    architecture: string;
    os: string;
    /** `sha256:<hex>` of each layer's tar, lowest first. */
    diffIds: string[];
    labels: Record<string, string>;
  };
  distribution?: Distribution;
  /** Installed ones, and those that files were traced to. */
  packages: InstalledPackage[];
  programs: ProgramItem[];
  /** Deno without a program: `deno`, `denort`. */
  runtimes: RuntimeItem[];
  /** Executables and libraries that no package is known for. */
  binaries: BinaryItem[];
  /** Other regular files that no package is known for; only their number. */
  otherFiles: number;
}

/** A Debian package. */
export interface InstalledPackage {
  name: string;
  version: string;
  architecture: string;
  /** The source package that it was built from. */
  source: { name: string; version: string };
  maintainer?: string;
  /** Names of packages, each with its alternatives. */
  depends: string[][];
  /** As its copyright file names them; empty if it cannot be read by machine. */
  licenses: string[];
  distribution?: Distribution;
  /** Present for a package of which only files are there. */
  traced?: {
    /** The image whose database lists the files. */
    from: string;
    files: TracedFile[];
  };
}

/** A file that is identical to one that a package of another image owns. */
export interface TracedFile {
  path: string;
  sha256: string;
  /** Where the other image has it. */
  origin: string;
  /** Whether the package's own MD5 of it was found to hold. */
  verified: boolean;
}

/** A program made by `deno compile`. */
export interface ProgramItem {
  path: string;
  sha256: string;
  runtime: RuntimeItem;
  modules: { specifier: string; sha256?: string }[];
  assets: { path: string; sha256?: string }[];
  npm: NpmItem[];
  /** What the program itself asks for, as `name@version`, if that is known. */
  npmRoots?: string[];
}

/** A Deno runtime. */
export interface RuntimeItem {
  /** The file that it is, or is in. */
  path: string;
  deno?: string;
  v8?: string;
  /** Absent where `deno compile` changed it. */
  sha256?: string;
}

/** An npm package in a program. */
export interface NpmItem {
  name: string;
  /** `""` if nothing tells it. */
  version: string;
  license?: string;
  files?: number;
  /** Of the list of its files, as `sha256sum` writes it. */
  sha256?: string;
  dependencies?: string[];
}

/** An executable or a library. */
export interface BinaryItem {
  path: string;
  sha256: string;
  soname?: string;
  library: boolean;
}
