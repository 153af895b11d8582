import { assert, assertEquals } from "@std/assert";
import { variantSchema } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { analyseImage, contents } from "./analyse_image.ts";
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
  whiteout,
} from "../../testing/image.ts";
import type { Entry } from "../image/model.ts";
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
