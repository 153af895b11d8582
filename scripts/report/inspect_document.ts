/**
 * One image, not compared with any: facts, layers, what fills it, what it wastes,
 * what is in the binary, and what an intruder finds.
 *
 * @module
 */
import { formatBytes, formatShare } from "../lib/format.ts";
import { type Block, coded, type Inline, named, table } from "./document.ts";
import { efficiency, userOf } from "./figures.ts";
import { type FilledNode, filledTree } from "./filled_tree.ts";
import { countOf, sectionsOf } from "./report_document.ts";
import type { Report, Variant } from "./report_schema.ts";

export function inspectDocument(variant: Variant): Block[][] {
  const report: Report = {
    schemaVersion: 1,
    createdAt: "",
    baseline: variant.name,
    variants: [variant],
    failures: [],
    budgets: [],
  };
  const sections = (...ids: Parameters<typeof sectionsOf>[1]) =>
    sectionsOf(report, ids).map(({ blocks }) => blocks);
  return [
    facts(variant),
    ...sections("layers"),
    contents(variant),
    ...sections("waste", "binary", "surface", "notes"),
  ];
}

function facts(variant: Variant): Block[] {
  const { image, config, rootfs, sizeBytes, layers, surface } = variant;
  const packages = surface.debianPackages
    .map(({ name, version }) => `${name} ${version}`);
  const more = packages.length - LISTED;
  const facts: [title: string, fact: string][] = [
    ["image", image.reference],
    ["id", image.id],
    ["platform", `linux/${image.architecture}`],
    ["user", userOf(variant)],
    ["entrypoint", quoted(config.entrypoint)],
    ["command", quoted(config.cmd)],
    ["ports", config.exposedPorts.join(", ")],
    ["env", config.env.join(", ")],
    ["size", `${formatBytes(sizeBytes)} in ${countOf(layers.length, "layer")}`],
    ["files", `${rootfs.files} with ${formatBytes(rootfs.bytes)}`],
    [
      "efficiency",
      `${efficiency(variant)}, ${formatBytes(variant.wasteBytes)} wasted`,
    ],
    [
      "packages",
      packages.slice(0, LISTED).join(", ") +
      (more > 0 ? ` and ${more} more` : ""),
    ],
  ];
  const terms = facts.filter(([, fact]) => fact !== "")
    .map(([title, fact]): [Inline, Inline] => [title, [named(fact)]]);
  return [{ terms }];
}

function quoted(words: string[]): string {
  return words.length === 0 ? "" : JSON.stringify(words);
}

/** Packages that are named. */
const LISTED = 15;

/** Folders within folders that are listed. */
const DEPTH = 3;

/** What fills an image, folder by folder. */
function contents(variant: Variant): Block[] {
  const tree = filledTree(variant);
  const within = (node: FilledNode, depth: number): [string, number][] =>
    (depth > DEPTH ? [] : node.children ?? []).flatMap((child) => {
      const slash = child.children?.[0].kind === "path" ? "/" : "";
      return [
        ["  ".repeat(depth) + child.name + slash, child.bytes],
        ...within(child, depth + 1),
      ];
    });
  return table("What fills it", tree.bytes === 0 ? [] : within(tree, 0), [
    ["Bytes", ([, bytes]) => formatBytes(bytes), "right"],
    ["Share", ([, bytes]) => formatShare(bytes, tree.bytes), "right"],
    ["Path", ([name]) => coded(name)],
  ]);
}
