import { assertEquals } from "@std/assert";
import { npmPackageOf } from "./program_npm.ts";

const CACHE = ".deno_compile_node_modules/localhost";

Deno.test("npmPackageOf() tells name and version from the path", () => {
  const cases: [string, string | undefined][] = [
    [`${CACHE}/commander/14.0.3/lib/a.js`, "commander@14.0.3"],
    [`${CACHE}/@noble/hashes/1.4.0/a.js`, "@noble/hashes@1.4.0"],
    [`${CACHE}/ws/8.0.0_2/index.js`, "ws@8.0.0"],
    [`${CACHE}/_jjju6tstorzgkyln/1.3.5/index.js`, "JSONStream@1.3.5"],
    [`${CACHE}/a/1.0.0-rc.1/node_modules/b/index.js`, "a@1.0.0-rc.1"],
    ["node_modules/.deno/ajv@8.17.1/node_modules/ajv/a.js", "ajv@8.17.1"],
    [
      "node_modules/.deno/@s+x@1.0.0_1/node_modules/@s/x/a.js",
      "@s/x@1.0.0",
    ],
    [
      "app/node_modules/.pnpm/x@2.0.0(y@1.0.0)/node_modules/x/a.js",
      "x@2.0.0",
    ],
    [
      "node_modules/.deno/a@1.0.0/node_modules/a/node_modules/b/b.js",
      "b@undefined",
    ],
    ["node_modules/a/index.js", "a@undefined"],
    ["node_modules/@s/a/index.js", "@s/a@undefined"],
  ];
  for (const [path, expected] of cases) {
    const found = npmPackageOf(path.split("/"));
    assertEquals(found && `${found.name}@${found.version}`, expected, path);
  }
});

Deno.test("npmPackageOf() gives nothing for files of no package", () => {
  const paths = [
    "main.ts",
    "node_modules",
    "node_modules/stray.js",
    "node_modules/@scope/stray.js",
    "node_modules/.package-lock.json",
    "node_modules/.bin/tsc",
    "node_modules/.deno/.deno.lock",
    `${CACHE}/commander/registry.json`,
    `${CACHE}/@scope/name/1.0.0`,
    CACHE,
    "",
  ];
  for (const path of paths) {
    assertEquals(npmPackageOf(path.split("/")), undefined, path);
  }
});

Deno.test("npmPackageOf() tells the file within the package", () => {
  const path = "x/node_modules/@s/a/lib/package.json".split("/");
  assertEquals(npmPackageOf(path), {
    name: "@s/a",
    version: undefined,
    folder: "x/node_modules/@s/a",
    file: "lib/package.json",
  });
});
