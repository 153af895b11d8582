/**
 * What an overlay keeps for each path, as little as it can: an image may have
 * hundreds of thousands of them.
 *
 * @module
 */
import type { Entry } from "../model.ts";
import type { RootfsFile } from "./rootfs.ts";

/** What several names share: the file or symlink that hard links lead to. */
export class Shared {
  names = 1;
  /** The name that carries the bytes; set at the very end. */
  owner?: Node;

  /**
   * @param entry The record that is no hard link itself.
   * @param layer Index of the layer that has it.
   */
  constructor(readonly entry: Entry, readonly layer: number) {}
}

/** A path that is there, or was: `next` may lead to those that are gone. */
export class Node implements RootfsFile {
  entry: Entry;
  layer: number;
  /** Set as soon as there is more than one name. */
  shared: Shared | undefined = undefined;
  /** Of a folder: the child that came last. */
  first: Node | undefined = undefined;
  /** The child of the same folder that came before. */
  next: Node | undefined = undefined;

  constructor(entry: Entry, layer: number) {
    this.entry = entry;
    this.layer = layer;
  }

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
