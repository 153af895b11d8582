import { assertEquals } from "@std/assert";
import { newerTag } from "./newer_tag.ts";

Deno.test("newerTag() compares numbers, not text", () => {
  assertEquals(newerTag("2.9.7", ["2.9.6", "2.10.0", "2.9.8"]), "2.10.0");
  assertEquals(newerTag("v1.9", ["v1.10", "v1.2"]), "v1.10");
  assertEquals(newerTag("2.9.7", ["2.9.7", "2.9.6"]), undefined);
  assertEquals(newerTag("2.9.7", []), undefined);
});

Deno.test("newerTag() keeps to the shape of the tag", () => {
  const tags = [
    "2.9.9",
    "alpine-2.9.9",
    "debian-2.9.9-rc.1",
    "debian-2.10",
    "debian-3.0.0.1",
    "debian-2.9.8",
    "latest",
  ];
  assertEquals(newerTag("debian-2.9.7", tags), "debian-2.9.8");
  assertEquals(newerTag("2.9.7", tags), "2.9.9");
  assertEquals(newerTag("3.20-slim", ["3.21", "3.21-slim"]), "3.21-slim");
});

Deno.test("newerTag() sees no version in a name, a year or a hash", () => {
  const tags = ["nonroot", "debug", "20300101", "14"];
  for (const tag of ["nonroot", "20240101", "13", "latest"]) {
    assertEquals(newerTag(tag, tags), undefined, tag);
  }
});
