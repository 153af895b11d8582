import { assertEquals } from "@std/assert";
import { parseReference } from "./parse_reference.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

Deno.test("parseReference() knows whom to ask and for what", () => {
  const asked = (text: string) => {
    const found = parseReference(text);
    return found && [found.registry, found.repository, found.tag];
  };
  const hub = "registry-1.docker.io";
  assertEquals(asked("debian"), [hub, "library/debian", undefined]);
  assertEquals(asked("docker.io/debian:13"), [hub, "library/debian", "13"]);
  assertEquals(asked("denoland/deno:debian-2.9.7"), [
    hub,
    "denoland/deno",
    "debian-2.9.7",
  ]);
  assertEquals(asked("gcr.io/distroless/cc-debian13:nonroot"), [
    "gcr.io",
    "distroless/cc-debian13",
    "nonroot",
  ]);
  assertEquals(asked("localhost/a"), ["localhost", "a", undefined]);
  assertEquals(asked("127.0.0.1:5000/a/b:1"), ["127.0.0.1:5000", "a/b", "1"]);
  assertEquals(asked("[::1]:5000/a:1"), ["[::1]:5000", "a", "1"]);
});

Deno.test("parseReference() takes tag and digest together", () => {
  assertEquals(parseReference(`a.example:1/b:2@${DIGEST}`), {
    name: "a.example:1/b",
    registry: "a.example:1",
    repository: "b",
    tag: "2",
    digest: DIGEST,
  });
  assertEquals(parseReference(`debian@${DIGEST}`)?.tag, undefined);
});

Deno.test("parseReference() refuses what no registry can have", () => {
  for (
    const text of [
      "",
      "UPPER",
      "a b",
      "a/../b",
      "a//b",
      "a:",
      "a@sha256:12",
      "user@host.example/a",
      "a.example/b?c=d",
      "$IMAGE",
      "http://a.example/b",
    ]
  ) assertEquals(parseReference(text), undefined, text);
});
