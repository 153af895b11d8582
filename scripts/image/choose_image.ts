/** Which of several images in one archive is meant. @module */
import { architectureNamed, HOST } from "../lib/platform.ts";
import { ArchiveError } from "./archive_error.ts";
import type { ImageSource } from "./model.ts";

/** What an image runs on, in Go's words: `linux`, `amd64`, `v8`. */
export interface ImagePlatform {
  os: string;
  architecture: string;
  variant: string;
}

export interface Candidate {
  /** Tags and annotations that it is known by. */
  names: string[];
  /** Of its config and its manifests. */
  digests: string[];
  platform: ImagePlatform;
  /** Of its config; of its manifest where only that is known. */
  id: string;
  /** The first of its blobs that the archive lacks. */
  missing?: ArchiveError;
}

/** As `linux/arm64/v8`. */
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
 * Chooses by the name and platform that were asked for, else the only image that is
 * whole, else by reference, else what runs on this machine; throws an ArchiveError
 * listing what is there when that is not one image.
 */
export function chooseImage<T extends Candidate>(
  candidates: readonly T[],
  { reference, image, platform }: ImageSource,
): T {
  let rest = [...candidates];
  const needOne = (what: string, holds: (each: T) => boolean) => {
    const next = `Choose one of: ${listCandidates(rest)}`;
    rest = rest.filter(holds);
    if (rest.length === 0) {
      throw new ArchiveError(`it holds no image ${what}`, { next });
    }
  };
  const prefer = (holds: (each: T) => boolean) => {
    const fitting = rest.filter(holds);
    if (fitting.length > 0) rest = fitting;
  };
  if (image !== undefined) {
    const place = /^@([0-9]{1,4})$/.exec(image)?.[1];
    const isMeant = (each: T) =>
      place === undefined
        ? isCalled(each, image)
        : each === candidates[Number(place)];
    needOne(`named ${JSON.stringify(image)}`, isMeant);
  }
  if (platform !== undefined) {
    needOne(`for ${platform}`, (each) => fits(each.platform, platform));
  }
  prefer(({ missing }) => missing === undefined);
  prefer(({ names }) => names.some((each) => isNamed(reference, each)));
  prefer((each) => fits(each.platform, `linux/${HOST}`));
  if (rest.length === 1) {
    if (rest[0].missing !== undefined) throw rest[0].missing;
    return rest[0];
  }
  const platforms = new Set(rest.map((each) => formatPlatform(each.platform)));
  const list = listCandidates(rest);
  throw new ArchiveError(
    `it holds ${rest.length} images that could be meant: ${list}`,
    {
      next: platforms.size === rest.length
        ? "Choose one with --platform"
        : `Name one, as in: ${reference}:${labelOf(rest[0])}`,
    },
  );
}

function isCalled({ names, digests }: Candidate, name: string): boolean {
  const digest = /^@?(?:sha256:)?([0-9a-f]{12,64})$/.exec(name)?.[1];
  return names.some((each) => isNamed(name, each)) ||
    (digest !== undefined &&
      digests.some((each) => each.startsWith(`sha256:${digest}`)));
}

/** Whether a name in the archive is the one asked for; tags may stand alone. */
export function isNamed(reference: string, name: string): boolean {
  return name === reference || fullName(name) === fullName(reference) ||
    (!/[:/]/.test(name) && reference.endsWith(`:${name}`)) ||
    (!/[:/]/.test(reference) && name.endsWith(`:${reference}`));
}

/** A name as engines complete it. */
function fullName(name: string): string {
  const bare = name.replace(/^docker\.io\/(library\/)?/, "");
  return /:[^/]*$/.test(bare) ? bare : `${bare}:latest`;
}

function labelOf({ names, id }: Candidate): string {
  return names[0] ?? id.slice(0, 19);
}

function listCandidates(candidates: readonly Candidate[]): string {
  return candidates.map((each) =>
    `${labelOf(each)} (${formatPlatform(each.platform)})`
  ).join(", ");
}
