/**
 * A report in which every name is an attack, for the tests of the renderers.
 *
 * @module
 */
import type { Report } from "../scripts/report/report_schema.ts";
import { fixtureReport } from "./report.ts";
import { scratch } from "./report_variants.ts";

/** Text that would do harm wherever it is not escaped. */
export const HOSTILE =
  "</title><script>alert(1)</script>\"'&|`*_\x1b[31m\x00\n\u202e@everyone";

/** A report in which every name is hostile. */
export function hostileReport(): Report {
  const variant = scratch();
  const name = HOSTILE;
  return {
    ...fixtureReport(),
    engine: { name, version: name },
    bases: { source: "registry", builder: name, runtime: name, deno: name },
    baseline: name,
    variants: [{
      ...variant,
      name,
      dockerfile: name,
      image: { ...variant.image, reference: name, architecture: name },
      layers: variant.layers.map((layer) => ({ ...layer, instruction: name })),
      wasteBytes: 1000,
      efficiency: 0.999,
      wasted: [{
        path: name,
        bytes: 1000,
        writtenBy: 0,
        coveredBy: 0,
        how: "deleted",
        advice: name,
      }],
      config: {
        user: name,
        entrypoint: [name],
        cmd: [name],
        env: [name],
        exposedPorts: [name],
      },
      surface: {
        ...variant.surface,
        shells: [name],
        packageManagers: [name],
        setuid: [name],
        setgid: [name],
        worldWritable: [name],
        debianPackages: [{ name, version: name, architecture: name }],
        interpreter: name,
        libraries: [name],
        missing: [name],
      },
      program: {
        path: name,
        bytes: 3,
        runtimeBytes: 2,
        applicationBytes: 1,
        deno: name,
        v8: name,
        modules: [{ specifier: name, bytes: 1 }],
        npm: [{ name, version: name, bytes: 1 }],
        assets: [{ path: name, bytes: 1 }],
      },
      permissions: { source: "command", net: [name], run: [name] },
      contents: { name, bytes: 2, children: [{ name, bytes: 2 }] },
      contract: [{ name, status: "fail", detail: name }],
      hardening: [{ name, status: "skip", detail: name }],
      notes: [name],
    }],
    failures: [{ name, dockerfile: name, message: name, output: name }],
    budgets: [{
      variant: name,
      rule: name,
      status: "fail",
      unit: "bytes",
      actual: 2,
      limit: 1,
      detail: name,
    }],
    growth: [{
      variant: name,
      size: { name, before: 1, after: 2 },
      layers: [{ name, after: 2 }],
      paths: [{ name, before: 2 }],
      packages: [{ name, before: 1, after: 2 }],
    }],
  };
}
