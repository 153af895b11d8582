import { assert, assertEquals } from "@std/assert";
import { variantSchema } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { analyseImage } from "./analyse_image.ts";
import type { Found } from "./found.ts";
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
