/**
 * Where the largest part of the smallest image goes: what there is still to be
 * gained, and where there is nothing to be gained any more.
 *
 * @module
 */
import { formatBytes, formatShare } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import { smallestOf } from "./figures.ts";

/** The largest part of the smallest image. */
export interface LargestPart {
  variant: string;
  /** Its part of the size, as a percentage. */
  share: string;
  bytes: string;
  /** What it is. */
  name: string;
  /** Whether the name is ours; otherwise it is a path of the image. */
  named: boolean;
  /** The percentage that the application is, if that is another part. */
  code?: string;
}

/** Finds where the largest part of the smallest image goes. */
export function largestPart(report: Report): LargestPart | undefined {
  const variant = smallestOf(report.variants);
  if (variant === undefined || variant.sizeBytes === 0) return undefined;
  const { program, sizeBytes } = variant;
  const parts = leaves(variant)
    .filter(({ name }) => name !== program?.path)
    .map((leaf) => ({ ...leaf, named: false }));
  if (program !== undefined) {
    const { runtimeBytes, applicationBytes } = program;
    parts.push({ name: RUNTIME, bytes: runtimeBytes, named: true });
    parts.push({ name: CODE, bytes: applicationBytes, named: true });
  }
  const [largest] = parts.sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined) return undefined;
  return {
    variant: variant.name,
    share: formatShare(largest.bytes, sizeBytes),
    bytes: formatBytes(largest.bytes),
    name: largest.name,
    named: largest.named,
    code: program === undefined || largest.name === CODE
      ? undefined
      : formatShare(program.applicationBytes, sizeBytes),
  };
}

const RUNTIME = "the Deno runtime";
const CODE = "your code";

/** A file or a folder that is not taken apart further, by its whole path. */
export interface Leaf {
  name: string;
  bytes: number;
}

/** All that fills a variant, by path; several small things are no path. */
export function leaves({ contents }: Variant): Leaf[] {
  const found: Leaf[] = [];
  const visit = (node: Variant["contents"], path: string) => {
    if (node.children === undefined || node.children.length === 0) {
      if (node !== contents && !SEVERAL.test(node.name)) {
        found.push({ name: path, bytes: node.bytes });
      }
      return;
    }
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(contents, "");
  return found;
}

/** How the analysis names what it has summed up. */
const SEVERAL = /^other \(\d+\)$/;
