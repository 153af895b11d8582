import { assert, assertEquals } from "@std/assert";
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

/** `path:bytes`, sorted, of all but folders. */
function paths(image: Image): string[] {
  return [...rootfs(image).files].filter(([, { entry }]) =>
    entry.type !== "directory"
  ).map(([path, { bytes }]) => `${path}:${bytes}`).sort();
}

Deno.test("rootfs: lays layers over each other", () => {
  const root = rootfs(image([
    layer("", directory("etc"), file("etc/a", 1), file("etc/b", 2)),
    layer("", file("etc/b", 3), symlink("etc/c", "b")),
  ]));
  assertEquals([...root.files.keys()].sort(), [
    "etc",
    "etc/a",
    "etc/b",
    "etc/c",
  ]);
  assertEquals(root.files.get("etc/b")?.layer, 1);
  assertEquals([root.bytes, root.regularFiles], [4, 2]);
  assertEquals(root.layers, [
    { bytes: 3, regularFiles: 2 },
    { bytes: 3, regularFiles: 1 },
  ]);
});

Deno.test("rootfs: a whiteout deletes from the layers below only", () => {
  for (const order of [0, 1]) {
    const entries = [whiteout("d/a"), file("d/a", 2)];
    if (order) entries.reverse();
    assertEquals(
      paths(image([layer("", file("d/a", 1)), layer("", ...entries)])),
      ["d/a:2"],
    );
  }
});

Deno.test("rootfs: an opaque folder keeps what its own layer has", () => {
  for (const order of [0, 1]) {
    const entries = [opaque("d"), file("d/new", 2)];
    if (order) entries.reverse();
    assertEquals(
      paths(
        image([
          layer("", file("d/old", 1), file("d/sub/x", 1), file("e", 1)),
          layer("", ...entries),
        ]),
      ),
      ["d/new:2", "e:1"],
    );
  }
});

Deno.test("rootfs: an opaque root hides everything below", () => {
  assertEquals(
    paths(image([layer("", file("a", 1)), layer("", opaque(""))])),
    [],
  );
});

Deno.test("rootfs: a whiteout of nothing, or of a part of a name, is harmless", () => {
  assertEquals(
    paths(image([
      layer("", file("ab", 1), file("d/x", 1)),
      layer("", whiteout("a"), whiteout("d/y"), whiteout("no/x")),
    ])),
    ["ab:1", "d/x:1"],
  );
});

Deno.test("rootfs: whiteouts with names like .. and the empty name touch nothing", () => {
  assertEquals(
    paths(image([
      layer("", file("d/x", 1), file("e", 1)),
      layer("", file("d/.wh.", 0), file("d/.wh...", 0), file("d/.wh..", 0)),
    ])),
    ["d/x:1", "e:1"],
  );
});

Deno.test("rootfs: aufs' own records are not files", () => {
  assertEquals(
    paths(image([
      layer("", file(".wh..wh.plnk/12.3", 9), file(".wh..wh.aufs", 9)),
    ])),
    [],
  );
});

Deno.test("rootfs: folders and files replace each other", () => {
  assertEquals(
    paths(image([layer("", file("d/x", 1)), layer("", file("d", 2))])),
    ["d:2"],
  );
  assertEquals(
    paths(image([layer("", file("d", 2)), layer("", directory("d"))])),
    [],
  );
  const implied = rootfs(
    image([layer("", file("d", 2)), layer("", file("d/x", 1))]),
  );
  assertEquals([...implied.files.keys()], ["d/x"]);
  assertEquals([...implied.implied].sort(), ["", "d"]);
});

Deno.test("rootfs: a folder, a file and a folder again in one layer", () => {
  const root = rootfs(image([
    layer("", directory("a/a"), file("a", 3), directory("a/a"), file("a/b", 1)),
  ]));
  assertEquals([...root.files.keys()].sort(), ["a/a", "a/b"]);
  assertEquals(root.layers, [{ bytes: 1, regularFiles: 1 }]);
});

Deno.test("rootfs: a folder written again keeps its contents", () => {
  const root = rootfs(image([
    layer("", directory("d"), file("d/x", 1)),
    layer("", directory("d", { mode: 0o700 })),
  ]));
  assertEquals(root.files.get("d")?.entry.mode, 0o700);
  assert(root.files.has("d/x"));
});

