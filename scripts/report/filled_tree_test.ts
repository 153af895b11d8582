import { minimalVariant } from "../../testing/report.ts";
import { scratch } from "../../testing/report_variants.ts";
import type { Program } from "../deno_binary/program_schema.ts";
import { applicationText, filledLeaves, filledTree } from "./filled_tree.ts";
import { assertEquals } from "@std/assert";

Deno.test("filledTree() takes the program apart", () => {
  const tree = filledTree(scratch());
  assertEquals(
    filledLeaves(tree).map(({ path, bytes, kind }) => [path, bytes, kind]),
    [
      ["/hello: Deno runtime", 81_400_000, "runtime"],
      ["/lib/x86_64-linux-gnu", 13_400_000, "path"],
      ["/hello: your code", 600_000, "code"],
    ],
  );
});

Deno.test("filledTree() has packages apart from the service's own code", () => {
  const variant = scratch();
  const parts = { own: 4, remote: 6, npm: 90, assets: 0, metadata: 10 };
  Object.assign(variant.program!, { parts, applicationBytes: 110 });
  assertEquals(
    filledLeaves(filledTree(variant)).slice(-2)
      .map(({ name, bytes, kind }) => [name, bytes, kind]),
    [["packages", 96, "code"], ["your code", 14, "code"]],
  );
});

Deno.test("filledTree() leaves another file of that name alone", () => {
  const variant = scratch();
  if (variant.program) variant.program.path = "/lib/hello";
  assertEquals(
    filledLeaves(filledTree(variant)).map(({ kind }) => kind),
    ["path", "path"],
  );
});

Deno.test("filledTree() shows the two files of a split program as what they are", () => {
  const variant = scratch();
  if (variant.program) variant.program.runtimePath = "/hello";
  if (variant.program) variant.program.path = "/lib/x86_64-linux-gnu";
  assertEquals(
    filledLeaves(filledTree(variant)).map(({ path, kind }) => [path, kind]),
    [["/hello", "runtime"], ["/lib/x86_64-linux-gnu", "code"]],
  );
});

Deno.test("filledLeaves() of an empty image are none", () => {
  assertEquals(filledLeaves(filledTree(minimalVariant())), []);
});

Deno.test("applicationText() tells own modules from packages", () => {
  const program: Program = {
    path: "/hello",
    bytes: 90,
    runtimeBytes: 1,
    applicationBytes: 89,
    modules: [],
    npm: [],
  };
  assertEquals(applicationText(program), "your code");
  const parts = {
    own: 2000,
    remote: 0,
    npm: 5_000_000,
    assets: 0,
    metadata: 7,
  };
  assertEquals(
    applicationText({ ...program, parts }),
    "application: 2 kB own modules, 5 MB npm packages, 7 B metadata",
  );
});
