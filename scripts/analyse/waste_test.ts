import { assertEquals } from "@std/assert";
import type { Image } from "../model.ts";
import {
  directory,
  file,
  hardlink,
  image,
  layer,
  opaque,
  symlink,
  whiteout,
} from "./image_fixture.ts";
import { rootfs } from "./rootfs.ts";
import { waste } from "./waste.ts";

function accounts(image: Image) {
  const root = rootfs(image);
  const result = waste(image, root);
  const sum = result.wasted.reduce((sum, { bytes }) => sum + bytes, 0);
  assertEquals(sum, result.wasteBytes);
  assertEquals(result.sizeBytes - root.bytes, result.wasteBytes);
  return { ...result, rootfsBytes: root.bytes };
}

Deno.test("waste: a folder that a later layer deletes is all waste", () => {
  const { sizeBytes, wasteBytes, efficiency, wasted } = accounts(image([
    layer(
      "RUN /bin/sh -c install",
      directory("opt/big"),
      file("opt/big/a", 1_000_000),
      file("opt/big/sub/b", 500_000),
      file("opt/keep", 500_000),
    ),
    layer(
      "RUN /bin/sh -c rm -rf /opt/big",
      directory("opt"),
      whiteout("opt/big"),
    ),
  ]));
  assertEquals(sizeBytes, 2_000_000);
  assertEquals(wasteBytes, 1_500_000);
  assertEquals(efficiency, 0.25);
  assertEquals(wasted, [{
    path: "/opt/big/",
    bytes: 1_500_000,
    files: 2,
    writtenBy: 0,
    coveredBy: 1,
    how: "deleted",
    advice: "Delete it in the same RUN that writes it",
  }]);
});

Deno.test("waste: a file overwritten once counts once", () => {
  const { sizeBytes, wasteBytes, wasted } = accounts(image([
    layer("COPY a /a", file("a", 100)),
    layer("COPY b /a", file("a", 70)),
  ]));
  assertEquals([sizeBytes, wasteBytes], [170, 100]);
  assertEquals(wasted.map((w) => [w.path, w.bytes, w.how]), [
    ["/a", 100, "overwritten"],
  ]);
});

Deno.test("waste: each lost copy counts once", () => {
  const { wasted } = accounts(image([
    layer("", file("a", 100)),
    layer("RUN x", file("a", 70)),
    layer("RUN y", file("a", 50)),
    layer("RUN z", whiteout("a")),
  ]));
  assertEquals(wasted.map((w) => [w.bytes, w.writtenBy, w.coveredBy, w.how]), [
    [100, 0, 1, "overwritten"],
    [70, 1, 2, "overwritten"],
    [50, 2, 3, "deleted"],
  ]);
});

Deno.test("waste: a single layer has none", () => {
  const { efficiency, wasted } = accounts(image([layer("", file("a", 9))]));
  assertEquals([efficiency, wasted], [1, []]);
});

Deno.test("waste: an empty image, or empty files, are used fully", () => {
  assertEquals(accounts(image([])).efficiency, 1);
  assertEquals(
    accounts(image([layer("", file("a", 0)), layer("", whiteout("a"))]))
      .efficiency,
    1,
  );
});

Deno.test("waste: a layer that only deletes", () => {
  const { sizeBytes, efficiency } = accounts(image([
    layer("", file("a", 9), file("b", 1)),
    layer("RUN rm a b", whiteout("a"), whiteout("b")),
  ]));
  assertEquals([sizeBytes, efficiency], [10, 0]);
});
