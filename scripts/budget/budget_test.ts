import { parseJson } from "../lib/parse_json.ts";
import { UserError } from "../lib/errors.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";
import type { Report, Variant } from "../report/report_schema.ts";
import { minimalVariant } from "../../testing/report.ts";
import {
  type Budget,
  budgetSchema,
  checkBudget,
  explainGrowth,
  holdBudget,
  type Rules,
} from "./budget.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";

Deno.test("budgetSchema reads sizes, durations and shares as numbers", () => {
  const read = (rules: unknown): Rules | undefined =>
    parseJson(JSON.stringify({ all: rules }), "budget.json", budgetSchema).all;
  assertEquals(read({ size: "100 MB" }), { size: 100_000_000 });
  assertEquals(read({ size: "64MiB" }), { size: 67_108_864 });
  assertEquals(read({ size: "1.5 kB" }), { size: 1_500 });
  assertEquals(read({ start: "300 ms" }), { start: 300 });
  assertEquals(read({ start: "1.5 s" }), { start: 1_500 });
  assertEquals(read({ layers: 3 }), { layers: 3 });
});

Deno.test("budgetSchema fills in the floors of growth", () => {
  const budget: Budget = parseJson(
    '{"all":{"growth":{"size":"5 %"}}}',
    "budget.json",
    budgetSchema,
  );
  assertEquals(budget.all?.growth, {
    size: 5,
    floor: 1_000_000,
    startFloor: 50,
  });
});

Deno.test("budgetSchema refuses what it does not know, with a suggestion", () => {
  const refuse = (text: string) =>
    assertThrows(() => parseJson(text, "budget.json", budgetSchema), UserError);
  assertStringIncludes(
    refuse('{"variants":{"scratch":{"sizes":"1 MB"}}}').message,
    'variants.scratch: unknown key "sizes", did you mean "size"?',
  );
  assertStringIncludes(refuse('{"all":{"size":100}}').message, "all.size");
  assertStringIncludes(refuse('{"all":{"size":"100 mb"}}').message, '"100 MB"');
  assertStringIncludes(refuse('{"all":{"layers":-1}}').message, "all.layers");
});

function variant(name: string, change: Partial<Variant> = {}): Variant {
  const { surface, ...least } = minimalVariant(name);
  return {
    ...least,
    sizeBytes: 50_000_000,
    layers: [{
      digest: `sha256:${"1".repeat(64)}`,
      instruction: "COPY",
      sizeBytes: 50_000_000,
      files: 3,
    }],
    rootfs: { bytes: 50_000_000, files: 3 },
    surface: { ...surface, runsAsRoot: false },
    contents: { name: "/", bytes: 50_000_000 },
    ...change,
  };
}

function report(...variants: Variant[]): Report {
  return {
    schemaVersion: 1,
    createdAt: "2026-01-01T00:00:00Z",
    baseline: variants[0]?.name ?? "",
    variants,
    failures: [],
    budgets: [],
  };
}

function hold(budget: unknown, now: Report, baseline?: Report) {
  return holdBudget(
    now,
    parseJson(JSON.stringify(budget), "budget.json", budgetSchema),
    baseline,
  );
}

Deno.test("holdBudget() passes at the limit and fails one byte above it", () => {
  const budget = { all: { size: "50 MB" } };
  assertEquals(hold(budget, report(variant("a"))), [{
    variant: "a",
    rule: "size",
    unit: "bytes",
    limit: 50_000_000,
    status: "pass",
    actual: 50_000_000,
  }]);
  assertEquals(
    hold(budget, report(variant("a", { sizeBytes: 50_000_001 })))[0].status,
    "fail",
  );
});

Deno.test("holdBudget() skips what was not measured", () => {
  const verdicts = hold({
    all: {
      pull: "1 MB",
      start: "1 s",
      memory: "1 MB",
      nextDeploy: "1 MB",
      contract: true,
    },
  }, report(variant("a")));
  assertEquals(verdicts.length, 5);
  for (const verdict of verdicts) {
    assertEquals(verdict.status, "skip");
    assertEquals(verdict.actual, undefined);
  }
});

