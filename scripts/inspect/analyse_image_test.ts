import { assert, assertEquals } from "@std/assert";
import { variantSchema } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { analyseImage, contents, waste } from "./analyse_image.ts";
import { launcherOf } from "../deno_binary/split.ts";
import { type Found, probe } from "./probe.ts";
import {
  payloadFixture,
  programFixture,
  splitFixture,
} from "../../testing/program.ts";
import {
  directory,
  file,
  hardlink,
  image,
  layer,
  opaque,
  whiteout,
} from "../../testing/image.ts";
import type { Entry, Image } from "../image/model.ts";
import type { TreeNode } from "./inspect_schema.ts";
import { rootfs } from "../image/rootfs.ts";

const payload = {
  runtimeBytes: 70,
  applicationBytes: 30,
  modules: [],
  npm: [],
};

function compiled(path: string, size: number, permissions?: Permissions) {
  const found: Found = {
    elf: {
      machine: "amd64",
      needed: [],
      runpath: [],
      program: { assets: [], bytes: size, ...payload, permissions },
    },
  };
  return file(path, size, { mode: 0o755, found });
}

Deno.test("analyseImage: fits the report", () => {
  const analysis = analyseImage(image([
    layer("COPY a /", directory("d"), file("d/a", 60), file("d/a", 50)),
    layer("RUN rm", whiteout("d/a"), compiled("hello", 100)),
  ], { entrypoint: ["/hello"], user: "65532" }));
  const parsed = variantSchema.parse({ name: "x", ...analysis });
  assertEquals({ ...parsed }, { name: "x", ...analysis });
  assertEquals(
    analysis.layers.map(({ sizeBytes, files }) => [sizeBytes, files]),
    [[50, 1], [100, 1]],
  );
  assertEquals(analysis.rootfs, { bytes: 100, files: 1 });
  assertEquals(analysis.sizeBytes, 150);
  assertEquals(analysis.program?.path, "/hello");
  assertEquals(analysis.surface.runsAsRoot, false);
});

Deno.test("analyseImage: an empty image is one too", () => {
  const analysis = analyseImage(image([]));
  variantSchema.parse({ name: "x", ...analysis });
  assert(!("program" in analysis));
});

Deno.test("analyseImage: the program that starts, else the largest there is", () => {
  const layers = [
    layer(
      "",
      file("tini", 9, { mode: 0o755 }),
      compiled("small", 100),
      compiled("large", 300),
      compiled("gone", 900),
    ),
    layer("", whiteout("gone")),
  ];
  const pathWith = (entrypoint: string[]) =>
    analyseImage(image(layers, { entrypoint })).program?.path;
  assertEquals(pathWith(["/tini", "--", "/small"]), "/small");
  assertEquals(pathWith(["/tini"]), "/large");
  assertEquals(pathWith([]), "/large");
});

Deno.test("analyseImage: what Deno allows the program that starts, or none is told", () => {
  const layers = [
    layer(
      "",
      compiled("strict", 100, { source: "binary" }),
      compiled("loose", 300, { source: "binary", net: "all" }),
    ),
  ];
  const permissions = (entrypoint: string[], cmd: string[] = []) =>
    analyseImage(image(layers, { entrypoint, cmd })).permissions;
  assertEquals(permissions(["/strict"]), { source: "binary" });
  assertEquals(permissions(["tini", "--"], ["/loose"])?.net, "all");
  assertEquals(permissions(["deno"], ["run", "-N", "a.ts"])?.source, "command");
  // The largest program is in the image, but nothing says that it starts.
  assertEquals(permissions(["/start.sh"]), undefined);
});

/** An executable as the probe finds it. */
function looked(path: string, content: Uint8Array) {
  const entry = file(path, content.length, { mode: 0o755, sha256: path });
  const sink = probe(entry);
  sink?.write(content);
  return { ...entry, found: sink?.end() };
}

const PAYLOAD = payloadFixture({
  files: {
    "main.ts": "main",
    "a.txt": "an asset",
    "node_modules/b/package.json": '{"version":"1.0.0"}',
  },
  remote: [{ specifier: "https://jsr.io/@a/b/1.0.0/mod.ts", text: "remote" }],
});

Deno.test("analyseImage: what the application in a program is made of", () => {
  const whole = looked("hello", programFixture(PAYLOAD, "appended"));
  const { program } = analyseImage(image([layer("", whole)]));
  assertEquals(program?.parts, {
    own: 4,
    remote: 6,
    npm: 19,
    assets: 8,
    metadata: (program?.applicationBytes ?? 0) - 37,
  });
});

