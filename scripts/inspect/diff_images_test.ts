import { assertEquals } from "@std/assert";
import type { Entry, Image } from "../image/model.ts";
import { analyseImage } from "./analyse_image.ts";
import {
  changedFields,
  changedValues,
  diffImages,
  imageDiffSchema,
  type PathChange,
} from "./diff_images.ts";
import {
  directory,
  file,
  hardlink,
  image,
  layer,
  symlink,
  text,
} from "../../testing/image.ts";
import { rootfs } from "../image/rootfs.ts";

/** The difference, after what must be true of every difference. */
function diff(before: Image, after: Image) {
  const sides = [before, after].map((image) => ({
    image,
    rootfs: rootfs(image),
    analysis: analyseImage(image),
  }));
  const result = diffImages(sides[0], sides[1]);
  assertEquals(imageDiffSchema.parse(result), result);
  const sum = result.paths.reduce((sum, { bytes }) => sum + bytes, 0);
  assertEquals(sum, sides[1].rootfs.bytes - sides[0].rootfs.bytes);
  assertEquals(result.bytes, sum);
  assertEquals(
    result.added + result.removed + result.changed,
    result.paths.length,
  );
  return result;
}

function diffFiles(before: Entry[], after: Entry[]) {
  return diff(image([layer("", ...before)]), image([layer("", ...after)]));
}

/** `path kind what delta` of each change. */
function lines(paths: PathChange[]): string[] {
  return paths.map(({ path, kind, changes, bytes }) =>
    [path, kind, changes.join("+"), bytes].filter((part) => part !== "")
      .join(" ")
  );
}

Deno.test("diffImages: nothing between an image and itself", () => {
  const same = image([layer("", directory("d"), file("d/a", 1))]);
  const { paths, directories, config, packages, layers } = diff(same, same);
  assertEquals([paths, directories, config, packages], [[], [], [], []]);
  assertEquals([layers.added, layers.removed, layers.shared.length], [
    [],
    [],
    1,
  ]);
});

Deno.test("diffImages: each kind of change at a path", () => {
  const before = [
    file("content", 5, { sha256: "x" }),
    file("mode", 5),
    file("owner", 5),
    file("group", 5),
    symlink("link", "a"),
    file("type", 5),
    file("touched", 5),
    file("gone", 7),
    directory("folder", { mode: 0o755 }),
    file("several", 5),
  ];
  const after = [
    file("content", 5, { sha256: "y" }),
    file("mode", 5, { mode: 0o4755 }),
    file("owner", 5, { uid: 7 }),
    file("group", 5, { gid: 7 }),
    symlink("link", "b"),
    directory("type", { mode: 0o644 }),
    file("touched", 5, { mtime: 99 }),
    file("new", 3),
    directory("folder", { mode: 0o1777 }),
    file("several", 9, { mode: 0o600, uid: 1 }),
  ];
  const { paths } = diffFiles(before, after);
  assertEquals(lines(paths), [
    "/content changed content 0",
    "/folder changed mode 0",
    "/gone removed -7",
    "/group changed owner 0",
    "/link changed link 0",
    "/mode changed mode 0",
    "/new added 3",
    "/owner changed owner 0",
    "/several changed content+mode+owner 4",
    "/type changed type -5",
  ]);
  assertEquals(paths[5].before?.mode, 0o644);
  assertEquals(paths[5].after?.mode, 0o4755);
  assertEquals(paths[4].after?.link, "b");
});

Deno.test("diffImages: where a file lies in the layers makes no difference", () => {
  const { paths, layers } = diff(
    image([layer("COPY", file("a", 1), file("b", 2))]),
    image([
      layer("FROM", file("b", 2)),
      layer("COPY", file("a", 9)),
      layer("COPY", file("a", 1)),
    ]),
  );
  assertEquals(paths, []);
  assertEquals([layers.added.length, layers.removed.length], [3, 1]);
});

Deno.test("diffImages: which name of a file came first makes no difference", () => {
  const { paths } = diffFiles(
    [file("a", 5), hardlink("b", "a")],
    [file("b", 5), hardlink("a", "b")],
  );
  assertEquals(paths, []);
});

Deno.test("diffImages: a file that loses its hard link moves its bytes", () => {
  assertEquals(
    lines(diffFiles([file("a", 5), hardlink("b", "a")], [file("b", 5)]).paths),
    ["/a removed -5", "/b changed 5"],
  );
});

