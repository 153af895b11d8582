/**
 * What the variants of the fixture are made of; invented figures.
 *
 * @module
 */
import type {
  Check,
  Distribution,
  Variant,
} from "../scripts/report/report_schema.ts";
import type { Surface } from "../scripts/inspect/inspect_schema.ts";

/** A surface with nothing to use. */
export const NOTHING: Surface = {
  runsAsRoot: false,
  shells: [],
  packageManagers: [],
  setuid: [],
  setgid: [],
  worldWritable: [],
  debianPackages: [],
  certificates: false,
  timeZones: false,
  interpreter: "/lib64/ld-linux-x86-64.so.2",
  libraries: ["libc.so.6", "libgcc_s.so.1", "libm.so.6"],
  missing: [],
};

/** The program that all variants ship, without its path. */
export const PROGRAM = {
  bytes: 82_000_000,
  runtimeBytes: 81_400_000,
  applicationBytes: 600_000,
  deno: "2.6.10",
  modules: [{ specifier: "file:///main.ts", bytes: 4_200 }],
  npm: [{ name: "zod", version: "4.6.7", bytes: 590_000 }],
};

/** What follows from the layers, and what all variants have. */
export function common(
  name: string,
  dockerfile: string,
  layers: Variant["layers"],
): Omit<Variant, "config" | "surface" | "contents"> {
  const sum = (pick: (layer: Variant["layers"][number]) => number) =>
    layers.reduce((total, layer) => total + pick(layer), 0);
  const sizeBytes = sum((layer) => layer.sizeBytes);
  return {
    name,
    dockerfile,
    image: {
      reference: `localhost/${name}`,
      id: digest(name.length),
      architecture: "amd64",
    },
    sizeBytes,
    pullBytes: { gzip: sum((layer) => layer.gzipBytes ?? 0) },
    nextDeployBytes: sum((l) => l.pulledAgain ? l.gzipBytes ?? 0 : 0),
    layers,
    rootfs: { bytes: sizeBytes, files: sum((layer) => layer.files) },
    wasteBytes: 0,
    efficiency: 1,
    wasted: [],
    build: { seconds: 12.5 },
  };
}

/** A layer; `id` is its digest. */
export function layer(
  id: number,
  instruction: string,
  sizeBytes: number,
  gzipBytes: number,
  files: number,
  pulledAgain: boolean,
): Variant["layers"][number] {
  return {
    digest: digest(id),
    instruction,
    sizeBytes,
    gzipBytes,
    files,
    pulledAgain,
  };
}

/** Starts, in milliseconds, and memory. */
export function measured(
  starts: number[],
  processStarts: number[],
  memoryBytes: NonNullable<Variant["memoryBytes"]>,
): Pick<Variant, "startMs" | "processStartMs" | "cpuMs" | "memoryBytes"> {
  return {
    startMs: distribution(starts),
    processStartMs: distribution(processStarts),
    cpuMs: 64,
    memoryBytes,
  };
}

function distribution(samples: number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)],
    p95: sorted[sorted.length - 1],
    runs: samples.length,
    samples,
  };
}

/** A contract of four lines, one of them replaced. */
export function contract(replaced?: Check): Check[] {
  const checks: Check[] = ["GET /", "GET /health", "HEAD /", "GET /nothing"]
    .map((name) => ({ name, status: "pass" }));
  return checks.map((check) =>
    check.name === replaced?.name ? replaced : check
  );
}

/** Hardening on an engine that cannot limit memory. */
export function hardening(): Check[] {
  return [
    { name: "read-only root", status: "pass" },
    { name: "no capabilities", status: "pass" },
    {
      name: "64 to 128 MB memory",
      status: "skip",
      detail: "buildah cannot limit memory here",
    },
  ];
}

/** How the program is run. */
export function config(user: string): Variant["config"] {
  return {
    user,
    entrypoint: [],
    cmd: ["/hello"],
    env: ["DENO_USE_CGROUPS=1"],
    exposedPorts: ["8080/tcp"],
  };
}

/** A Debian package. */
export function debian(name: string) {
  return { name, version: "1.0-1", architecture: "amd64" };
}

function digest(id: number): string {
  return `sha256:${id.toString(16).padStart(64, "0")}`;
}
