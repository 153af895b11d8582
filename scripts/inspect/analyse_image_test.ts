import { assert, assertEquals } from "@std/assert";
import { variantSchema } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { analyseImage } from "./analyse_image.ts";
import { launcherOf } from "../deno_binary/split.ts";
import type { Found } from "./found.ts";
import { probe } from "./probe.ts";
import {
  payloadFixture,
  programFixture,
  splitFixture,
} from "../../testing/program.ts";
import {
  directory,
  file,
  image,
  layer,
  whiteout,
} from "../../testing/image.ts";

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
