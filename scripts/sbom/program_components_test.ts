import { assertEquals } from "@std/assert";
import type { RuntimeItem } from "./inventory.ts";
import { programComponents, runtimeComponents } from "./program_components.ts";

const RUNTIME: RuntimeItem = {
  path: "/denort",
  sha256: "a".repeat(64),
  deno: "2.6.10",
  v8: "14.5.201.2-rusty",
};

Deno.test("runtimeComponents() has the same runtime and engine once, wherever they lie", () => {
  const parts = runtimeComponents([
    RUNTIME,
    { ...RUNTIME, path: "/hello" },
    RUNTIME,
    { path: "/other", deno: "2.6.9", v8: RUNTIME.v8 },
    { path: "/unknown" },
  ]);
  const same = `deno@2.6.10#${RUNTIME.sha256}`;
  assertEquals(
    parts.filter(({ root }) => root).map((part) => part["bom-ref"]),
    [same, "deno@2.6.9#/other", "deno@#/unknown"],
  );
  assertEquals(
    parts.map(({ name, version, evidence }) => [
      name,
      version,
      evidence?.occurrences?.map(({ location }) => location),
    ]),
    [
      ["deno", "2.6.10", ["/denort", "/hello"]],
      ["deno", "2.6.9", ["/other"]],
      ["deno", undefined, ["/unknown"]],
      ["v8", "14.5.201.2-rusty", ["/denort", "/hello", "/other"]],
    ],
  );
  assertEquals(parts.map(({ needs }) => needs), [
    ["v8@14.5.201.2-rusty"],
    ["v8@14.5.201.2-rusty"],
    [],
    undefined,
  ]);
});

Deno.test("programComponents() tells packages from modules, and who asks for whom", () => {
  const parts = programComponents({
    path: "/hello",
    sha256: "b".repeat(64),
    runtime: RUNTIME,
    modules: [
      { specifier: "main.ts" },
      { specifier: "https://jsr.io/@std/path/1.0.0/join.ts" },
      { specifier: "https://jsr.io/@std/path/1.0.0/mod.ts" },
      { specifier: "https://example.com/a b.js" },
    ],
    assets: [{ path: "page.html" }],
    npm: [
      { name: "@s/a", version: "1.0.0", dependencies: ["b@2.0.0", "c@3.0.0"] },
      { name: "b", version: "2.0.0" },
    ],
    npmRoots: ["@s/a@1.0.0"],
  });
  const needs = Object.fromEntries(
    parts.map((part) => [part["bom-ref"], part.needs ?? []]),
  );
  assertEquals(
    parts.filter(({ root }) => root).map((part) => part["bom-ref"]),
    ["file:/hello"],
  );
  const jsr = "file:/hello#pkg:generic/jsr.io/%40std/path@1.0.0";
  assertEquals(needs["file:/hello"], [
    `deno@2.6.10#${RUNTIME.sha256}`,
    "file:/hello#npm:@s/a@1.0.0",
    "file:/hello#main.ts",
    "file:/hello#https://example.com/a b.js",
    jsr,
    "file:/hello#page.html",
  ]);
  assertEquals(needs["file:/hello#npm:@s/a@1.0.0"], [
    "file:/hello#npm:b@2.0.0", // what is not in the program is not listed
  ]);
  assertEquals(needs[jsr].length, 2);
  const scoped = parts.find(({ name }) => name === "a");
  assertEquals([scoped?.group, scoped?.purl], ["@s", "pkg:npm/%40s/a@1.0.0"]);
  const remote = parts.find(({ name }) => name.startsWith("https://ex"));
  assertEquals(
    remote?.externalReferences?.[0].url,
    "https://example.com/a%20b.js",
  );
});
