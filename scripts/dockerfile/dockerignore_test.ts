import { assertEquals } from "@std/assert";
import { parseDockerignore } from "./dockerignore.ts";

function kept(text: string, paths: string[]): string[] {
  const ignores = parseDockerignore(text);
  return paths.filter((path) => !ignores(path));
}

const PATHS = [
  ".git/config",
  "README.md",
  "docs/a.md",
  "docs/deep/b.md",
  "main.ts",
  "main_test.ts",
];

Deno.test("parseDockerignore() of nothing keeps all", () => {
  assertEquals(kept("", PATHS), PATHS);
  assertEquals(kept("# *\n\n", PATHS), PATHS);
});

Deno.test("parseDockerignore() denies all, then allows", () => {
  assertEquals(kept("*\n!main.ts\n!docs\n", PATHS), [
    "docs/a.md",
    "docs/deep/b.md",
    "main.ts",
  ]);
});

Deno.test("parseDockerignore(): the last pattern that matches decides", () => {
  assertEquals(kept("docs\n!docs/deep\ndocs/deep/b.md", PATHS), [
    ".git/config",
    "README.md",
    "main.ts",
    "main_test.ts",
  ]);
});

Deno.test("parseDockerignore(): stars, and where a pattern begins", () => {
  assertEquals(kept("*.md", PATHS).includes("docs/a.md"), true);
  assertEquals(kept("**/*.md", PATHS), [
    ".git/config",
    "main.ts",
    "main_test.ts",
  ]);
  assertEquals(kept("docs/*/b.md\n/.git/\n./README.md", PATHS), [
    "docs/a.md",
    "main.ts",
    "main_test.ts",
  ]);
  assertEquals(
    kept("main?test.ts\nmain.t[rs]", PATHS).includes("main.ts"),
    false,
  );
  assertEquals(kept("main+ts\nmain", PATHS), PATHS);
});
