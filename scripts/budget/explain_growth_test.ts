import { assertEquals } from "@std/assert";
import type { Report, Variant } from "../report/report_schema.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";
import { explainGrowth } from "./explain_growth.ts";

function report(change: {
  name?: string;
  layers: [string, number][];
  contents: TreeNode;
  npm?: [string, string, number][];
  deb?: [string, string][];
  gzip?: number;
}): Report {
  const variant = {
    name: change.name ?? "a",
    sizeBytes: change.contents.bytes,
    pullBytes: { gzip: change.gzip },
    layers: change.layers.map(([instruction, sizeBytes]) => ({
      instruction,
      sizeBytes,
    })),
    contents: change.contents,
    surface: {
      debianPackages: (change.deb ?? []).map(([name, version]) => ({
        name,
        version,
      })),
    },
    program: {
      modules: [],
      npm: (change.npm ?? []).map(([name, version, bytes]) => ({
        name,
        version,
        bytes,
      })),
    },
  };
  return { variants: [variant as unknown as Variant] } as unknown as Report;
}

function tree(
  name: string,
  ...children: (TreeNode | [string, number])[]
): TreeNode {
  const nodes = children.map((child) =>
    Array.isArray(child) ? { name: child[0], bytes: child[1] } : child
  );
  return {
    name,
    bytes: nodes.reduce((sum, node) => sum + node.bytes, 0),
    children: nodes,
  };
}

Deno.test("explainGrowth() says which layer, which path and which package", () => {
  const before = report({
    layers: [["FROM", 100], ["COPY app", 10]],
    contents: tree("/", tree("usr", ["lib", 100]), ["app", 10]),
    npm: [["hono", "4.0.0", 5]],
    deb: [["libc6", "2.40"]],
    gzip: 50,
  });
  const after = report({
    layers: [["FROM", 100], ["COPY app", 30]],
    contents: tree("/", tree("usr", ["lib", 100]), ["app", 30]),
    npm: [["hono", "4.0.0", 5], ["zod", "4.0.0", 20]],
    deb: [["libc6", "2.41"]],
    gzip: 55,
  });
  assertEquals(explainGrowth(after, before), [{
    variant: "a",
    size: { name: "size", before: 110, after: 130 },
    pull: { name: "pull", before: 50, after: 55 },
    layers: [{ name: "COPY app", before: 10, after: 30 }],
    paths: [{ name: "/app", before: 10, after: 30 }],
    packages: [
      { name: "npm:zod@4.0.0", after: 20 },
      { name: "deb:libc6@2.40", before: 0 },
      { name: "deb:libc6@2.41", after: 0 },
    ],
  }]);
});

Deno.test("explainGrowth() keeps a directory whose parts changed differently", () => {
  const before = report({
    layers: [],
    contents: tree("/", tree("d", ["x", 1], ["y", 1])),
  });
  const after = report({
    layers: [],
    contents: tree("/", tree("d", ["x", 5], ["y", 3])),
  });
  assertEquals(explainGrowth(after, before)[0].paths.map((path) => path.name), [
    "/d",
    "/d/x",
    "/d/y",
  ]);
});

Deno.test("explainGrowth() leaves out what it cannot tell", () => {
  const now = report({ layers: [], contents: tree("/") });
  assertEquals(
    explainGrowth(now, report({ name: "b", layers: [], contents: tree("/") })),
    [],
  );
  assertEquals("pull" in explainGrowth(now, now)[0], false);
});
