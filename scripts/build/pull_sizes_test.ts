import { assertEquals } from "@std/assert";
import type { Variant } from "../report/report_schema.ts";
import { withPull } from "./pull_sizes.ts";

const layers: Variant["layers"] = ["sha256:a", "sha256:b", "sha256:a"].map(
  (digest) => ({ digest, instruction: "COPY", sizeBytes: 10, files: 1 }),
);

Deno.test("withPull() counts a blob once, as a registry sends it", () => {
  const sizes = new Map([
    ["sha256:a", { gzipBytes: 4, zstdBytes: 3 }],
    ["sha256:b", { gzipBytes: 2, zstdBytes: 1 }],
  ]);
  const { layers: sized, pullBytes } = withPull(layers, sizes);
  assertEquals(pullBytes, { gzip: 6, zstd: 4 });
  assertEquals(sized.map((layer) => layer.gzipBytes), [4, 2, 4]);
});

Deno.test("withPull() gives no sum when a layer was not measured", () => {
  const sizes = new Map([["sha256:a", { gzipBytes: 4 }]]);
  assertEquals(withPull(layers, sizes).pullBytes, {
    gzip: undefined,
    zstd: undefined,
  });
});
