/**
 * The platforms that images are made for: those that `deno compile` has a Linux
 * runtime for, in the words of `docker build --platform`.
 *
 * @module
 */
import { UserError } from "./errors.ts";
import { suggest } from "./suggest.ts";

/** An architecture as image configurations name it. */
export type Architecture = "amd64" | "arm64";

/** What an image runs on. */
export type Platform = `linux/${Architecture}`;

const PLATFORMS: Platform[] = ["linux/amd64", "linux/arm64"];

/** What kernels, Deno and other tools call the architectures of images. */
const MACHINES: Record<string, string> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  x64: "amd64",
  aarch64: "arm64",
  "arm64/v8": "arm64",
  i386: "386",
  i686: "386",
  armv7l: "arm",
  ppc64el: "ppc64le",
};

/** An architecture as images name it (in Go's words), whatever a tool calls it. */
export function architectureNamed(name: string): string {
  return MACHINES[name.toLowerCase()] ?? name.toLowerCase();
}

/** The architecture of this machine; Deno runs on no others. */
export const HOST = architectureNamed(Deno.build.arch) as Architecture;

/** The architecture of a platform. */
export function architectureOf(platform: Platform): Architecture {
  return platform === "linux/arm64" ? "arm64" : "amd64";
}

/**
 * Reads a list of platforms.
 *
 * @param text As `linux/amd64,linux/arm64`.
 * @returns Each once, in that order.
 * @throws {UserError} For a platform that images cannot be made for, with the
 * one that was probably meant.
 *
 * @example
 * ```ts
 * parsePlatforms("linux/arm64"); // ["linux/arm64"]
 * ```
 */
export function parsePlatforms(text: string): Platform[] {
  return [...new Set(text.split(",").map((word) => parse(word.trim())))];
}

function parse(word: string): Platform {
  const known = PLATFORMS.find((platform) => platform === word);
  if (known !== undefined) return known;
  const name = word.toLowerCase().replace(/^linux\//, "");
  const meant = suggest(`linux/${architectureNamed(name)}`, PLATFORMS);
  throw new UserError(
    `Cannot build for platform "${word}": expected ${PLATFORMS.join(" or ")}`,
    {
      next: meant
        ? `Did you mean ${meant}?`
        : "Deno has no Linux runtime for another one",
    },
  );
}
