/**
 * What an intruder could use of an image, one row a question, and the words for
 * secrets that are in one. @module
 */
import type { Secret } from "../inspect/inspect_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import {
  bad,
  type Block,
  coded,
  type ColumnOf,
  good,
  type Inline,
  named,
  table,
} from "./document.ts";
import { userOf } from "./figures.ts";
import type { Variant } from "./report_schema.ts";

/** What an intruder could use, by the question that it answers. */
const QUESTIONS: Record<string, (variant: Variant) => Inline> = {
  "User": (variant) =>
    (variant.surface.runsAsRoot ? bad : good)(coded(userOf(variant))),
  "Shells": ({ surface }) => names(surface.shells),
  "Package managers": ({ surface }) => names(surface.packageManagers),
  "setuid files": ({ surface }) => names(surface.setuid),
  "setgid files": ({ surface }) => names(surface.setgid),
  "File capabilities": ({ surface }) => some(surface.capabilities),
  "World-writable paths": ({ surface }) => names(surface.worldWritable),
  "Egress": ({ permissions }) => names(permissions && egressOf(permissions)),
  "Debian packages": ({ surface }) => String(surface.debianPackages.length),
  "Alpine packages": ({ surface }) => surface.alpinePackages?.length.toString(),
  "Packages not read": ({ surface }) => some(surface.unreadPackages),
  "Secrets and state": ({ secrets }) => some(secrets?.map(secretText)),
  "CA certificates": ({ surface }) => surface.certificates ? "yes" : "no",
  "Time zones": ({ surface }) => surface.timeZones ? "yes" : "no",
  "Loader": ({ surface }) => said(surface.interpreter),
  "Libraries": ({ surface }) => said(surface.libraries?.join(", ")),
  "Missing libraries": ({ surface }) => names(surface.missing),
  "Missing programs": ({ surface }) => some(surface.missingPrograms),
  "Cannot start": ({ surface }) => some(surface.broken),
  "Of another architecture": ({ surface }) => some(surface.foreign),
};

/** The surface of variants, side by side; without rows that say nothing. */
export function surfaceTable(variants: Variant[]): Block[] {
  const rows = Object.entries(QUESTIONS).filter(([, answer]) =>
    variants.some((variant) => answer(variant) !== undefined)
  );
  return table("What an intruder finds", rows, [
    ["What", ([title]) => title],
    ...variants.map((variant): ColumnOf<typeof rows[number]> => [
      named(variant.name),
      ([, answer]) => answer(variant),
    ]),
  ]);
}

/** Names listed in one cell. */
const LISTED = 5;

function names(paths: string[] | undefined): Inline {
  if (paths === undefined) return undefined;
  if (paths.length === 0) return good("none");
  const more = paths.length - LISTED;
  const shown = coded(paths.slice(0, LISTED).join(", "));
  return bad([shown, more > 0 && ` and ${more} more`]);
}

function said(text: string | undefined): Inline {
  return text ? [coded(text)] : undefined;
}

/** What is worth a row only where there is some. */
function some(items: string[] | undefined): Inline {
  return items?.length ? names(items) : undefined;
}

/** What to do about secrets. */
export const SECRETS_NEXT =
  "Keep secrets out of the image (.dockerignore, no COPY, no ENV, no ARG; RUN --mount=type=secret where a build needs one), give them when the container starts, and replace those of an image that was pushed";

/** A secret, with the layer that brought it. */
export function secretText(
  { path, kind, layer, deletedBy, replaced, program }: Secret,
): string {
  if (layer === undefined) return `${path} (${kind}, in the image's config)`;
  const where = program === undefined ? path : `${path} in ${program}`;
  const gone = deletedBy === undefined
    ? ""
    : `, ${replaced ? "replaced" : "deleted"} by layer ${
      deletedBy + 1
    } and still there`;
  return `${where} (${kind}, layer ${layer + 1}${gone})`;
}
