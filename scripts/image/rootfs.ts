/** What is left of layers laid over each other, and what got lost on the way. @module */
import type { Entry, Image, Loss, Rootfs, RootfsFile } from "./model.ts";
import { walkPath } from "./resolve_path.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const INTERNAL = ".wh..wh.";

/**
 * As engines do: whiteouts apply to the layers below; of a path twice in a layer,
 * the last counts.
 */
export function rootfs(image: Image): Rootfs {
  const overlay = new Overlay();
  for (const layer of image.layers) {
    overlay.nextLayer();
    if (layer.entries.some(({ path }) => path.includes(WHITEOUT))) {
      applyWhiteouts(overlay, layer.entries);
    }
    for (const entry of layer.entries) {
      if (!isWhiteout(entry.path)) overlay.put(entry);
    }
    overlay.endLayer();
  }
  return overlay.finish();
}

/** Deletes what the whiteouts of a layer name, links before them followed. */
function applyWhiteouts(overlay: Overlay, entries: readonly Entry[]): void {
  const links = new Map<string, string>();
  for (const { path, type, link = "" } of entries) {
    const actual = links.size === 0
      ? path
      : followLinks(path, (folder) => links.get(folder));
    if (type === "symlink") links.set(actual, link);
    else links.delete(actual);
    if (path.includes(WHITEOUT)) applyWhiteout(overlay, actual);
  }
}

/** As the kernel does it for an engine that unpacks a layer into a folder of its own. */
function followLinks(
  path: string,
  linkAt: (path: string) => string | undefined,
): string {
  const actual = walkPath(
    path,
    (above, rest) => rest.length > 0 ? linkAt(above) : undefined,
  );
  return actual ?? path;
}

function applyWhiteout(overlay: Overlay, path: string): void {
  const slash = path.lastIndexOf("/") + 1;
  if (path.slice(slash) === OPAQUE) {
    overlay.empty(path.slice(0, Math.max(0, slash - 1)));
  } else if (
    path.startsWith(WHITEOUT, slash) && !path.startsWith(INTERNAL, slash)
  ) {
    overlay.delete(path.slice(0, slash) + path.slice(slash + WHITEOUT.length));
  }
}

/** Whiteouts, and the bookkeeping that aufs kept in folders named like them. */
function isWhiteout(path: string): boolean {
  return path.includes(WHITEOUT) && // rare, and quick to tell
    (path.startsWith(INTERNAL) || path.includes("/" + INTERNAL) ||
      path.startsWith(WHITEOUT, path.lastIndexOf("/") + 1));
}

/** Layer of a node whose path is gone. */
const GONE = -1;

type Cause = Pick<Loss, "root" | "cover">;

/** Each folder knows its children: deleting one costs what it holds and no more. */
class Overlay {
  readonly #files = new Map<string, Node>();
  /** Folders without a record of their own. */
  readonly #implied = new Map<string, Node>();
  readonly #layers: { bytes: number; regularFiles: number }[] = [];
  readonly #losses: Loss[] = [];
  /** Hard links of this layer whose target is not there (yet). */
  #pending: Node[] = [];
  #layer = -1;
  /** The folder of the last record: most often that of the next one too. */
  #folder?: Node;

  nextLayer(): void {
    this.#layer++;
    this.#layers.push({ bytes: 0, regularFiles: 0 });
  }

  delete(path: string): void {
    const node = this.#get(path);
    if (!node || path === "") return;
    const cause = { root: path };
    this.#empty(node, cause);
    this.#remove(node, cause);
  }

  empty(path: string): void {
    const node = this.#get(path);
    if (node) this.#empty(node, { root: path });
  }

  put(record: Entry): void {
    const entry = this.#behindLinks(record);
    const { path, type } = entry;
    const before = this.#get(path);
    const isFolder = type === "directory";
    // The root is a folder, and a file is already linked to itself.
    if (!isFolder && path === "") return;
    if (type === "hardlink" && entry.link === path) return;

    if (before && !(isFolder && before.isFolder)) {
      const cause = { root: path, cover: entry };
      this.#empty(before, cause);
      this.#release(before, cause);
      before.shared = undefined;
    }
    const node = before ?? this.#add(entry);
    node.entry = entry;
    node.layer = this.#layer;
    if (!before || this.#implied.delete(path)) this.#files.set(path, node);
    if (type === "file") {
      const layer = this.#layers[this.#layer];
      layer.bytes += entry.size;
      layer.regularFiles++;
    } else if (type === "hardlink" && !this.#link(node)) {
      this.#pending.push(node);
    }
  }

  /** Links to what came after them in the layer find their targets. */
  endLayer(): void {
    // Links to links to links may need more than one round.
    for (let round = 0; this.#pending.length > 0 && round < 8; round++) {
      this.#pending = this.#pending.filter((node) =>
        node.layer !== GONE && node.entry.type === "hardlink" &&
        !node.shared && !this.#link(node)
      );
    }
    this.#pending = [];
  }

  finish(): Rootfs {
    let bytes = 0;
    let regularFiles = 0;
    for (const node of this.#files.values()) {
      const { shared, inode } = node;
      const counted = shared?.owner !== undefined;
      // One name carries the bytes, and always the same one: the least.
      if (
        shared &&
        (!shared.owner || node.entry.path < shared.owner.entry.path)
      ) shared.owner = node;
      if (counted || inode.type !== "file") continue;
      bytes += inode.size;
      regularFiles++;
    }
    return {
      files: this.#files,
      implied: new Set(this.#implied.keys()),
      bytes,
      regularFiles,
      layers: this.#layers,
      losses: this.#losses,
    };
  }

  /** A record below links of its own layer, which engines follow. */
  #behindLinks(entry: Entry): Entry {
    const path = this.#actual(entry.path);
    const link = entry.type === "hardlink"
      ? this.#actual(entry.link ?? "")
      : entry.link;
    if (path === entry.path && link === entry.link) return entry;
    return { ...entry, path, link };
  }

