/**
 * `deno task image inspect`: what is in an image, the facts first, then the
 * sections that a report would have on it.
 *
 * @module
 */
import type { Command } from "commander";
import { findSources, look } from "../build/look.ts";
import { formatBytes } from "../lib/format.ts";
import { systemPackages } from "../inspect/packages.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import {
  type Block,
  coded,
  type Inline,
  named,
  table,
} from "../report/document.ts";
import { efficiency, plural, userOf } from "../report/figures.ts";
import { type FilledNode, filledTree } from "../report/filled_tree.ts";
import {
  type SectionId,
  sectionsOf,
  shareColumns,
} from "../report/report_document.ts";
import type { Report, Variant } from "../report/report_schema.ts";
import { writeTerminal } from "../report/terminal.ts";
import {
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description(
      "Show layers, files, waste, surface and the binary's contents.",
    )
    .argument("<image>", IMAGE);
  withExamples(command, "inspect hello:scratch", "inspect image.tar --json");
}

export async function run(
  options: PlatformOptions & { image: string },
  io: Io,
): Promise<number> {
  const [source] = await findSources([options.image], options, io);
  const { analysis } = await look(source, io, { sparesDigests: true });
  const variant: Variant = { name: options.image, ...analysis };
  io.print(
    options.json
      ? JSON.stringify(variant, null, 2) + "\n"
      : writeTerminal(inspectDocument(variant), io),
  );
  return EXIT.ok;
}

/** One image, as a report of nothing else would have it. */
export function inspectDocument(variant: Variant): Block[][] {
  const sections = (...ids: SectionId[]) => {
    const report: Report = {
      schemaVersion: 1,
      createdAt: "",
      baseline: variant.name,
      variants: [variant],
      failures: [],
      budgets: [],
    };
    return sectionsOf(report, ids).map(({ blocks }) => blocks);
  };
  return [
    facts(variant),
    ...sections("layers"),
    contents(variant),
    ...sections("waste", "binary", "surface", "notes"),
  ];
}

function facts(variant: Variant): Block[] {
  const { image, config, rootfs, sizeBytes, layers, surface } = variant;
  const packages = systemPackages(surface)
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
    [
      "size",
      `${formatBytes(sizeBytes)} in ${
        plural(layers.length, "layer") || "no layers"
      }`,
    ],
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
  const within = ({ children = [] }: FilledNode, depth: number): FilledNode[] =>
    depth > DEPTH ? [] : children.flatMap((child) => {
      const slash = child.children?.[0].kind === "path" ? "/" : "";
      const name = "  ".repeat(depth) + child.name + slash;
      return [{ ...child, name }, ...within(child, depth + 1)];
    });
  return table("What fills it", tree.bytes === 0 ? [] : within(tree, 0), [
    ...shareColumns(tree.bytes),
    ["Path", ({ name }) => coded(name)],
  ]);
}