for (const layout of ["appended", "note"] as const) {
  Deno.test(`analyseImage: a split program with ${layout} is one program in two files`, () => {
    const runtime: Found = {
      elf: {
        machine: "amd64",
        needed: [],
        runpath: [],
        runtime: { deno: "9.8.7", v8: "21.4.500.3-rusty" },
        broken: "no payload",
      },
    };
    const launcher = launcherOf(62, "/opt/denort");
    const own = looked("hello", splitFixture(PAYLOAD, layout, launcher));
    const layers = [
      layer("COPY a", file("opt/denort", 500, { mode: 0o755, found: runtime })),
      layer("COPY b", own),
    ];
    const { program, permissions, surface, layers: told } = analyseImage(
      image(layers, { entrypoint: ["/hello"] }),
    );
    assertEquals(told.map(({ shared }) => shared), [true, false]);
    const whole = analyseImage(image([
      layer("", looked("hello", programFixture(PAYLOAD, layout))),
    ], { entrypoint: ["/hello"] }));
    assert(whole.program);
    assertEquals(whole.layers.map(({ shared }) => shared), [undefined]);
    const { modules, npm, assets, deno, v8 } = whole.program;
    assertEquals(program, {
      path: "/hello",
      runtimePath: "/opt/denort",
      bytes: 500 + own.size,
      runtimeBytes: 500,
      applicationBytes: own.size,
      parts: { own: 4, remote: 6, npm: 19, assets: 8, metadata: own.size - 37 },
      ...{ deno, v8, modules, npm, assets },
    });
    assertEquals(permissions, whole.permissions);
    // The runtime alone would not start; it is not what is started.
    assertEquals(surface.broken, undefined);
  });
}

/** The tree of these files, after what must be true of every tree. */
function contentsOf(entries: Entry[]): TreeNode {
  const root = rootfs(image([{ ...layer(""), entries }]));
  const tree = contents(root);
  assertEquals(tree.bytes, root.bytes);
  const check = (node: TreeNode) => {
    if (!node.children) return;
    const sum = node.children.reduce((sum, { bytes }) => sum + bytes, 0);
    assertEquals(sum, node.bytes, node.name);
    node.children.forEach(check);
  };
  check(tree);
  return tree;
}

function countNodes(node: TreeNode): number {
  return 1 + (node.children ?? []).reduce((n, c) => n + countNodes(c), 0);
}

Deno.test("contents: nothing in nothing", () => {
  assertEquals(contentsOf([]), { name: "/", bytes: 0 });
  assertEquals(contentsOf([file("a", 0)]), { name: "/", bytes: 0 });
});

Deno.test("contents: joins folders that hold one thing only", () => {
  assertEquals(
    contentsOf([
      file("usr/lib/x/a", 60),
      file("usr/lib/x/b", 30),
      file("c", 10),
    ]),
    {
      name: "/",
      bytes: 100,
      children: [
        {
          name: "usr/lib/x",
          bytes: 90,
          children: [{ name: "a", bytes: 60 }, { name: "b", bytes: 30 }],
        },
        { name: "c", bytes: 10 },
      ],
    },
  );
});

Deno.test("contents: sums up what is small, never one alone", () => {
  const tiny = ["x", "y", "z"].map((name) => file(`etc/${name}`, 1));
  assertEquals(contentsOf([file("big", 9_997), ...tiny]).children, [
    { name: "big", bytes: 9_997 },
    { name: "etc", bytes: 3 },
  ]);
  assertEquals(
    contentsOf([file("big", 9_000), file("a", 4), file("b", 2)]).children,
    [{ name: "big", bytes: 9_000 }, { name: "other (2)", bytes: 6 }],
  );
});

Deno.test("contents: sums up what is beyond the twelve largest", () => {
  const { children } = contentsOf(
    Array.from({ length: 20 }, (_, i) => file(`f${i}`, 100 + i)),
  );
  assertEquals(children?.length, 13);
  assertEquals(children?.[0], { name: "f19", bytes: 119 });
  assertEquals(children?.[12].name, "other (8)");
});

Deno.test("contents: a hard link adds nothing", () => {
  const { children } = contentsOf([file("a/x", 5), hardlink("b/x", "a/x")]);
  assertEquals(children, [{ name: "a/x", bytes: 5 }]);
});

