/** What an image is once read. @module */

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
   * Without `/` or `./` in front and `/` at the end; `""` is the root. A byte that
   * is not UTF-8 is the lone surrogate U+DC00 + byte.
   */
  path: string;
  type: EntryType;
  /** Of content; 0 for anything but a regular file. */
  size: number;
  /** With setuid, setgid and sticky: 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Target of a symlink as written, or normalised path of a hard link's file. */
  link?: string;
  /** Numbers of a device, as `1:3`. */
  device?: string;
  /** Of the extended attribute `security.capability`, in hex. */
  capabilities?: string;
  /** Hex, of the content of a regular file. */
  sha256?: string;
  /** What a {@linkcode Probe} made of the content. */
  found?: unknown;
}

export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

export interface Layer {
  /** `sha256:<hex>` of the uncompressed tar, computed and checked. */
  diffId: string;
  compression: Compression;
  /** As stored; the tar's length for `none`. */
  blobBytes: number;
  /** Its path within the archive or folder. */
  blob?: string;
  /** The instruction that made it, from the image's history; `""` if unknown. */
  instruction: string;
  entries: Entry[];
}

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

export type ImageSource =
  & {
    reference: string;
    /** Name, tag or digest of the one that is meant, where there are several. */
    image?: string;
    /** As `linux/arm64`. */
    platform?: string;
  }
  & ({ path: string } | {
    /** Starts the export; called again when the bytes are needed again. */
    open: (signal?: AbortSignal) => ReadableStream<Uint8Array>;
  });

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
  /** The chunk is only valid during the call. */
  write(chunk: Uint8Array): void;
  /** What it returns becomes {@linkcode Entry.found}. */
  end(): unknown;
}

/** Chooses the files whose content is worth a look, before it streams by. */
export type Probe = (entry: Readonly<Entry>) => Sink | undefined;

export interface RootfsFile {
  /** Of the topmost layer that has the path. */
  readonly entry: Entry;
  readonly layer: number;
  /** What the path is: `entry` itself, or the file that a hard link names. */
  readonly inode: Entry;
  /** Bytes accounted to this path; 0 for all but one name of the same file. */
  readonly bytes: number;
}

/** A copy of a file that a layer carries and that no path leads to any more. */
export interface Loss {
  /** The last that led to it. */
  path: string;
  /** The regular file that holds its bytes. */
  entry: Entry;
  /** Index of a layer. */
  writtenBy: number;
  coveredBy: number;
  how: "overwritten" | "deleted" | "metadata";
  /** The path that was replaced or deleted; a folder above, or `path` itself. */
  root: string;
  /** Absent when `root` was deleted. */
  cover?: Entry;
}

export interface Rootfs {
  /** By path as in {@linkcode Entry.path}; folders and links too. */
  files: ReadonlyMap<string, RootfsFile>;
  /** Folders that no layer has a record of, but that must be there. */
  implied: ReadonlySet<string>;
  /** A hard link counts once, here and below. */
  bytes: number;
  regularFiles: number;
  /** What each layer brings. */
  layers: { bytes: number; regularFiles: number }[];
  /** In the order they got lost. */
  losses: Loss[];
}
