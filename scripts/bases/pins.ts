/**
 * What the bases are made of. Wheels are pinned by the hash that pip checks,
 * programs by what came out of them: both were taken from PyPI. @module
 */
import type { Architecture } from "../lib/platform.ts";

export interface Pin {
  /** Name on PyPI. */
  project: string;
  version: string;
  /** Tag for pip. */
  platform: string;
  /** Hex, as PyPI states it. */
  wheelSha256: string;
  /** Path of the program in the wheel. */
  member: string;
  /** Bytes of what is taken from the program. */
  size: number;
  sha256: string;
}

export const DENO_VERSION = "2.6.10";

const deno = {
  project: "deno",
  version: DENO_VERSION,
  member: `deno-${DENO_VERSION}.data/scripts/deno`,
};

/** A program made by `deno compile` of {@linkcode DENO_VERSION}. */
const compiled = {
  project: "bids-validator-deno",
  version: "2.4.1",
  member: "bids_validator_deno-2.4.1.data/scripts/bids-validator-deno",
};

const amd64 = { platform: "manylinux_2_27_x86_64" };
const arm64 = { platform: "manylinux_2_27_aarch64" };

/** The `deno` command: the whole of the program in its wheel. */
export const DENO: Record<Architecture, Pin> = {
  amd64: {
    ...deno,
    ...amd64,
    wheelSha256:
      "d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c",
    size: 118646168,
    sha256: "bb9513ce8a9a7a976a77e0a32c5818035fb72dff6364afc5b8659594ba4a6139",
  },
  arm64: {
    ...deno,
    ...arm64,
    wheelSha256:
      "b98d6fc98a9cbc10219f6c6d6f2a6e10d1954416bbcd4371d317fc9c20050576",
    size: 107791312,
    sha256: "5ecf8317e717e267c4cf161048f99b7addbccb1804a90d506437a7bc003c7616",
  },
};

/** `denort`: the ELF at the start of a program made by `deno compile`. */
export const DENORT: Record<Architecture, Pin> = {
  amd64: {
    ...compiled,
    ...amd64,
    wheelSha256:
      "5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
    size: 92183912,
    sha256: "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2",
  },
  arm64: {
    ...compiled,
    ...arm64,
    wheelSha256:
      "f09c1e600cae71293ab5ae9ddc30aa56a871463837a020eb23b246fa2024c462",
    size: 86015072,
    sha256: "ee39b54b2f465eae3f1dd3d79495e1ef957fae69ff4f6ad118499986b714d494",
  },
};

export const SUITE = "trixie";

/** What the builder has beside Debian's required packages. */
export const BUILDER_PACKAGES = ["ca-certificates", "tini"];

/**
 * What `gcr.io/distroless/cc-debian13` has; `ca-certificates` for the certificates
 * only.
 */
export const RUNTIME_PACKAGES = [
  "base-files",
  "ca-certificates",
  "gcc-14-base",
  "libc6",
  "libgcc-s1",
  "libgomp1",
  "libssl3t64",
  "libstdc++6",
  "libzstd1",
  "media-types",
  "netbase",
  "tzdata",
  "zlib1g",
];
