/**
 * What an image is once read: its layers, its config, its root file system.
 * Types only.
 *
 * @module
 */

/** What a path in a layer is. */
export type EntryType =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "character-device"
  | "block-device"
  | "fifo";

/** One record of a layer's tar, whiteouts included. */
export interface Entry {
  /**
   * Normalised: no leading `/` or `./`, no trailing `/`; `""` is the root. A byte
   * that is not UTF-8 is the lone surrogate U+DC00 + byte, so that no two names
   * are the same string.
   */
  path: string;
  type: EntryType;
  /** Bytes of content; 0 for anything but a regular file. */
  size: number;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Target of a symlink as written, or normalised path of a hard link's file. */
  link?: string;
  /** Numbers of a device, as `1:3`. */
  device?: string;
  /** Value of the extended attribute `security.capability`, in hex. */
  capabilities?: string;
  /** Hex SHA-256 of the content of a regular file. */
  sha256?: string;
  /** What a {@linkcode Probe} made of the content. */
  found?: unknown;
}

/** How a layer's blob is stored in the archive. */
export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** One layer, in the order in which they are laid over each other. */
export interface Layer {
  /** `sha256:<hex>` of the uncompressed tar, computed and checked. */
  diffId: string;
  /** Compression of the blob in the archive. */
  compression: Compression;
  /** Bytes of the blob as stored; equals the tar's length for `none`. */
  blobBytes: number;
  /** Path of the blob within the archive or folder. */
  blob?: string;
  /** The instruction that made it, from the image's history; `""` if unknown. */
  instruction: string;
  entries: Entry[];
}

/** What an image says about how to run it. */
export interface ImageConfig {
  /** `""` when none is set, which means root. */
  user: string;
  entrypoint: string[];
  cmd: string[];
  /** `NAME=value`. */
  env: string[];
  workingDir: string;
  /** As `8080/tcp`, sorted. */
  exposedPorts: string[];
  labels: Record<string, string>;
  stopSignal: string;
  /** The test of the health check, such as `["CMD", "/hello", "healthcheck"]`. */
  healthcheck: string[];
  volumes: string[];
}

/** Where an image comes from, and what to call it. */
export type ImageSource =
  & {
    reference: string;
    /** Name, tag or digest of the one that is meant, where there are several. */
    image?: string;
    /** As `linux/arm64`; which one is meant, where there are several. */
    platform?: string;
  }
  & ({ path: string } | {
    /** Starts the export; called again when the bytes are needed again. */
    open: (signal?: AbortSignal) => ReadableStream<Uint8Array>;
  });

/** An image as read from an archive. */
export interface Image {
  /** What it was asked for by: a name, or a path. */
  reference: string;
  /** `sha256:<hex>` of its config. */
  id: string;
  architecture: string;
  os: string;
  /** RFC 3339, if the config states it. */
  created?: string;
  config: ImageConfig;
  /** The config document as it is stored: its digest is the id. */
  document: unknown;
  layers: Layer[];
}

/** Receives the content of one file while its layer streams by. */
export interface Sink {
  /** Called with each chunk in order; the chunk is only valid during the call. */
  write(chunk: Uint8Array): void;
  /** Called after the last chunk; what it returns becomes {@linkcode Entry.found}. */
  end(): unknown;
}

/** Chooses the files whose content is worth a look, before it streams by. */
export type Probe = (entry: Readonly<Entry>) => Sink | undefined;

/** A path of the root file system. */
export interface RootfsFile {
  /** The record of the topmost layer that has the path. */
  readonly entry: Entry;
  /** Index of that layer. */
  readonly layer: number;
  /** What the path is: `entry` itself, or the file that a hard link names. */
  readonly inode: Entry;
  /** Bytes accounted to this path; 0 for all but one name of the same file. */
  readonly bytes: number;
}

/** How a copy of a file got lost. */
export type LossKind = "overwritten" | "deleted" | "metadata";

/** A copy of a file that a layer carries and that no path leads to any more. */
export interface Loss {
  /** The last path that led to it. */
  path: string;
  /** The record of the regular file that holds its bytes. */
  entry: Entry;
  /** Index of the layer that wrote it. */
  writtenBy: number;
  /** Index of the layer that replaced or deleted it. */
  coveredBy: number;
  how: LossKind;
  /** The path that was replaced or deleted; a folder above, or `path` itself. */
  root: string;
  /** What took the place of `root`; absent when it was deleted. */
  cover?: Entry;
}

/** An image's root file system, and what each layer brought. */
export interface Rootfs {
  /** By path as in {@linkcode Entry.path}; folders and links too. */
  files: ReadonlyMap<string, RootfsFile>;
  /** Folders that no layer has a record of, but that must be there. */
  implied: ReadonlySet<string>;
  /** Bytes of the regular files; a hard link counts once. */
  bytes: number;
  /** Regular files; a hard link counts once. */
  regularFiles: number;
  /** For each layer, the bytes and regular files that it brings. */
  layers: { bytes: number; regularFiles: number }[];
  /** Copies that no path leads to any more, in the order they got lost. */
  losses: Loss[];
}