  #actual(path: string): string {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (folder === "") return path;
    const known = folder === this.#folder?.entry.path
      ? this.#folder
      : this.#get(folder);
    if (known?.isFolder) return path;
    return followLinks(path, (above) => {
      const node = this.#files.get(above);
      const inode = node?.layer === this.#layer ? node.inode : undefined;
      return inode?.type === "symlink" ? inode.link : undefined;
    });
  }

  #get(path: string): Node | undefined {
    return this.#files.get(path) ?? this.#implied.get(path);
  }

  #add(entry: Entry): Node {
    const node = new Node(entry, this.#layer);
    const folder = this.#folder = this.#folderOf(entry);
    if (folder) {
      node.next = folder.first;
      folder.first = node;
    }
    return node;
  }

  /** The folder that an entry lies in, made if need be; the root is in none. */
  #folderOf(entry: Entry): Node | undefined {
    const { path } = entry;
    if (path === "") return undefined;
    const last = this.#folder?.entry.path;
    const slash = Math.max(0, path.lastIndexOf("/"));
    if (
      slash === last?.length && path.startsWith(last) && this.#folder?.isFolder
    ) return this.#folder;

    const folder = this.#get(path.slice(0, slash));
    if (folder?.isFolder) return folder;
    const made: Entry = {
      path: path.slice(0, slash),
      type: "directory",
      size: 0,
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: 0,
    };
    if (folder) { // a file, which makes way
      const cause = { root: made.path, cover: entry };
      this.#release(folder, cause);
      folder.shared = undefined;
      folder.entry = made;
      folder.layer = this.#layer;
      this.#files.delete(made.path);
      this.#implied.set(made.path, folder);
      return folder;
    }
    const node = this.#add(made);
    this.#implied.set(made.path, node);
    return node;
  }

  #link(node: Node): boolean {
    const target = this.#files.get(node.entry.link ?? "");
    if (!target || target === node || target.isFolder) return false;
    if (target.inode.type === "hardlink") return false; // leads nowhere itself
    target.shared ??= new Shared(target.entry, target.layer);
    node.shared = target.shared;
    node.shared.names++;
    node.shared.takeMetadata(node.entry);
    return true;
  }

  /** Deletes all below a node; without recursion, for any depth. */
  #empty(top: Node, cause: Cause): void {
    const stack = top.first ? [top.first] : [];
    top.first = undefined;
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (node.next) stack.push(node.next);
      if (node.first) stack.push(node.first);
      if (node.layer !== GONE) this.#remove(node, cause);
    }
  }

  #remove(node: Node, cause: Cause): void {
    const { path } = node.entry;
    if (!this.#files.delete(path)) this.#implied.delete(path);
    if (node === this.#folder) this.#folder = undefined;
    this.#release(node, cause);
    node.layer = GONE;
    node.first = undefined;
  }

  /** Takes a name away; with the last one its copy is lost. */
  #release(node: Node, cause: Cause): void {
    if (node.shared && --node.shared.names > 0) return;
    const { entry, layer } = node.shared ?? node;
    if (entry.type !== "file") return;
    if (layer === this.#layer) { // replaced within its layer: never unpacked
      this.#layers[layer].bytes -= entry.size;
      this.#layers[layer].regularFiles--;
      return;
    }
    const { path } = node.entry;
    const { root, cover } = cause;
    const how = !cover
      ? "deleted"
      : root === path && this.#sameContent(entry, cover)
      ? "metadata"
      : "overwritten";
    const [writtenBy, coveredBy] = [layer, this.#layer];
    this.#losses.push({ path, entry, writtenBy, coveredBy, how, root, cover });
  }

  #sameContent(before: Entry, cover: Entry): boolean {
    const after = cover.type === "hardlink"
      ? this.#files.get(cover.link ?? "")?.inode
      : cover;
    return after?.type === "file" && before.sha256 !== undefined &&
      before.sha256 === after.sha256 &&
      before.capabilities === after.capabilities;
  }
}

/** What several names share: the file or symlink that hard links lead to. */
class Shared {
  names = 1;
  /** The name that carries the bytes; set at the very end. */
  owner?: Node;

  constructor(public entry: Entry, readonly layer: number) {}

  /** Engines set what the header of a hard link says, which is then true for all. */
  takeMetadata({ mode, uid, gid, mtime, capabilities }: Entry): void {
    const { entry } = this;
    // Of a symbolic link only the owner; a change of owner clears capabilities.
    const own = { uid, gid, mtime, capabilities };
    if (
      uid !== entry.uid || gid !== entry.gid || mtime !== entry.mtime ||
      capabilities !== entry.capabilities || mode !== entry.mode
    ) {
      const isLink = entry.type === "symlink";
      this.entry = { ...entry, ...own, mode: isLink ? entry.mode : mode };
    }
  }
}

/** A path that is there, or was: `next` may lead to those that are gone. */
class Node implements RootfsFile {
  /** Set as soon as there is more than one name. */
  shared: Shared | undefined = undefined;
  /** Of a folder: the child that came last. */
  first: Node | undefined = undefined;
  /** The child of the same folder that came before. */
  next: Node | undefined = undefined;

  constructor(public entry: Entry, public layer: number) {}

  get inode(): Entry {
    return this.shared?.entry ?? this.entry;
  }

  get bytes(): number {
    if (this.shared && this.shared.owner !== this) return 0;
    const { type, size } = this.inode;
    return type === "file" ? size : 0;
  }

  get isFolder(): boolean {
    return this.entry.type === "directory";
  }
}
