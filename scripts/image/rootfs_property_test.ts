import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Entry, Image } from "./model.ts";
import {
  directory,
  file,
  hardlink,
  image,
  layer,
  opaque,
  symlink,
  whiteout,
} from "../../testing/image.ts";
import { rootfs } from "./rootfs.ts";
import { waste } from "../inspect/analyse_image.ts";

/** A file's content: two names of one file share the object. */
interface Inode {
  size: number;
  layer: number;
}
/** Path by path, nothing shared with the code under test. */
type Files = Map<
  string,
  { type: string; inode?: Inode; link?: string; layer?: number }
>;

/** A path with the links of the same layer above it replaced, one at a time. */
function actual(files: Files, path: string, layer: number): string {
  let current = path;
  for (let links = 0; links <= 40; links++) {
    const parts = current.split("/");
    const at = parts.findIndex((_, index) => {
      const above = files.get(parts.slice(0, index).join("/"));
      return above?.link !== undefined && above.layer === layer;
    });
    if (at === -1) return current;
    const target = files.get(parts.slice(0, at).join("/"))?.link ?? "";
    const from = target.startsWith("/") ? [] : parts.slice(0, at - 1);
    current = [...from, ...target.split("/"), ...parts.slice(at)]
      .filter((part) => part !== "").join("/");
  }
  return path;
}

const below = (path: string, folder: string) =>
  folder === "" ? path !== "" : path.startsWith(folder + "/");

/** Unpacks layer after layer, each time looking at every path there is. */
function unpack({ layers }: Image): { files: Files; inodes: Set<Inode> } {
  const files: Files = new Map();
  const inodes = new Set<Inode>();
  const remove = (path: string, itself: boolean) => {
    for (const other of [...files.keys()]) {
      if (below(other, path) || (itself && other === path)) files.delete(other);
    }
  };
  layers.forEach(({ entries }, index) => {
    const split = (path: string) => {
      const parts = path.split("/");
      return { name: parts.pop() ?? "", parts };
    };
    const before: Files = new Map();
    for (const { path: written, type, link = "" } of entries) {
      const path = actual(before, written, index);
      before.delete(path);
      if (type === "symlink") before.set(path, { type, link, layer: index });
      const { name, parts } = split(path);
      if (name === ".wh..wh..opq") remove(parts.join("/"), false);
      else if (name.startsWith(".wh.")) {
        remove([...parts, name.slice(4)].join("/"), true);
      }
    }
    for (const { path: written, type, size, link: target = "" } of entries) {
      if (split(written).name.startsWith(".wh.")) continue;
      const path = actual(files, written, index);
      const { parts } = split(path);
      const link = actual(files, target, index);
      if (type === "hardlink" && link === path) continue;
      parts.forEach((_, i) => {
        const parent = parts.slice(0, i + 1).join("/");
        if (files.get(parent)?.type !== "directory") {
          files.set(parent, { type: "directory" });
        }
      });
      if (type === "directory" && files.get(path)?.type === "directory") {
        continue;
      }
      remove(path, true);
      const linked = type === "hardlink" ? files.get(link) : undefined;
      const inode = type === "file" ? { size, layer: index } : linked?.inode;
      const isLink = type === "symlink" ? { link: target, layer: index } : {};
      files.set(path, { type, inode, ...isLink });
    }
    // What the layer unpacked and replaced itself was never in it.
    const left = new Set([...files.values()].map(({ inode }) => inode));
    for (const { inode } of files.values()) {
      if (inode?.layer === index && left.has(inode)) inodes.add(inode);
    }
  });
  return { files, inodes };
}

const sum = (inodes: Iterable<Inode>) =>
  [...inodes].reduce((sum, { size }) => sum + size, 0);

const path = fc.array(fc.constantFrom("a", "b", "c"), {
  minLength: 1,
  maxLength: 3,
}).map((names) => names.join("/"));

const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(path, fc.nat(4), fc.constantFrom(0o644, 0o755)).map((
      [path, size, mode],
    ) => file(path, size, { mode })),
  },
  { weight: 2, arbitrary: path.map((path) => directory(path)) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      path,
      fc.constantFrom("x", "b", "a/b", "/c", "c/a"),
    ).map(([path, target]) => symlink(path, target)),
  },
  { weight: 2, arbitrary: path.map(whiteout) },
  { weight: 1, arbitrary: path.map(opaque) },
);

const isWhiteout = ({ path }: Entry) => path.includes(".wh.");

/**
 * Layers as random as they can be, whiteouts before or after the rest. A hard
 * link names a file that is there, the only kind that engines unpack.
 */
const images = fc.array(
  fc.tuple(
    fc.array(fc.tuple(entry, fc.option(fc.nat(), { freq: 3 })), {
      maxLength: 12,
    }),
    fc.boolean(),
  ),
  { maxLength: 5 },
).map((layers) => {
  const made: Entry[][] = [];
  for (const [records, whiteoutsLast] of layers) {
    const entries = records.map(([entry]) => entry).filter(isWhiteout);
    const whiteouts = entries.length;
    made.push(entries);
    for (const [entry, target] of records) {
      if (isWhiteout(entry)) continue;
      const so = image(made.map((entries) => layer("", ...entries)));
      const { files } = unpack(so);
      const own = actual(files, entry.path, made.length - 1);
      const linkable = [...files].flatMap(([path, { inode }]) =>
        inode && !below(path, own) && !below(own, path) ? [path] : []
      );
      entries.push(
        target === null || linkable.length === 0 || entry.type !== "file"
          ? entry
          : hardlink(entry.path, linkable[target % linkable.length]),
      );
    }
    if (whiteoutsLast) entries.push(...entries.splice(0, whiteouts));
  }
  return image(made.map((entries) => layer("RUN x", ...entries)));
});

Deno.test("rootfs and waste agree with layers unpacked naively", () => {
  fc.assert(
    fc.property(images, (image) => {
      const root = rootfs(image);
      const { files, inodes } = unpack(image);
      const left = new Set(
        [...files.values()].flatMap(({ inode }) => inode ? [inode] : []),
      );

      const paths = [...root.files.keys(), ...root.implied]
        .filter((path) => path !== "");
      assertEquals(paths.sort(), [...files.keys()].sort());
      for (const [path, { entry, inode }] of root.files) {
        assertEquals(entry.type, files.get(path)?.type);
        assertEquals(inode.size, files.get(path)?.inode?.size ?? 0);
      }
      assertEquals(root.bytes, sum(left));
      assertEquals(root.regularFiles, left.size);

      const { sizeBytes, wasteBytes, efficiency, wasted } = waste(image, root);
      assertEquals(sizeBytes, sum(inodes));
      assertEquals(wasteBytes, sizeBytes - root.bytes);
      assertEquals(wasted.reduce((n, { bytes }) => n + bytes, 0), wasteBytes);
      assert(efficiency >= 0 && efficiency <= 1);
      for (const { writtenBy, coveredBy, bytes } of wasted) {
        assert(writtenBy < coveredBy && bytes > 0);
      }
      const shown = [...root.files.values()].reduce((n, f) => n + f.bytes, 0);
      assertEquals(shown, root.bytes);
    }),
    { numRuns: 2000, seed: 4 },
  );
});
