/**
 * What grew since an earlier report, and where: by layer, by path, by package.
 * A budget says that an image has grown; this says why.
 *
 * @module
 */
import { valueOf } from "../report/figures.ts";
import { programParts } from "../report/filled_tree.ts";
import type { Growth, Report, Variant } from "../report/report_schema.ts";
import { changedValues } from "../inspect/diff_images.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";

type Change = Growth["size"];

/** How many changes of each kind are worth telling. */
const MOST = 10;

/** Compares every variant with the one of the same name in an earlier report. */
export function explainGrowth(report: Report, baseline: Report): Growth[] {
  return report.variants.flatMap((variant) => {
    const earlier = baseline.variants.find(({ name }) => name === variant.name);
    return earlier === undefined ? [] : [explain(variant, earlier)];
  });
}

function explain(now: Variant, before: Variant): Growth {
  const pulls = [valueOf("pull", before), valueOf("pull", now)];
  return {
    variant: now.name,
    size: { name: "size", before: before.sizeBytes, after: now.sizeBytes },
    ...(pulls.includes(undefined)
      ? {}
      : { pull: { name: "pull", before: pulls[0], after: pulls[1] } }),
    layers: changes(layers(before), layers(now)),
    paths: deepest(
      changes(paths(before.contents), paths(now.contents), Infinity),
    ).slice(0, MOST),
    packages: changes(packages(before), packages(now)),
  };
}

/** Changes by name, the largest first; what stayed as it was is left out. */
function changes(
  before: Map<string, number>,
  after: Map<string, number>,
  most = MOST,
): Change[] {
  return changedValues(before, after)
    .sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1))
    .slice(0, most);
}

function weight({ before = 0, after = 0 }: Change): number {
  return Math.abs(after - before);
}

/** A directory whose change is that of one thing in it says nothing more. */
function deepest(found: Change[]): Change[] {
  return found.filter((change) =>
    !found.some((other) =>
      other.name.startsWith(change.name === "/" ? "/" : `${change.name}/`) &&
      other !== change && weight(other) === weight(change)
    )
  );
}

function layers(variant: Variant): Map<string, number> {
  return sumUp(variant.layers.map(({ instruction, sizeBytes }) => ({
    name: instruction,
    bytes: sizeBytes,
  })));
}

function paths(node: TreeNode, parent = ""): Map<string, number> {
  const path = parent === ""
    ? "/"
    : `${parent === "/" ? "" : parent}/${node.name}`;
  return new Map([
    [path, node.bytes],
    ...(node.children ?? []).flatMap((child) => [...paths(child, path)]),
  ]);
}

/** Packages have no size of their own in dpkg's status: their version tells. */
function packages({ program, surface }: Variant): Map<string, number> {
  const parts = program ? programParts({ ...program, assets: [] }) : [];
  const debian = surface.debianPackages
    .map(({ name, version }) => ({ name: `deb:${name}@${version}`, bytes: 0 }));
  return sumUp([...parts, ...debian]);
}

function sumUp(items: { name: string; bytes: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { name, bytes } of items) {
    sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  return sums;
}
