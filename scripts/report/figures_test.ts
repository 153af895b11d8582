import { assertEquals, assertThrows } from "@std/assert";
import {
  comparedFigures,
  efficiency,
  FIGURES,
  furtherService,
  surfaceAtAGlance,
  tally,
  tallyByKind,
  userOf,
  valueOf,
} from "./figures.ts";
import type { Report } from "./report_schema.ts";
import {
  emptyReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";

Deno.test("efficiency() is not 100 % as long as a byte is wasted", () => {
  const of = (efficient: number, wasteBytes: number) =>
    efficiency({ ...minimalVariant(), efficiency: efficient, wasteBytes });
  assertEquals(of(1, 0), "100 %");
  assertEquals(of(0.999999, 1), "99.9 %");
  assertEquals(of(0.9859, 6), "98.5 %");
  assertEquals(of(0.29, 71), "29 %");
  assertEquals(of(0, 9), "0 %");
});

Deno.test("tally() leaves out what was skipped", () => {
  assertEquals(
    tally([
      { name: "a", status: "pass" },
      { name: "b", status: "fail" },
      { name: "c", status: "skip" },
    ]),
    "1/2",
  );
  assertEquals(tally([{ name: "c", status: "skip" }]), undefined);
  assertEquals(tally([]), undefined);
  assertEquals(tally(undefined), undefined);
});

Deno.test("userOf() shows root behind another name", () => {
  const of = (user: string, runsAsRoot: boolean) => {
    const variant = minimalVariant();
    variant.config.user = user;
    variant.surface.runsAsRoot = runsAsRoot;
    return userOf(variant);
  };
  assertEquals(
    [of("", true), of("root:root", true), of("0", true), of("65532", false)],
    ["root", "root:root", "0 (root)", "65532"],
  );
});

Deno.test("surfaceAtAGlance() names two, and counts more", () => {
  const { surface } = minimalVariant();
  assertEquals(surfaceAtAGlance(surface), "none");
  assertEquals(
    surfaceAtAGlance({
      ...surface,
      shells: ["/bin/sh", "/usr/bin/sh", "/bin/bash"],
      packageManagers: ["/usr/bin/apk"],
      setuid: ["/bin/su", "/bin/both"],
      setgid: ["/bin/both"],
      debianPackages: [{ name: "a", version: "1", architecture: "all" }],
    }),
    "sh, bash, apk, 2 setuid/setgid, 1 package",
  );
});

const columns = (report: Report) =>
  comparedFigures(report).flatMap(({ figures }) => figures);

Deno.test("comparedFigures() leaves out what no variant has", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(columns(report).map(({ id }) => id), [
    "size",
    "layers",
    "user",
    "efficiency",
    "surface",
  ]);
  const one = fixtureReport();
  assertEquals(
    columns(one).some(({ id }) => id === "floor"),
    true,
    "one variant that has it is enough",
  );
});

Deno.test("furtherService() is what is not shared, if anything is", () => {
  const layer = (gzipBytes: number, shared?: boolean) => ({
    digest: "sha256:a",
    instruction: "COPY",
    sizeBytes: 1,
    files: 1,
    gzipBytes,
    shared,
  });
  const of = (...layers: ReturnType<typeof layer>[]) =>
    furtherService({ ...minimalVariant(), layers });
  assertEquals(of(layer(90, true), layer(7, false), layer(2, false)), 9);
  assertEquals(of(layer(90), layer(7)), undefined);
});

Deno.test("tallyByKind() names the kinds of which some failed", () => {
  assertEquals(
    tallyByKind([
      { name: "a", kind: "stop", status: "fail" },
      { name: "b", kind: "protocol", status: "pass" },
      { name: "c", kind: "egress", status: "fail" },
      { name: "d", kind: "health", status: "skip" },
    ]),
    "1/3: egress, stop",
  );
  assertEquals(tallyByKind([{ name: "a", status: "pass" }]), "1/1");
  assertEquals(tallyByKind([]), undefined);
});

Deno.test("the registry has each figure once, and units for what is limited", () => {
  const ids = FIGURES.map(({ id }) => id);
  assertEquals([...new Set(ids)], ids);
  for (const { id, limit, growth, unit, value } of FIGURES) {
    if (limit === undefined && growth === undefined) continue;
    assertEquals([unit, value].includes(undefined), false, id);
  }
  assertThrows(() => valueOf("sizes", minimalVariant()), TypeError, "sizes");
});