Deno.test("rootfs: a link in place of a folder hides what was in it", () => {
  assertEquals(
    paths(
      image([layer("", file("bin/sh", 5)), layer("", symlink("bin", "usr"))]),
    ),
    ["bin:0"],
  );
});

Deno.test("rootfs: a hard link counts once, under its least name", () => {
  const root = rootfs(
    image([layer("", file("b", 5), hardlink("a", "b"), hardlink("c", "a"))]),
  );
  assertEquals([root.bytes, root.regularFiles], [5, 1]);
  assertEquals(root.files.get("a")?.bytes, 5);
  assertEquals(root.files.get("b")?.bytes, 0);
  assertEquals(root.files.get("c")?.inode.path, "b");
});

Deno.test("rootfs: a hard link to a lower layer is a further name", () => {
  const layers = [
    layer("", file("a", 5)),
    layer("", hardlink("b", "a")),
    layer("", file("a", 7)),
  ];
  assertEquals(paths(image(layers.slice(0, 2))), ["a:5", "b:0"]);
  assertEquals(paths(image(layers)), ["a:7", "b:5"]);
});

Deno.test("rootfs: a hard link names what its target is at that moment", () => {
  const root = rootfs(
    image([layer("", file("a", 5), hardlink("b", "a"), file("a", 7))]),
  );
  assertEquals(root.bytes, 12);
  assertEquals(root.layers[0].bytes, 12);
});

Deno.test("rootfs: a hard link before its target finds it", () => {
  assertEquals(
    paths(
      image([layer("", hardlink("c", "b"), hardlink("b", "a"), file("a", 5))]),
    ),
    ["a:5", "b:0", "c:0"],
  );
});

Deno.test("rootfs: hard links to nothing, to folders and in circles hold nothing", () => {
  const root = rootfs(image([
    layer(
      "",
      directory("d"),
      hardlink("a", "b"),
      hardlink("b", "a"),
      hardlink("self", "self"),
      hardlink("lost", "nowhere"),
      hardlink("folder", "d"),
    ),
  ]));
  assertEquals([root.bytes, root.regularFiles], [0, 0]);
  assertEquals(root.files.get("lost")?.inode.type, "hardlink");
});

Deno.test("rootfs: a hard link to a symlink is that symlink", () => {
  const root = rootfs(
    image([layer("", symlink("a", "x"), hardlink("b", "a"))]),
  );
  assertEquals(root.files.get("b")?.inode.link, "x");
});

Deno.test("rootfs: a file written again over its own hard link", () => {
  const root = rootfs(image([
    layer("", file("a", 5), hardlink("b", "a")),
    layer("", hardlink("b", "a")),
    layer("", hardlink("a", "a")),
  ]));
  assertEquals([root.bytes, root.regularFiles, root.losses.length], [5, 1, 0]);
});

Deno.test("rootfs: 200,000 files in one folder, deleted at once and one by one", () => {
  const names = Array.from({ length: 200_000 }, (_, i) => `d/${i}`);
  const full = { ...layer(""), entries: names.map((name) => file(name, 1)) };
  const root = rootfs(image([
    full,
    layer("", whiteout("d")),
    full,
    { ...layer(""), entries: names.map(whiteout) },
    full,
  ]));
  assertEquals([root.regularFiles, root.losses.length], [200_000, 400_000]);
});