Deno.test("holdBudget() puts a variant's own rules before those for all", () => {
  const budget = {
    all: { size: "1 MB", noShell: true },
    variants: { a: { size: "60 MB", noShell: false } },
  };
  const shell = { surface: { ...variant("a").surface, shells: ["bin/sh"] } };
  const verdicts = hold(
    budget,
    report(variant("a", shell), variant("b", shell)),
  );
  assertEquals(verdicts.map((v) => [v.variant, v.rule, v.status]), [
    ["a", "size", "pass"],
    ["b", "size", "fail"],
    ["b", "noShell", "fail"],
  ]);
});

Deno.test("holdBudget() says what stands against a fact", () => {
  const a = variant("a", {
    config: { ...variant("a").config, user: "root" },
    surface: {
      ...variant("a").surface,
      runsAsRoot: true,
      setuid: ["bin/su"],
      shells: ["bin/sh"],
    },
    contract: [{ name: "GET /", status: "fail" }, {
      name: "GET /x",
      status: "pass",
    }],
  });
  const verdicts = hold(
    { all: { notRoot: true, noShell: true, noSetuid: true, contract: true } },
    report(a),
  );
  assertEquals(verdicts.map((v) => [v.rule, v.status, v.detail]), [
    ["notRoot", "fail", 'user "root" is root'],
    ["noShell", "fail", "bin/sh"],
    ["noSetuid", "fail", "bin/su"],
    ["contract", "fail", "GET /"],
  ]);
});

Deno.test("holdBudget() names path and layer of a secret", () => {
  const secrets: Variant["secrets"] = [
    { path: "/app/.env", kind: "environment file", layer: 2, deletedBy: 3 },
    { path: "/x.db", kind: "database", layer: 1, program: "/hello" },
  ];
  const budget = { all: { noSecrets: true } };
  const [found] = hold(budget, report(variant("a", { secrets })));
  assertEquals([found.status, found.actual], ["fail", false]);
  assertStringIncludes(found.detail ?? "", "/app/.env");
  assertStringIncludes(found.detail ?? "", "layer 3");
  assertStringIncludes(found.detail ?? "", "/hello");
  const of = (secrets?: Variant["secrets"]) =>
    hold(budget, report(variant("a", { secrets })))[0].status;
  assertEquals([of([]), of()], ["pass", "skip"]);
});

Deno.test("holdBudget() lists every violation, counts and single layers too", () => {
  const [libc, musl] = ["libc6", "musl"]
    .map((name) => ({ name, version: "1", architecture: "amd64" }));
  const surface = {
    ...variant("a").surface,
    debianPackages: [libc],
    alpinePackages: [musl],
  };
  const verdicts = hold(
    { all: { layers: 0, layer: "49 MB", files: 2, packages: 0, waste: "0 B" } },
    report(variant("a", { wasteBytes: 1, surface })),
  );
  assertEquals(verdicts.map((v) => [v.rule, v.status, v.actual]), [
    ["layers", "fail", 1],
    ["layer", "fail", 50_000_000],
    ["waste", "fail", 1],
    ["files", "fail", 3],
    ["packages", "fail", 2],
  ]);
});

Deno.test("checkBudget() refuses a variant that is not there", () => {
  const budget: Budget = parseJson(
    '{"variants":{"scrach":{}}}',
    "budget.json",
    budgetSchema,
  );
  const error = assertThrows(
    () => checkBudget(budget, ["single-stage", "scratch"]),
    UserError,
  );
  assertStringIncludes(error.message, "scrach");
  assertEquals(error.next, 'Did you mean "scratch" by "scrach"?');
  checkBudget(budget, ["scrach"]);
});

