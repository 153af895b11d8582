/**
 * Reports for the tests of the renderers, with figures of a plausible size; none
 * of them was measured.
 *
 * @module
 */
import type { Report, Variant } from "../scripts/report/report_schema.ts";
import { multiStage, scratch, singleStage } from "./report_variants.ts";

/** A report in which everything was measured and something failed. */
export function fixtureReport(): Report {
  return {
    schemaVersion: 1,
    createdAt: "2026-01-02T03:04:05.000Z",
    engine: { name: "buildah", version: "1.28.2" },
    bases: {
      source: "packages",
      builder: "localhost/builder:trixie",
      runtime: "localhost/runtime:trixie",
      deno: "2.6.10",
    },
    baseline: "single-stage",
    variants: [singleStage(), multiStage(), scratch()],
    failures: [],
    budgets: [
      {
        variant: "multi-stage",
        rule: "size",
        status: "fail",
        unit: "bytes",
        actual: 122_000_000,
        limit: 120_000_000,
      },
      {
        variant: "scratch",
        rule: "size",
        status: "pass",
        unit: "bytes",
        actual: 95_400_000,
        limit: 100_000_000,
      },
      {
        variant: "scratch",
        rule: "notRoot",
        status: "pass",
        unit: "fact",
        actual: true,
        limit: true,
      },
      {
        variant: "scratch",
        rule: "growth.start",
        status: "skip",
        unit: "milliseconds",
        limit: 50,
        detail: "not measured in both runs",
      },
    ],
    growth: [{
      variant: "scratch",
      size: { name: "size", before: 94_100_000, after: 95_400_000 },
      layers: [{
        name: "COPY /rootfs /",
        before: 94_100_000,
        after: 95_400_000,
      }],
      paths: [{ name: "/hello", before: 80_700_000, after: 82_000_000 }],
      packages: [{ name: "npm:zod@4.6.7", after: 610_000 }],
    }],
  };
}

/** The least that a variant can say: an empty image, nothing measured. */
export function minimalVariant(name = "empty"): Variant {
  return {
    name,
    image: {
      reference: name,
      id: `sha256:${"e".repeat(64)}`,
      architecture: "amd64",
    },
    sizeBytes: 0,
    layers: [],
    rootfs: { bytes: 0, files: 0 },
    wasteBytes: 0,
    efficiency: 1,
    wasted: [],
    config: { user: "", entrypoint: [], cmd: [], env: [], exposedPorts: [] },
    surface: {
      runsAsRoot: true,
      shells: [],
      packageManagers: [],
      setuid: [],
      setgid: [],
      worldWritable: [],
      debianPackages: [],
      certificates: false,
      timeZones: false,
    },
    contents: { name: "/", bytes: 0 },
  };
}

/** A report of nothing: no variant, no failure, no budget. */
export function emptyReport(): Report {
  return {
    schemaVersion: 1,
    createdAt: "2026-01-02T03:04:05.000Z",
    baseline: "single-stage",
    variants: [],
    failures: [],
    budgets: [],
  };
}

/** A report in which no image could be made. */
export function failedReport(): Report {
  return {
    ...emptyReport(),
    failures: [{
      name: "scratch",
      dockerfile: "Dockerfile.scratch",
      message: 'Cannot build "Dockerfile.scratch": step 4 of 7 exited with 1',
      output: "STEP 4/7: RUN deno compile main.ts\nerror: Module not found",
    }],
  };
}
