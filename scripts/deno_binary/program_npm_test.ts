import { assertEquals } from "@std/assert";
import { npmPackageOf, parseResolution } from "./program_npm.ts";

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
    const found = npmPackageOf(path);
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
    assertEquals(npmPackageOf(path), undefined, path);
  }
});

Deno.test("npmPackageOf() tells the file within the package", () => {
  const path = "x/node_modules/@s/a/lib/package.json";
  assertEquals(npmPackageOf(path), {
    name: "@s/a",
    version: undefined,
    folder: "x/node_modules/@s/a",
    file: "lib/package.json",
  });
});

/** A table as `deno compile` writes it. */
function table(parts: (string | number)[]): Uint8Array {
  const bytes = parts.flatMap((part) => {
    const text = typeof part === "string" ? new TextEncoder().encode(part) : [];
    const number = typeof part === "string" ? text.length : part;
    return [
      ...new Uint8Array(new Uint32Array([number]).buffer),
      ...text,
    ];
  });
  return new Uint8Array(bytes);
}

const RESOLUTION = [
  ...[3, "@s/a@1.0.0", "b@2.0.0_c@3.0.0", "c@3.0.0"],
  ...[1, "@s/a@^1", 0],
  ...[1, "b", 1],
  ...[1, "c", 2],
  ...[0],
];

Deno.test("parseResolution() reads who asks for whom, peers left out", () => {
  const found = parseResolution(table(RESOLUTION));
  assertEquals(found?.roots, ["@s/a@1.0.0"]);
  assertEquals([...found?.dependencies ?? []], [
    ["@s/a@1.0.0", ["b@2.0.0"]],
    ["b@2.0.0", ["c@3.0.0"]],
    ["c@3.0.0", []],
  ]);
});

Deno.test("parseResolution() takes no table of another form", () => {
  const whole = table(RESOLUTION);
  for (let end = 0; end < whole.length; end++) {
    assertEquals(parseResolution(whole.subarray(0, end)), undefined, `${end}`);
  }
  assertEquals(parseResolution(table([...RESOLUTION, 0])), undefined);
  assertEquals(parseResolution(table([0, 1, "a", 7])), undefined);
  assertEquals(parseResolution(table([0xffffffff])), undefined);
});
