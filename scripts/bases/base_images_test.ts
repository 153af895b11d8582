import { assertEquals } from "@std/assert";
import { baseImages, pinImages } from "./base_images.ts";

const TEXT = `# FROM comment:1
ARG BUILDER=denoland/deno:debian-2.9.7
ARG VERSION="13"
ARG OPEN
FROM --platform=$BUILDPLATFORM \${BUILDER} AS build
RUN echo FROM none:1
FROM debian:$VERSION AS other
FROM build AS test
FROM $OPEN
FROM \${OPEN:-fallback:1}
FROM scratch
COPY --from=build /a /a
COPY --from=0 /a /b
COPY --chown=1 --from=tools.example/x:2 /a /c
`;

Deno.test("baseImages() finds what has to be pulled", () => {
  assertEquals(baseImages(TEXT), [
    { reference: "denoland/deno:debian-2.9.7", argument: "BUILDER" },
    { reference: "debian:13" },
    { reference: "fallback:1" },
    { reference: "tools.example/x:2" },
  ]);
});

Deno.test("baseImages() reads what is pinned", () => {
  const pinned = `a.example/b:1@sha256:${"0".repeat(64)}`;
  assertEquals(baseImages(`ARG A=${pinned}\nFROM $A\n`), [
    { reference: pinned, argument: "A" },
  ]);
});

Deno.test("pinImages() changes the name and nothing else", () => {
  const pins = new Map([
    ["denoland/deno:debian-2.9.7", "denoland/deno:debian-2.9.7@sha256:1"],
    ["tools.example/x:2", "tools.example/x:2@sha256:2"],
    ["none:1", "wrong"],
    ["comment:1", "wrong"],
  ]);
  const changed = pinImages(TEXT, pins).split("\n");
  const before = TEXT.split("\n");
  assertEquals(changed.filter((line, index) => line !== before[index]), [
    "ARG BUILDER=denoland/deno:debian-2.9.7@sha256:1",
    "COPY --chown=1 --from=tools.example/x:2@sha256:2 /a /c",
  ]);
  assertEquals(changed.length, before.length);
});

Deno.test("pinImages() keeps quotes, blanks and line ends", () => {
  const pins = new Map([["a:1", "a:1@sha256:3"]]);
  assertEquals(
    pinImages("ARG A='a:1'\r\n  from  a:1  AS b\r\nARG X=a:12\n", pins),
    "ARG A='a:1@sha256:3'\r\n  from  a:1@sha256:3  AS b\r\nARG X=a:12\n",
  );
});