Deno.test("holdBudget() allows growth up to the share or the floor, whichever is more", () => {
  const budget = { all: { growth: { size: "2 %", floor: "2 MB" } } };
  const before = report(variant("a"));
  const grown = (by: number) =>
    report(variant("a", { sizeBytes: 50_000_000 + by }));
  assertEquals(hold(budget, grown(2_000_000), before)[0].status, "pass");
  assertEquals(hold(budget, grown(2_000_001), before)[0], {
    variant: "a",
    rule: "growth.size",
    unit: "bytes",
    status: "fail",
    actual: 2_000_001,
    limit: 2_000_000,
    detail: "50 MB before, 52 MB now, 2 % allowed",
  });
  assertEquals(hold(budget, grown(-9_000_000), before)[0].status, "pass");
  // The floors are no rules of their own, whatever figures are called.
  assertEquals(hold(budget, grown(0), before).length, 1);
  const wide = { all: { growth: { size: "10 %" } } };
  assertEquals(hold(wide, grown(5_000_000), before)[0].status, "pass");
});

Deno.test("holdBudget() skips growth that cannot be told", () => {
  const budget = { all: { growth: { size: "2 %", start: "10 %" } } };
  const verdicts = (baseline?: Report) =>
    hold(budget, report(variant("a")), baseline).map((v) => v.detail);
  assertEquals(verdicts()[0], "no report was given with --baseline");
  assertEquals(
    verdicts(report(variant("b")))[0],
    "the baseline has no such variant",
  );
  assertEquals(verdicts(report(variant("a")))[1], "not measured in both runs");
});

Deno.test("holdBudget() holds what the program may connect to", () => {
  const statusOf = (permissions?: Variant["permissions"]) => {
    const [{ status, detail }] = hold(
      { all: { noEgress: true } },
      report(variant("a", { permissions })),
    );
    return [status, detail];
  };
  assertEquals(statusOf({ source: "binary", net: ["0.0.0.0"] }), [
    "pass",
    undefined,
  ]);
  assertEquals(statusOf({ source: "binary", net: ["db:5432"], run: "all" }), [
    "fail",
    "db:5432, any program it starts",
  ]);
  assertEquals(statusOf(), ["skip", "not looked at in this run"]);
});

function grown(change: {
  name?: string;
  layers: [string, number][];
  contents: TreeNode;
  npm?: [string, string, number][];
  deb?: [string, string][];
  apk?: [string, string][];
  gzip?: number;
}): Report {
  const installed = (packages: [string, string][] = []) =>
    packages.map(([name, version]) => ({ name, version }));
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
      debianPackages: installed(change.deb),
      alpinePackages: installed(change.apk),
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
  const before = grown({
    layers: [["FROM", 100], ["COPY app", 10]],
    contents: tree("/", tree("usr", ["lib", 100]), ["app", 10]),
    npm: [["hono", "4.0.0", 5]],
    deb: [["libc6", "2.40"]],
    gzip: 50,
  });
  const after = grown({
    layers: [["FROM", 100], ["COPY app", 30]],
    contents: tree("/", tree("usr", ["lib", 100]), ["app", 30]),
    npm: [["hono", "4.0.0", 5], ["zod", "4.0.0", 20]],
    deb: [["libc6", "2.41"]],
    apk: [["musl", "1.2.5"]],
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
      { name: "apk:musl@1.2.5", after: 0 },
      { name: "deb:libc6@2.40", before: 0 },
      { name: "deb:libc6@2.41", after: 0 },
    ],
  }]);
});

Deno.test("explainGrowth() keeps a directory whose parts changed differently", () => {
  const before = grown({
    layers: [],
    contents: tree("/", tree("d", ["x", 1], ["y", 1])),
  });
  const after = grown({
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
  const now = grown({ layers: [], contents: tree("/") });
  assertEquals(
    explainGrowth(now, grown({ name: "b", layers: [], contents: tree("/") })),
    [],
  );
  assertEquals("pull" in explainGrowth(now, now)[0], false);
});