Deno.test("diffImages: a folder with and without a record is the same", () => {
  const { paths } = diffFiles(
    [directory("d"), file("d/a", 1)],
    [file("d/a", 1)],
  );
  assertEquals(paths, []);
  assertEquals(diffFiles([directory("d")], []).removed, 1);
});

Deno.test("diffImages: sums by folder, of all below", () => {
  const { directories } = diffFiles(
    [file("usr/lib/a", 10), file("usr/lib/b", 1), file("etc/x", 4)],
    [file("usr/lib/a", 30), file("usr/bin/c", 5), file("etc/x", 4)],
  );
  assertEquals(
    directories.map(({ path, bytes, added, removed, changed }) =>
      `${path} ${bytes} +${added} -${removed} ~${changed}`
    ),
    [
      "/ 24 +1 -1 ~1",
      "/usr 24 +1 -1 ~1",
      "/usr/bin 5 +1 -0 ~0",
      "/usr/lib 19 +0 -1 ~1",
    ],
  );
});

Deno.test("diffImages: how the images are run", () => {
  const { config } = diff(
    image([], {
      user: "0",
      env: ["PATH=/bin", "A=1", "A=2", "DB_PASSWORD=one1"],
      entrypoint: ["/hello"],
      labels: { a: "1", gone: "x" },
      exposedPorts: ["8080/tcp"],
    }),
    image([], {
      user: "65532",
      env: ["PATH=/bin", "A=3", "NEW==", "DB_PASSWORD=two2"],
      entrypoint: ["/hello", "it's"],
      labels: { a: "2" },
      exposedPorts: ["8080/tcp"],
    }),
  );
  assertEquals(config, [
    { name: "entrypoint", before: '["/hello"]', after: '["/hello","it\'s"]' },
    { name: "env A", before: "2", after: "3" },
    { name: "env DB_PASSWORD", before: "…", after: "…" },
    { name: "env NEW", after: "=" },
    { name: "label a", before: "1", after: "2" },
    { name: "label gone", before: "x" },
    { name: "user", before: "0", after: "65532" },
  ]);
});

Deno.test("diffImages: packages that came, went or changed", () => {
  const status = (...packages: string[]) =>
    text(
      "var/lib/dpkg/status",
      packages.map((line) => {
        const [name, version, architecture = "amd64"] = line.split(" ");
        return `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nArchitecture: ${architecture}\n`;
      }).join("\n"),
    );
  const { packages } = diffFiles(
    [status("libc6 2.41", "libc6 2.41 i386", "openssl 3.5", "tzdata 1")],
    [status("libc6 2.42", "libc6 2.41 i386", "curl 8", "tzdata 1")],
  );
  assertEquals(packages, [
    { name: "curl", after: "8" },
    { name: "libc6:amd64", before: "2.41", after: "2.42" },
    { name: "openssl", before: "3.5" },
  ]);
  assertEquals(
    diffFiles([status("x 1 amd64", "x 1 i386")], [status("x 1 amd64")])
      .packages,
    [{ name: "x:i386", before: "1" }],
  );
});

Deno.test("changedValues() tells what came, went and changed, by name", () => {
  const before = new Map([["same", 1], ["went", 0], ["other", 2]]);
  const after = new Map([["same", 1], ["came", 0], ["other", 3]]);
  assertEquals(changedValues(before, after), [
    { name: "came", after: 0 },
    { name: "other", before: 2, after: 3 },
    { name: "went", before: 0 },
  ]);
});

Deno.test("changedFields() names what differs, but for the time", () => {
  const a = file("a", 1, { capabilities: "01", mtime: 1 });
  const b = { ...a, mtime: 2 };
  assertEquals(changedFields(a, b), []);
  assertEquals(
    changedFields(a, file("a", 2, { uid: 1, mode: 0o600 })),
    ["content", "mode", "owner", "capabilities"],
  );
  assertEquals(changedFields(a, { ...a, capabilities: "02" }), [
    "capabilities",
  ]);
  const device = { ...a, type: "character-device" as const, device: "1:3" };
  assertEquals(changedFields(device, { ...device, device: "1:1" }), ["device"]);
  assertEquals(changedFields(symlink("a", "b"), symlink("a", "c")), ["link"]);
  // Of two types, the type says it all.
  assertEquals(
    changedFields({ ...symlink("a", "b"), mode: 0o644 }, file("a", 1)),
    ["type"],
  );
});
