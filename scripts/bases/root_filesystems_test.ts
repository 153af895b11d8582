import { assert, assertEquals, assertMatch } from "@std/assert";
import { buffer } from "node:stream/consumers";
import { type TarEntry, writeTar } from "./archives.ts";
import {
  addPackage,
  addStatus,
  complete,
  debianEntries,
  denortEntry,
  type RuntimeTree,
} from "./root_filesystems.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

async function* program() {
  yield await Promise.resolve(utf8("the runtime"));
}

Deno.test("denortEntry() is a download where deno compile looks", async () => {
  for (
    const [architecture, machine] of [["amd64", "x86_64"], [
      "arm64",
      "aarch64",
    ]] as const
  ) {
    const { name } = await denortEntry(architecture, program());
    assertEquals(
      name,
      `deno-dir/dl/release/v2.6.10/denort-${machine}-unknown-linux-gnu.zip`,
    );
  }
});

const mtime = new Date(0);
const files: Record<string, string> = {
  "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
  "etc/group": "root:x:0:\n",
  "etc/shadow": "root:*:1::::::\n",
  "etc/gshadow": "root:*::\n",
  "etc/passwd-": "old\n",
  "etc/hostname": "machine\n",
  "etc/resolv.conf": "nameserver 192.0.2.1\n",
  "etc/apt/sources.list": "deb https://me:secret@mirror.test/ trixie main\n",
  "etc/apt/apt.conf.d/99mmdebstrap": 'Acquire::http::Proxy "x";\n',
  "etc/apt/apt.conf.d/70debconf": "kept\n",
  "usr/bin/sh": "binary",
  "var/lib/apt/lists/mirror_InRelease": "list",
  "var/log/dpkg.log": "log",
};

Deno.test("debianEntries() add the user and leave the machine's own files out", async () => {
  const archive = await Deno.makeTempFile({ prefix: "bases-debian-" });
  const added = new Map<string, string>();
  try {
    const directory = { type: "directory", mode: 0o755, mtime } as const;
    const entries: TarEntry[] = [];
    for (const name of ["./", "./dev/", "./usr/", "./var/log/"]) {
      entries.push({ name, ...directory });
    }
    const device = { type: "character-device", mode: 0o666, mtime } as const;
    entries.push({ name: "./dev/null", ...device });
    for (const [name, text] of Object.entries(files)) {
      const content = utf8(text);
      entries.push({ name: `./${name}`, mode: 0o644, mtime, content });
    }
    await writeTar(archive, entries);
    using file = await Deno.open(archive);
    const ours = new Set(["usr"]);
    for await (const entry of debianEntries(file.readable, ours)) {
      const { content = utf8("") } = entry;
      const bytes = content instanceof Uint8Array
        ? content
        : await buffer(content);
      added.set(entry.name, new TextDecoder().decode(bytes));
    }
  } finally {
    await Deno.remove(archive);
  }
  assertEquals(Object.fromEntries(added), {
    "dev": "",
    "var/log": "",
    "etc/passwd":
      "root:x:0:0::/root:/bin/sh\ndeno:x:1993:1993::/home/deno:/bin/sh\n",
    "etc/group": "root:x:0:\ndeno:x:1993:\n",
    "etc/shadow": "root:*:1::::::\ndeno:!:20000::::::\n",
    "etc/gshadow": "root:*::\ndeno:!::\n",
    "etc/apt/sources.list": "deb https://mirror.test/ trixie main\n",
    "etc/apt/apt.conf.d/70debconf": "kept\n",
    "usr/bin/sh": "binary",
  });
});

const day = (number: number) => new Date(Date.UTC(2025, 0, number));

type Files = Record<string, string | Partial<TarEntry>>;

/** Adds a package that is made of a text for each file. */
async function add(
  tree: RuntimeTree,
  name: string,
  files: Files,
  how = addPackage,
) {
  const path = await Deno.makeTempFile({ prefix: "bases-tree-" });
  try {
    const entries = Object.entries(files).map(([file, what]) => ({
      ...{ name: `./${file}`, mode: 0o644, mtime: day(1) },
      ...typeof what === "string" ? { content: utf8(what) } : what,
    }));
    await writeTar(path, entries);
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
    "usr/bin/y": { type: "link", linkname: "./usr/bin/x" },
    "lib": { type: "symlink", linkname: "usr/lib" },
  });
  assertEquals([...tree.keys()], ["tmp", "usr/bin/x", "usr/bin/y", "lib"]);
  assertEquals(tree.get("tmp")?.mode, 0o1777);
  assertEquals(tree.get("tmp")?.mtime, day(3));
  assertEquals(tree.get("usr/bin/x")?.mode, 0o4755);
  assertEquals(tree.get("usr/bin/y")?.linkname, "usr/bin/x");
  assertEquals(tree.get("lib")?.linkname, "usr/lib");
});

Deno.test("addPackage() leaves a directory to the first package that has it", async () => {
  const tree: RuntimeTree = new Map();
  await add(tree, "a", { "etc": { ...directory, mode: 0o700 } });
  await add(tree, "b", { "etc": directory, "etc/b": "b" });
  assertEquals(tree.get("etc")?.mode, 0o700);
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
      "usr/share/doc/ca-certificates",
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
  const home = tree.get("home/nonroot");
  assertEquals([home?.uid, home?.gid, home?.mode], [65532, 65532, 0o700]);
  assertEquals(contentOf(tree, "var/lib/dpkg/status.d/a"), "Package: a\n");
  assertEquals(contentOf(tree, "var/lib/dpkg/status.d/a.md5sums"), "0  x\n");
  assert(![...tree.keys()].some((path) => path.includes("postinst")));
  for (const path of tree.keys()) {
    const parent = path.replace(/\/?[^/]+$/, "");
    assert(parent === "" || tree.has(parent), `${path} has no parent`);
  }
  // What is ours is as old as the newest file of a package: nothing of today.
  assertEquals(tree.get("etc/passwd")?.mtime, day(9));
  assertEquals(tree.get("usr")?.mtime, day(9));
});