Deno.test("contents: few nodes for many files, however deep", () => {
  const wide = Array.from(
    { length: 50_000 },
    (_, i) => file(`${i % 7}/${i % 77}/${i % 777}/${i}`, 1 + i % 5),
  );
  assert(countNodes(contentsOf(wide)) < 600);
  const deep = Array.from(
    { length: 1_000 },
    (_, i) => file(`${"d/".repeat(i)}f`, 10),
  );
  assert(countNodes(contentsOf(deep)) < 600);
});

/** Accounts for an image, and holds what must be true of every image. */
function account(image: Image) {
  const root = rootfs(image);
  const result = waste(image, root);
  const sum = result.wasted.reduce((sum, { bytes }) => sum + bytes, 0);
  assertEquals(sum, result.wasteBytes);
  assertEquals(result.sizeBytes - root.bytes, result.wasteBytes);
  return result;
}

/** `path bytes writtenBy>coveredBy how` of each wasted path. */
function lines(image: Image): string[] {
  return account(image).wasted.map((wasted) =>
    `${wasted.path} ${wasted.bytes} ${wasted.writtenBy}>${wasted.coveredBy} ${wasted.how}`
  );
}

Deno.test("waste: a folder that a later layer deletes is all waste", () => {
  const { sizeBytes, wasteBytes, efficiency, wasted } = account(image([
    layer(
      "RUN /bin/sh -c install",
      directory("opt/big"),
      file("opt/big/a", 1_000_000),
      file("opt/big/sub/b", 500_000),
      file("opt/keep", 500_000),
    ),
    layer(
      "RUN /bin/sh -c rm -rf /opt/big",
      directory("opt"),
      whiteout("opt/big"),
    ),
  ]));
  assertEquals(sizeBytes, 2_000_000);
  assertEquals(wasteBytes, 1_500_000);
  assertEquals(efficiency, 0.25);
  assertEquals(wasted, [{
    path: "/opt/big/",
    bytes: 1_500_000,
    files: 2,
    writtenBy: 0,
    coveredBy: 1,
    how: "deleted",
    advice: "Delete it in the same RUN that writes it",
  }]);
});

Deno.test("waste: a file overwritten once counts once", () => {
  const twice = image([
    layer("COPY a /a", file("a", 100)),
    layer("COPY b /a", file("a", 70)),
  ]);
  assertEquals(account(twice).sizeBytes, 170);
  assertEquals(lines(twice), ["/a 100 0>1 overwritten"]);
});

Deno.test("waste: each lost copy counts once", () => {
  assertEquals(
    lines(image([
      layer("", file("a", 100)),
      layer("RUN x", file("a", 70)),
      layer("RUN y", file("a", 50)),
      layer("RUN z", whiteout("a")),
    ])),
    ["/a 100 0>1 overwritten", "/a 70 1>2 overwritten", "/a 50 2>3 deleted"],
  );
});

Deno.test("waste: a single layer has none", () => {
  const { efficiency, wasted } = account(image([layer("", file("a", 9))]));
  assertEquals([efficiency, wasted], [1, []]);
});

Deno.test("waste: an empty image, or one of empty files, is efficient", () => {
  assertEquals(account(image([])).efficiency, 1);
  const empty = image([layer("", file("a", 0)), layer("", whiteout("a"))]);
  assertEquals(account(empty).efficiency, 1);
});

Deno.test("waste: a layer that only deletes", () => {
  const { sizeBytes, efficiency } = account(image([
    layer("", file("a", 9), file("b", 1)),
    layer("RUN rm a b", whiteout("a"), whiteout("b")),
  ]));
  assertEquals([sizeBytes, efficiency], [10, 0]);
});

Deno.test("waste: a copy with another mode only is metadata", () => {
  assertEquals(
    lines(image([
      layer("COPY a b /", file("a", 10), file("b", 20, { sha256: "b" })),
      layer(
        "RUN chmod",
        file("a", 10, { mode: 0o755 }),
        file("b", 20, { sha256: "other" }),
      ),
    ])),
    ["/b 20 0>1 overwritten", "/a 10 0>1 metadata"],
  );
});

Deno.test("waste: a hard link keeps its file until its last name is gone", () => {
  const layers = [
    layer("", file("a", 10), hardlink("b", "a")),
    layer("RUN rm a", whiteout("a")),
    layer("RUN rm b", whiteout("b")),
  ];
  assertEquals(lines(image(layers.slice(0, 2))), []);
  assertEquals(lines(image(layers)), ["/b 10 0>2 deleted"]);
});

Deno.test("waste: a file that is covered stays while a hard link names it", () => {
  const covered = image([
    layer("", file("a", 10), hardlink("b", "a")),
    layer("", file("a", 7)),
  ]);
  assertEquals(lines(covered), []);
  assertEquals(rootfs(covered).bytes, 17);
});

