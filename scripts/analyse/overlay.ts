/**
 * The file system that layers build up, and the copies that get lost in it. A
 * map by path for speed, and each folder knows its children, so that deleting
 * a folder costs what it holds and no more.
 *
 * @module
 */
import type { Entry } from "../model.ts";
import type { Loss, Rootfs, RootfsFile } from "./rootfs.ts";

/** The bytes of one regular file in one layer, under one or more names. */
class Copy {
  names = 0;
  owner?: Node;
  constructor(readonly entry: Entry, readonly layer: number) {}
}

class Node implements RootfsFile {
  bytes = 0;
  copy?: Copy;
  children?: Set<Node>;
  inode: Entry;
  constructor(
    public entry: Entry,
    public layer: number,
    readonly parent: Node | undefined,
  ) {
    this.inode = entry;
  }
}

/** Why and by what a path goes away. */
type Cause = Pick<Loss, "root" | "cover">;

/** Takes the records of layer after layer. */
export class Overlay {
  readonly #files = new Map<string, Node>();
  /** Folders without a record of their own. */
  readonly #implied = new Map<string, Node>();
  readonly #layers: { bytes: number; regularFiles: number }[] = [];
  readonly #losses: Loss[] = [];
  /** Hard links of this layer whose target is not there (yet). */
  #pending: Node[] = [];
  #layer = -1;

  /** Begins a layer above all others. */
  nextLayer(): void {
    this.#layer++;
    this.#layers.push({ bytes: 0, regularFiles: 0 });
  }

  /** Deletes a path and all below it. */
  delete(path: string): void {
    const node = this.#get(path);
    if (node && path !== "") this.#remove(node, { root: path });
  }

  /** Deletes all below a folder. */
  empty(path: string): void {
    for (const child of this.#get(path)?.children ?? []) {
      this.#remove(child, { root: path });
    }
  }

  /** Writes a record over what is there. */
  put(entry: Entry): void {
    const { path } = entry;
    const before = this.#get(path);
    if (entry.type === "directory") {
      if (before?.children) {
        before.entry = before.inode = entry;
        before.layer = this.#layer;
        if (this.#implied.delete(path)) this.#files.set(path, before);
        return;
      }
    } else if (
      path === "" || (entry.type === "hardlink" && entry.link === path)
    ) {
      return; // The root is a folder, and a file is already linked to itself.
    }
    if (before) this.#remove(before, { root: path, cover: entry });

    const parent = this.#parentOf(entry);
    const node = new Node(entry, this.#layer, parent);
    if (entry.type === "directory") node.children = new Set();
    parent?.children?.add(node);
    this.#files.set(path, node);
    if (entry.type === "file") {
      this.#name(node, new Copy(entry, this.#layer));
      const layer = this.#layers[this.#layer];
      layer.bytes += entry.size;
      layer.regularFiles++;
    } else if (entry.type === "hardlink" && !this.#link(node)) {
      this.#pending.push(node);
    }
  }

  /** Ends the layer: links to what came after them find their targets. */
  endLayer(): void {
    // Links to links to links may need more than one round; archives that
    // engines write need none.
    for (let round = 0; this.#pending.length > 0 && round < 8; round++) {
      this.#pending = this.#pending.filter((node) =>
        this.#files.get(node.entry.path) === node && !this.#link(node)
      );
    }
    this.#pending = [];
  }

  /** What is there after the last layer. */
  finish(): Rootfs {
    let bytes = 0;
    let regularFiles = 0;
    for (const node of this.#files.values()) {
      const { copy } = node;
      if (!copy) continue;
      // One name carries the bytes, and always the same one: the least.
      if (copy.owner === undefined) {
        bytes += copy.entry.size;
        regularFiles++;
      } else if (copy.owner.entry.path < node.entry.path) {
        continue;
      } else {
        copy.owner.bytes = 0;
      }
      copy.owner = node;
      node.bytes = copy.entry.size;
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

  #get(path: string): Node | undefined {
    return this.#files.get(path) ?? this.#implied.get(path);
  }

  /** The folder that an entry lies in, made if need be. */
  #parentOf(entry: Entry): Node | undefined {
    let { path } = entry;
    const missing: string[] = [];
    let parent: Node | undefined;
    while (path !== "") {
      path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      parent = this.#get(path);
      if (parent?.children) break;
      if (parent) {
        this.#remove(parent, { root: path, cover: entry });
        parent = undefined;
      }
      missing.push(path);
    }
    for (const path of missing.reverse()) {
      const folder = new Node(impliedFolder(path), this.#layer, parent);
      folder.children = new Set();
      parent?.children?.add(folder);
      this.#implied.set(path, folder);
      parent = folder;
    }
    return parent;
  }

  /** Gives a hard link what its target is. */
  #link(node: Node): boolean {
    const target = this.#files.get(node.entry.link ?? "");
    if (!target || target === node || target.children) return false;
    if (target.inode.type === "hardlink") return false; // itself dangling
    node.inode = target.inode;
    if (target.copy) this.#name(node, target.copy);
    return true;
  }

  #name(node: Node, copy: Copy): void {
    node.copy = copy;
    copy.names++;
  }

  /** Takes away a path and all below it; without recursion, for any depth. */
  #remove(top: Node, cause: Cause): void {
    top.parent?.children?.delete(top);
    const stack = [top];
    for (let node = stack.pop(); node; node = stack.pop()) {
      const { path } = node.entry;
      if (!this.#files.delete(path)) this.#implied.delete(path);
      for (const child of node.children ?? []) stack.push(child);
      if (node.copy && --node.copy.names === 0) {
        this.#lose(node.copy, path, cause);
      }
    }
  }

  #lose({ entry, layer }: Copy, path: string, cause: Cause): void {
    if (layer === this.#layer) { // Replaced within its layer: never unpacked.
      this.#layers[layer].bytes -= entry.size;
      this.#layers[layer].regularFiles--;
      return;
    }
    this.#losses.push({
      path,
      entry,
      writtenBy: layer,
      coveredBy: this.#layer,
      how: !cause.cover
        ? "deleted"
        : cause.root === path && this.#sameContent(entry, cause.cover)
        ? "metadata"
        : "overwritten",
      ...cause,
    });
  }

  #sameContent(before: Entry, cover: Entry): boolean {
    const after = cover.type === "hardlink"
      ? this.#files.get(cover.link ?? "")?.inode
      : cover;
    return after?.type === "file" && before.sha256 !== undefined &&
      before.sha256 === after.sha256;
  }
}

function impliedFolder(path: string): Entry {
  return {
    path,
    type: "directory",
    size: 0,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  };
}
