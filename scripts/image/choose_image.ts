/**
 * Which of several images in one archive is meant.
 *
 * @module
 */
import { architectureNamed, HOST } from "../lib/platform.ts";
import { ArchiveError } from "./archive_error.ts";

/** What an image runs on, in Go's words: `linux`, `amd64`, `v8`. */
export interface ImagePlatform {
  os: string;
  architecture: string;
  variant: string;
}

/** An image in an archive that can be chosen. */
export interface Candidate {
  /** Tags and annotations that it is known by. */
  names: string[];
  platform: ImagePlatform;
  /** Two candidates with the same id are the same image. */
  id: string;
}

/** A platform as text, `linux/arm64/v8`. */
export function formatPlatform(platform: ImagePlatform): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== "").join("/") || "no platform";
}

/** Whether an image fits what was asked for: `linux/arm64`, `arm64`, `linux/arm/v7`. */
function fits(platform: ImagePlatform, wanted: string): boolean {
  const parts = wanted.split("/");
  if (parts.length === 1) parts.unshift(platform.os);
  const [os, name, variant] = parts;
  const architecture = architectureNamed(name);
  return platform.os === os && platform.architecture === architecture &&
    (variant === undefined || platform.variant === variant ||
      // 64-bit ARM has one variant, which most tools leave out.
      (architecture === "arm64" && variant === "v8" &&
        platform.variant === ""));
}

/**
 * Chooses by platform if one is given, else the only image, else by the name that
 * was asked for, else what runs on this machine.
 *
 * @throws {ArchiveError} listing what is there when that is not one image.
 */
export function chooseImage<T extends Candidate>(
  candidates: readonly T[],
  reference: string,
  platform?: string,
): T {
  let rest = [...new Map(candidates.map((each) => [each.id, each])).values()];
  if (platform !== undefined) {
    rest = rest.filter((each) => fits(each.platform, platform));
    if (rest.length === 0) {
      throw new ArchiveError(`it holds no image for ${platform}`, {
        next: `Choose one of: ${listCandidates(candidates)}`,
      });
    }
  }
  const narrow = (holds: (each: T) => boolean) => {
    const fitting = rest.filter(holds);
    if (rest.length > 1 && fitting.length > 0) rest = fitting;
  };
  narrow(({ names }) => names.some((name) => isNamed(reference, name)));
  narrow((each) => fits(each.platform, `linux/${HOST}`));
  if (rest.length === 1) return rest[0];
  throw new ArchiveError(
    `it holds ${rest.length} images that could be meant: ${
      listCandidates(rest)
    }`,
    { next: "Export only one of them, or choose one with --platform" },
  );
}

/** Whether a name in the archive is the one asked for; tags may stand alone. */
function isNamed(reference: string, name: string): boolean {
  return name === reference || name === `${reference}:latest` ||
    name === `docker.io/library/${reference}` ||
    name === `docker.io/library/${reference}:latest` ||
    (!/[:/]/.test(name) && reference.endsWith(`:${name}`));
}

function listCandidates(candidates: readonly Candidate[]): string {
  return candidates.map(({ names, platform, id }) =>
    `${names[0] ?? id.slice(0, 19)} (${formatPlatform(platform)})`
  ).join(", ");
}