Deno.test("waste: chmod of two hard links copies them up once", () => {
  const both = image([
    layer("", file("a", 10), hardlink("b", "a")),
    layer("RUN chmod +x a b", file("a", 10, { mode: 0o755 }), {
      ...hardlink("b", "a"),
      mode: 0o755,
    }),
  ]);
  assertEquals(lines(both), ["/b 10 0>1 metadata"]);
});

Deno.test("waste: what an opaque folder hides was deleted", () => {
  const recreated = (...old: string[]) =>
    lines(image([
      layer("", directory("d"), ...old.map((path) => file(path, 10))),
      layer("", directory("d"), file("d/new", 5), opaque("d")),
    ]));
  assertEquals(recreated("d/old"), ["/d/old 10 0>1 deleted"]);
  assertEquals(recreated("d/a", "d/b/c"), ["/d/ 20 0>1 deleted"]);
  assertEquals(
    lines(image([
      layer("", file("a", 1), file("b", 2)),
      layer("", opaque("")),
    ])),
    ["/ 3 0>1 deleted"],
  );
});

Deno.test("waste: a path that occurs twice in a layer is no waste", () => {
  const twice = image([layer("", file("a", 10), file("a", 4))]);
  assertEquals(account(twice).sizeBytes, 4);
});

Deno.test("waste: a folder replaced by a file", () => {
  assertEquals(
    lines(image([
      layer("", file("d/x", 10), file("d/y", 3)),
      layer("", file("d", 1)),
    ])),
    ["/d/ 13 0>1 overwritten"],
  );
});

Deno.test("waste: what chown -R copies is one line", () => {
  const names = Array.from({ length: 400 }, (_, i) => `srv/lib/${i}`);
  const chown = { uid: 1000, gid: 1000 };
  const { wasted } = account(image([
    layer("RUN pnpm install", ...names.map((name, i) => file(name, 10 + i))),
    layer(
      "RUN chown -R app:app /srv",
      ...names.map((name, i) => file(name, 10 + i, chown)),
    ),
  ]));
  assertEquals(wasted.map(({ path, files, advice }) => [path, files, advice]), [
    ["/srv/lib/", 400, "Run chown in the same RUN that writes it"],
  ]);
});

Deno.test("waste: of what was overwritten the ten largest are listed, and the rest by folder", () => {
  const names = Array.from({ length: 350 }, (_, i) => `opt/lib/${i}`);
  const { wasted } = account(image([
    layer("RUN a", ...names.map((name, i) => file(name, 1000 + i))),
    layer("RUN b", ...names.map((name, i) => file(name, 2000 + i))),
  ]));
  assertEquals(wasted.length, 11);
  const rest = wasted.find(({ files }) => files !== undefined);
  assertEquals([rest?.path, rest?.files], ["/opt/lib/", 340]);
  // Summing up a single one would hide its name.
  const eleven = names.slice(0, 11);
  const few = account(image([
    layer("RUN a", ...eleven.map((name, i) => file(name, 1000 + i))),
    layer("RUN b", ...eleven.map((name, i) => file(name, 2000 + i))),
  ]));
  assertEquals(few.wasted.length, 11);
});

Deno.test("waste: no advice loses a capability", () => {
  const capabilities = "0100000200040000000000000000000000000000";
  const copy = file("server", 9);
  const held = file("server", 9, { capabilities });
  for (
    const [before, after] of [
      [copy, held],
      [held, { ...held, mode: 0o700 }],
      [held, { ...copy, uid: 7 }],
    ]
  ) {
    const [{ advice }] = account(image([
      layer("FROM", file("base", 1)),
      layer("COPY server /", before),
      layer("RUN setcap", after),
    ])).wasted;
    assertEquals(
      advice,
      "Set mode, owner and capabilities in an earlier stage, chown before setcap, and COPY --from it once: that keeps the capabilities",
    );
  }
});

Deno.test("waste: without a history, no advice guesses what made the layers", () => {
  const { wasted } = account(image([
    layer("", file("a", 4), file("b", 3), file("c", 2), file("d", 1)),
    layer("", whiteout("a"), file("b", 5), file("c", 2, { mode: 0o700 })),
    layer("", whiteout("d"), file("e/d", 1)),
  ]));
  assertEquals(wasted.map(({ path, advice }) => [path, advice]), [
    [
      "/a",
      "Leave it out of the layer that brings it: deleting it later frees nothing",
    ],
    ["/b", "Write it once, in the last layer that changes it"],
    [
      "/c",
      "Set mode, owner and time in the layer that brings it: later it is copied whole",
    ],
    [
      "/d",
      "Write it to where it is moved to at once: moving it copies it whole",
    ],
  ]);
});

