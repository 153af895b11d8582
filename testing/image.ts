/**
 * Builds images for tests, record by record, without an archive.
 *
 * @module
 */
import type {
  Entry,
  Image,
  ImageConfig,
  Layer,
} from "../scripts/image/model.ts";

/** What a test says of a record; the rest has plain defaults. */
export type EntryOptions = Partial<Omit<Entry, "path">>;

/** A regular file; content that is not told apart by `sha256` is its size. */
export function file(
  path: string,
  size: number,
  options: EntryOptions = {},
): Entry {
  return {
    ...record(path, "file", 0o644),
    size,
    sha256: `${size}`,
    ...options,
  };
}

/** A regular file that holds a text, as the probe found it. */
export function text(path: string, content: string): Entry {
  return file(path, content.length, {
    sha256: content,
    found: { text: content },
  });
}

/** A folder. */
export function directory(path: string, options: EntryOptions = {}): Entry {
  return { ...record(path, "directory", 0o755), ...options };
}

/** A symbolic link to `link`, as written. */
export function symlink(path: string, link: string): Entry {
  return { ...record(path, "symlink", 0o777), link };
}

/** A hard link to the file at `link`; its header says the same as the file's. */
export function hardlink(
  path: string,
  link: string,
  options: EntryOptions = {},
): Entry {
  return { ...record(path, "hardlink", UNSTATED), link, ...options };
}

/** Mode of a hard link that a layer takes from the file it names. */
const UNSTATED = -1;

/** The record that deletes `path` from the layers below. */
export function whiteout(path: string): Entry {
  const slash = path.lastIndexOf("/") + 1;
  return file(`${path.slice(0, slash)}.wh.${path.slice(slash)}`, 0);
}

/** The record that hides what the layers below have in a folder. */
export function opaque(path: string): Entry {
  return file(path === "" ? ".wh..wh..opq" : `${path}/.wh..wh..opq`, 0);
}

/** A layer made by an instruction. */
export function layer(instruction: string, ...entries: Entry[]): Layer {
  return {
    diffId: `sha256:${digest(instruction + JSON.stringify(entries))}`,
    compression: "none",
    blobBytes: entries.reduce((sum, { size }) => sum + size, 0),
    instruction,
    entries: entries.map((entry) => {
      if (entry.mode !== UNSTATED) return entry;
      const target = entries.find(({ path }) => path === entry.link);
      const { mode = 0o644, uid = 0, gid = 0, mtime = 0 } = target ?? {};
      return {
        ...entry,
        mode: mode === UNSTATED ? 0o644 : mode,
        uid,
        gid,
        mtime,
      };
    }),
  };
}

/** An image of these layers. */
export function image(
  layers: Layer[],
  config: Partial<ImageConfig> = {},
): Image {
  return {
    reference: "test",
    id: `sha256:${"0".repeat(64)}`,
    architecture: "amd64",
    os: "linux",
    document: {},
    layers,
    config: {
      user: "",
      entrypoint: [],
      cmd: [],
      env: [],
      workingDir: "",
      exposedPorts: [],
      labels: {},
      stopSignal: "",
      healthcheck: [],
      volumes: [],
      ...config,
    },
  };
}

function record(path: string, type: Entry["type"], mode: number): Entry {
  return { path, type, size: 0, mode, uid: 0, gid: 0, mtime: 0 };
}

/** Tells layers apart; a digest only in its looks. */
function digest(content: string): string {
  let hash = 7n;
  for (const char of content) {
    hash = (hash * 1099511628211n + BigInt(char.codePointAt(0) ?? 0)) &
      ((1n << 256n) - 1n);
  }
  return hash.toString(16).padStart(64, "0");
}
