/**
 * The variants of the fixture: an image with everything, one with a runtime base
 * and one with nothing but the program. Invented figures that add up.
 *
 * @module
 */
import type { Variant } from "../scripts/report/report_schema.ts";
import {
  common,
  config,
  contract,
  debian,
  hardening,
  layer,
  measured,
  NOTHING,
  PROGRAM,
} from "./report_parts.ts";

/** The builder image with the program in it; with waste. */
export function singleStage(): Variant {
  const layers = [
    layer(1, "ADD trixie.tar / in /", 127_000_000, 48_000_000, 7_900, false),
    layer(2, "COPY deno denort /usr/bin/", 207_800_000, 78_000_000, 2, false),
    layer(3, "WORKDIR /app", 0, 32, 0, false),
    layer(4, "COPY . .", 200_000, 60_000, 12, true),
    layer(5, "RUN deno compile main.ts", 86_000_000, 34_000_000, 40, true),
    layer(6, "RUN chmod +x /app/hello", 6_000_000, 2_000_000, 1, true),
  ];
  return {
    ...common("single-stage", "Dockerfile", layers),
    ...measured([212, 205, 219, 240, 207], [81, 79, 84, 80, 78], {
      idle: 61_200_000,
      loaded: 78_900_000,
      peak: 83_000_000,
    }),
    rootfs: { bytes: 421_000_000, files: 7_954 },
    wasteBytes: 6_000_000,
    efficiency: 421 / 427,
    wasted: [{
      path: "/app/assets.bin",
      bytes: 6_000_000,
      writtenBy: 4,
      coveredBy: 5,
      how: "metadata",
      advice: "Run chmod in the same RUN that writes it",
    }],
    config: config("deno"),
    surface: {
      ...NOTHING,
      shells: ["/bin/bash", "/bin/dash", "/bin/sh"],
      packageManagers: ["/usr/bin/apt", "/usr/bin/apt-get", "/usr/bin/dpkg"],
      setuid: ["/usr/bin/chfn", "/usr/bin/passwd", "/usr/bin/su"],
      setgid: ["/usr/bin/chage"],
      worldWritable: ["/deno-dir/tmp"],
      debianPackages: ["apt", "bash", "dpkg", "libc6"].map(debian),
      certificates: true,
      timeZones: true,
    },
    program: { path: "/app/hello", ...PROGRAM },
    permissions: { source: "binary", net: "all", env: ["PORT"] },
    contents: {
      name: "/",
      bytes: 421_000_000,
      children: [
        {
          name: "usr",
          bytes: 332_000_000,
          children: [
            {
              name: "bin",
              bytes: 231_000_000,
              children: [
                { name: "deno", bytes: 126_400_000 },
                { name: "denort", bytes: 81_400_000 },
                { name: "other (210)", bytes: 23_200_000 },
              ],
            },
            { name: "lib/x86_64-linux-gnu", bytes: 64_000_000 },
            { name: "share", bytes: 37_000_000 },
          ],
        },
        {
          name: "app",
          bytes: 88_200_000,
          children: [
            { name: "hello", bytes: 82_000_000 },
            { name: "assets.bin", bytes: 6_000_000 },
            { name: "other (11)", bytes: 200_000 },
          ],
        },
        { name: "other (5)", bytes: 800_000 },
      ],
    },
    contract: contract(),
    hardening: hardening(),
  };
}

/** A runtime base and the program. */
export function multiStage(): Variant {
  const layers = [
    layer(7, "ADD runtime.tar / in /", 40_000_000, 15_000_000, 1_500, false),
    layer(
      8,
      "COPY --from=build /hello /hello",
      82_000_000,
      32_600_000,
      1,
      true,
    ),
  ];
  return {
    ...common("multi-stage", "Dockerfile.multistage", layers),
    ...measured([186, 190, 181, 184, 188], [74, 71, 73, 75, 72], {
      idle: 60_100_000,
      loaded: 77_300_000,
      peak: 80_000_000,
    }),
    config: config("65532"),
    surface: {
      ...NOTHING,
      debianPackages: ["base-files", "libc6", "tzdata"].map(debian),
      certificates: true,
      timeZones: true,
    },
    program: { path: "/hello", ...PROGRAM },
    permissions: { source: "binary", net: ["0.0.0.0"], env: ["PORT"] },
    contents: {
      name: "/",
      bytes: 122_000_000,
      children: [
        { name: "hello", bytes: 82_000_000 },
        {
          name: "usr",
          bytes: 40_000_000,
          children: [
            { name: "lib/x86_64-linux-gnu", bytes: 31_000_000 },
            { name: "share/zoneinfo", bytes: 9_000_000 },
          ],
        },
      ],
    },
    contract: contract(),
    hardening: hardening(),
  };
}

/** The program, its loader and its libraries. */
export function scratch(): Variant {
  const layers = [
    layer(9, "COPY /rootfs /", 95_400_000, 37_100_000, 7, true),
  ];
  return {
    ...common("scratch", "Dockerfile.scratch", layers),
    ...measured([180, 176, 183, 179, 177], [72, 70, 71, 73, 70], {
      idle: 59_800_000,
      loaded: 77_000_000,
      peak: 79_500_000,
    }),
    memoryFloorBytes: 80_000_000,
    config: config("65532"),
    surface: { ...NOTHING },
    program: { path: "/hello", ...PROGRAM },
    permissions: { source: "binary", net: ["0.0.0.0"], env: ["PORT"] },
    contents: {
      name: "/",
      bytes: 95_400_000,
      children: [
        { name: "hello", bytes: 82_000_000 },
        { name: "lib/x86_64-linux-gnu", bytes: 13_400_000 },
      ],
    },
    contract: contract({
      name: "HEAD /",
      status: "fail",
      detail: "status: expected 200, got 404",
    }),
    hardening: hardening(),
  };
}
