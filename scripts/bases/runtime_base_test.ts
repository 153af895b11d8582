import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  addPackage,
  addStatus,
  complete,
  type RuntimeTree,
} from "./runtime_base.ts";
import { type NewEntry, TarWriter } from "./tar.ts";

const day = (number: number) => Date.UTC(2025, 0, number) / 1000;
const utf8 = (text: string) => new TextEncoder().encode(text);

type Files = Record<string, string | Partial<NewEntry>>;

/** Adds a package that is made of a text for each file. */
async function add(
  tree: RuntimeTree,
  name: string,
  files: Files,
  how = addPackage,
) {
  const path = await Deno.makeTempFile({ prefix: "bases-tree-" });
  try {
    {
      await using tar = new TarWriter(path);
      for (const [file, what] of Object.entries(files)) {
        const entry = { path: `./${file}`, mode: 0o644, mtime: day(1) };
        if (typeof what === "string") await tar.add(entry, utf8(what));
        else await tar.add({ ...entry, ...what });
      }
      await tar.finish();
    }
    using file = await Deno.open(path);
    await how(tree, name, file.readable);
  } finally {
    await Deno.remove(path);
  }
}

const directory = { type: "directory", mode: 0o755 } as const;

function contentOf(tree: RuntimeTree, path: string): string | undefined {
  const held = tree.get(path);
  return held && new TextDecoder().decode(held.content);
}

Deno.test("addPackage() normalises paths and keeps modes, links and times", async () => {
  const tree: RuntimeTree = new Map();
  await add(tree, "a", {
    "": directory,
    "tmp": { ...directory, mode: 0o1777, mtime: day(3) },
    "usr/bin/x": { size: 0, mode: 0o4755 },
    "usr/bin/y": { type: "hardlink", link: "./usr/bin/x" },
    "lib": { type: "symlink", link: "usr/lib" },
  });
  assertEquals([...tree.keys()], ["tmp/", "usr/bin/x", "usr/bin/y", "lib"]);
  assertEquals(tree.get("tmp/")?.entry.mode, 0o1777);
  assertEquals(tree.get("tmp/")?.entry.mtime, day(3));
  assertEquals(tree.get("usr/bin/x")?.entry.mode, 0o4755);
  assertEquals(tree.get("usr/bin/y")?.entry.link, "usr/bin/x");
  assertEquals(tree.get("lib")?.entry.link, "usr/lib");
});

Deno.test("addPackage() leaves a directory to the first package that has it", async () => {
  const tree: RuntimeTree = new Map();
  await add(tree, "a", { "etc": { ...directory, mode: 0o700 } });
  await add(tree, "b", { "etc": directory, "etc/b": "b" });
  assertEquals(tree.get("etc/")?.entry.mode, 0o700);
  assertEquals(contentOf(tree, "etc/b"), "b");
});

Deno.test("certificates become one bundle, in order, each with its line end", async () => {
  const tree: RuntimeTree = new Map();
  const folder = "usr/share/ca-certificates/mozilla/";
  await add(tree, "ca-certificates", {
    [`${folder}B.crt`]: "B",
    [`${folder}A.crt`]: "A\n",
    "usr/sbin/update-ca-certificates": "#!/bin/sh",
    "usr/share/doc/ca-certificates/copyright": "MPL",
    "usr/share/doc/ca-certificates/changelog.gz": "…",
  });
  complete(tree);
  assertEquals(contentOf(tree, "etc/ssl/certs/ca-certificates.crt"), "A\nB\n");
  assertEquals(
    [...tree.keys()].filter((path) => /ca-certificates/.test(path)).sort(),
    [
      "etc/ssl/certs/ca-certificates.crt",
      "usr/share/doc/ca-certificates/",
      "usr/share/doc/ca-certificates/copyright",
    ],
  );
});

Deno.test("complete() makes users, their home and every parent directory", async () => {
  const tree: RuntimeTree = new Map();
  await add(tree, "a", {
    "usr/lib/x": { mtime: day(9), size: 0 },
    "usr/share/y": "y",
  });
  const control = { control: "Package: a\n", md5sums: "0  x\n", postinst: "" };
  await add(tree, "a", control, addStatus);
  complete(tree);
  assertMatch(
    contentOf(tree, "etc/passwd") ?? "",
    /^nonroot:x:65532:65532:nonroot:\/home\/nonroot:\/sbin\/nologin$/m,
  );
  assertMatch(contentOf(tree, "etc/group") ?? "", /^nonroot:x:65532:$/m);
  const home = tree.get("home/nonroot/")?.entry;
  assertEquals([home?.uid, home?.gid, home?.mode], [65532, 65532, 0o700]);
  assertEquals(contentOf(tree, "var/lib/dpkg/status.d/a"), "Package: a\n");
  assertEquals(contentOf(tree, "var/lib/dpkg/status.d/a.md5sums"), "0  x\n");
  assert(![...tree.keys()].some((path) => path.includes("postinst")));
  for (const path of tree.keys()) {
    const parent = path.replace(/[^/]+\/?$/, "");
    assert(parent === "" || tree.has(parent), `${path} has no parent`);
  }
  // What is ours is as old as the newest file of a package: nothing of today.
  assertEquals(tree.get("etc/passwd")?.entry.mtime, day(9));
  assertEquals(tree.get("usr/")?.entry.mtime, day(9));
});