/** The advice for a file written by one instruction and covered by another. */
function adviceFor(
  [writer, before]: [string, Entry],
  [cover, after]: [string, Entry],
): string {
  const tested = image([
    layer("FROM", file("base", 1)),
    layer(writer, before),
    layer(cover, after),
  ]);
  const { wasted } = waste(tested, rootfs(tested));
  assertEquals(wasted.length, 1);
  return wasted[0].advice;
}

const plain = file("a", 10);

Deno.test("waste: advice for what was copied, then chmod", () => {
  assertEquals(
    adviceFor(["COPY a /", plain], [
      "RUN chmod 755 /a",
      file("a", 10, { mode: 0o755 }),
    ]),
    "Use COPY --chmod=755 in place of a later chmod",
  );
});

Deno.test("waste: advice for what was copied, then chown and chmod", () => {
  assertEquals(
    adviceFor(["ADD a /", plain], [
      "RUN x",
      file("a", 10, { mode: 0o500, uid: 65532, gid: 65532 }),
    ]),
    "Use ADD --chmod=500 --chown=65532:65532 in place of a later chmod and chown",
  );
});

Deno.test("waste: advice for what was copied, then touched", () => {
  assertEquals(
    adviceFor(["COPY a /", plain], ["RUN touch /a", { ...plain, mtime: 5 }]),
    "Write it once: drop what touches it after the COPY",
  );
});

Deno.test("waste: advice for what was made by RUN, then chown", () => {
  assertEquals(
    adviceFor(["RUN make", plain], ["RUN chown", file("a", 10, { uid: 7 })]),
    "Run chown in the same RUN that writes it",
  );
});

Deno.test("waste: advice for what was made by RUN, then deleted", () => {
  assertEquals(
    adviceFor(["RUN apt-get update", plain], ["RUN rm /a", whiteout("a")]),
    "Delete it in the same RUN that writes it",
  );
});

Deno.test("waste: advice for what was copied, then deleted", () => {
  assertEquals(
    adviceFor(["COPY a.tgz /", plain], ["RUN rm /a", whiteout("a")]),
    "Leave it out of the COPY, or read it with RUN --mount=type=bind",
  );
  assertEquals(
    adviceFor(["COPY --from=build /x /", plain], ["RUN rm /a", whiteout("a")]),
    "Copy only what is needed from the other stage, or delete it there",
  );
});

Deno.test("waste: advice for what was copied twice, or moved", () => {
  assertEquals(
    adviceFor(["COPY . /", plain], ["COPY a /", { ...plain, mtime: 5 }]),
    "Copy it once: leave it out of the first COPY",
  );
  const tested = image([
    layer("FROM", file("base", 1)),
    layer("COPY . /", plain),
    layer("RUN mv /a /b", whiteout("a"), { ...plain, path: "b" }),
  ]);
  assertEquals(
    waste(tested, rootfs(tested)).wasted[0].advice,
    "Write it to where it is moved to at once: moving it copies it whole",
  );
});

Deno.test("waste: advice for what was written twice", () => {
  const other = file("a", 11);
  assertEquals(
    adviceFor(["COPY . /", plain], ["COPY a /", other]),
    "Copy it once: leave it out of the first COPY",
  );
  assertEquals(
    adviceFor(["COPY . /", plain], ["RUN sed -i s/a/b/ /a", other]),
    "Change it before the COPY, in an earlier stage or in the context",
  );
  assertEquals(
    adviceFor(["RUN x", plain], ["RUN y", other]),
    "Join the two RUN instructions, or write it in the last one only",
  );
});

Deno.test("waste: advice for what was a base image's own files", () => {
  for (
    const [after, expected] of [
      [
        whiteout("a"),
        "Start from a base image without it: deleting it later frees nothing",
      ],
      [
        file("a", 11),
        "Start from a base image that has it right, or change it less often",
      ],
      [
        file("a", 10, { mode: 0o600 }),
        "Leave the base image's file as it is: chmod copies it whole",
      ],
    ] as const
  ) {
    const tested = image([
      layer("ADD file:1234 in /", plain),
      layer("RUN x", after),
    ]);
    assertEquals(waste(tested, rootfs(tested)).wasted[0].advice, expected);
  }
});
