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

/** What other tools call the same architectures. */
const ALIASES: Record<string, Architecture> = {
  x86_64: "amd64",
  x64: "amd64",
  aarch64: "arm64",
  "arm64/v8": "arm64",
};

/** The architecture of this machine. */
export const HOST: Architecture = Deno.build.arch === "aarch64"
  ? "arm64"
  : "amd64";

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
  const bare = word.toLowerCase().replace(/^linux\//, "");
  const meant = suggest(`linux/${ALIASES[bare] ?? bare}`, PLATFORMS);
  throw new UserError(
    `Cannot build for platform "${word}": expected ${PLATFORMS.join(" or ")}`,
    {
      next: meant
        ? `Did you mean ${meant}?`
        : "Deno has no Linux runtime for another one",
    },
  );
}