// The right values are what docker 20.10 (overlay2) made of the same layers: load,
// create and export.
Deno.test("rootfs: entries below a symbolic link of their layer are behind it", () => {
  const usr = [directory("usr"), directory("usr/lib")];
  const shown = (...entries: Entry[]) => paths(image([layer("", ...entries)]));
  assertEquals(
    shown(
      ...usr,
      symlink("lib", "usr/lib"),
      file("lib/x", 1),
      hardlink("y", "lib/x"),
      hardlink("lib/z", "y"),
    ),
    ["lib:0", "usr/lib/x:1", "usr/lib/z:0", "y:0"],
  );
  assertEquals(
    shown(
      ...usr,
      symlink("lib", "/usr/lib"),
      directory("lib/sub"),
      file("lib/sub/s", 1),
    ),
    ["lib:0", "usr/lib/sub/s:1"],
  );
  assertEquals(
    shown(
      ...usr,
      directory("opt"),
      symlink("opt/up", "../usr/lib"),
      file("opt/up/x", 1),
      symlink("l1", "usr"),
      symlink("l2", "l1/lib"),
      file("l2/y", 1),
      hardlink("l3", "l2"),
      file("l3/z", 1),
    ),
    [
      "l1:0",
      "l2:0",
      "l3:0",
      "opt/up:0",
      "usr/lib/x:1",
      "usr/lib/y:1",
      "usr/lib/z:1",
    ],
  );
  const loop = [symlink("a", "b"), symlink("b", "a"), file("a/x", 1)];
  assertEquals(shown(...loop), ["a/x:1", "b:0"], "engines refuse it");
});

Deno.test("rootfs: a link of a lower layer is replaced by a folder", () => {
  assertEquals(
    paths(image([
      layer("", directory("usr/lib"), symlink("lib", "usr/lib")),
      layer("", file("lib/x", 1)),
    ])),
    ["lib/x:1"],
  );
});

// anchore/stereoscope#694: what the link of a lower layer leads to stays.
Deno.test("rootfs: an opaque folder over a link hides the link alone", () => {
  assertEquals(
    paths(image([
      layer("", file("target/keep", 1), symlink("link", "/target")),
      layer("", directory("link"), opaque("link"), file("link/new", 2)),
    ])),
    ["link/new:2", "target/keep:1"],
  );
});

// GoogleContainerTools/kaniko#2308: the whiteout comes before the link.
Deno.test("rootfs: whiteouts below a symbolic link of their layer are behind it", () => {
  const base = layer("", file("usr/bin/sh", 1), file("usr/bin/ls", 2));
  const link = symlink("bin", "usr/bin");
  const shown = (...entries: Entry[]) =>
    paths(image([base, layer("", directory("usr/bin"), ...entries)]));
  assertEquals(shown(link, whiteout("bin/sh")), ["bin:0", "usr/bin/ls:2"]);
  assertEquals(
    shown(whiteout("bin/sh"), link),
    ["bin:0", "usr/bin/ls:2", "usr/bin/sh:1"],
  );
  assertEquals(
    shown(link, opaque("bin"), file("bin/new", 3)),
    ["bin:0", "usr/bin/new:3"],
  );
});

Deno.test("rootfs: a hard link's header states the metadata of its file", () => {
  const capabilities = "0100000200202000000000000000000000000000";
  const inode = (first: Partial<Entry>, second: Partial<Entry>) => {
    const entries = [file("a", 1, first), hardlink("b", "a", second)];
    const root = rootfs(image([layer("", ...entries)]));
    const { mode, uid, gid, mtime, capabilities } =
      root.files.get("a")?.inode ?? entries[0];
    assertEquals(root.files.get("b")?.inode, root.files.get("a")?.inode);
    return [mode, uid, gid, mtime, capabilities];
  };
  const owner = { mode: 0o600, uid: 7, gid: 8, mtime: 99 };
  assertEquals(inode({}, owner), [0o600, 7, 8, 99, undefined]);
  // Linux clears the capabilities of a file whose owner is set.
  assertEquals(
    inode({ capabilities }, { mode: 0o644 }),
    [0o644, 0, 0, 0, undefined],
  );
  assertEquals(
    inode({}, { mode: 0o644, capabilities }),
    [0o644, 0, 0, 0, capabilities],
  );
});

// openshift/origin#7289: setcap in a layer of its own copies the file.
Deno.test("rootfs: a copy that differs in its capabilities has other content", () => {
  const capabilities = "0100000200040000000000000000000000000000";
  const how = (options: Partial<Entry>) =>
    rootfs(image([
      layer("", file("a", 5)),
      layer("", file("a", 5, options)),
    ])).losses.map(({ how }) => how);
  assertEquals(how({ mode: 0o700 }), ["metadata"]);
  assertEquals(how({ capabilities }), ["overwritten"]);
});
