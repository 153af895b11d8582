import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArchiveError } from "./archive_error.ts";
import { normalisePath } from "./tar_header.ts";

Deno.test("normalisePath() cuts what does not matter", () => {
  const cases: [string, string][] = [
    ["a/b", "a/b"],
    ["./a//b/", "a/b"],
    ["./", ""],
    [".", ""],
    ["/", ""],
    ["", ""],
    ["//", ""],
    ["/etc/passwd", "etc/passwd"],
    [".//etc", "etc"],
    ["././a", "a"],
    ["a/./b", "a/b"],
    ["a/../b", "b"],
    ["a/b/..", "a"],
    ["/../etc", "etc"],
    ["..a/...", "..a/..."],
    [".hidden", ".hidden"],
    [".wh..wh..opq", ".wh..wh..opq"],
    ["a\x1b[31m\n", "a\x1b[31m\n"],
  ];
  for (const [name, path] of cases) {
    assertEquals(normalisePath(name), path, name);
  }
});

Deno.test("normalisePath() refuses names that leave the image", () => {
  for (const name of ["..", "../a", "a/../../b", "./../a", "a/b/../../../c"]) {
    const error = assertThrows(() => normalisePath(name), ArchiveError);
    assertEquals(
      error.message,
      `a name leaves the image: ${JSON.stringify(name)}`,
    );
  }
});

Deno.test("normalisePath() refuses names that no system can hold", () => {
  assertEquals(normalisePath("a/".repeat(2048)).length, 4095);
  const error = assertThrows(
    () => normalisePath("a".repeat(4097)),
    ArchiveError,
  );
  assertEquals(
    error.message,
    `a name is longer than 4096 characters: "${"a".repeat(64)}"…`,
  );
});

Deno.test("normalisePath() ends where it began when applied twice", () => {
  const part = fc.constantFrom("", ".", "..", "a", "b c", "...", "é");
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    let path: string;
    try {
      path = normalisePath(parts.join("/"));
    } catch (error) {
      return error instanceof ArchiveError && parts.includes("..");
    }
    assertEquals(normalisePath(path), path);
    return path.split("/").every((each) => each !== "." && each !== "..");
  }));
});
