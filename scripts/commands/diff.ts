/**
 * `deno task image diff`: what differs between two images, sums first, then where,
 * then what exactly, as far as a screen is patient.
 *
 * @module
 */
import type { Command } from "commander";
import { findSources, look } from "../build/look.ts";
import {
  diffImages,
  type ImageDiff,
  type PathChange,
  type ValueChange,
} from "../inspect/diff_images.ts";
import { formatBytes, formatRatio } from "../lib/format.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import {
  bad,
  type Block,
  coded,
  type ColumnOf,
  good,
  type Inline,
  lines,
  named,
  strong,
  table,
} from "../report/document.ts";
import { instructionOf } from "../report/report_document.ts";
import { writeTerminal } from "../report/terminal.ts";
import {
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description("Show what differs between two images and what it costs.")
    .argument("<before>", IMAGE)
    .argument("<after>", IMAGE)
    .option("--exit-code", "end with 1 when the images differ", false);
  withExamples(
    command,
    "diff hello:multi-stage hello:scratch",
    "diff old.tar new.tar --exit-code",
  );
}

export async function run(
  options: PlatformOptions & {
    before: string;
    after: string;
    exitCode: boolean;
  },
  io: Io,
): Promise<number> {
  const images = [options.before, options.after];
  const sources = await findSources(images, options, io);
  const [before, after] = await Promise.all(
    sources.map((source) => look(source, io)),
  );
  const found = diffImages(before, after);
  io.print(
    options.json
      ? JSON.stringify(found, null, 2) + "\n"
      : writeTerminal(diffDocument(found), io),
  );
  const differs = found.paths.length > 0 || found.config.length > 0;
  return options.exitCode && differs ? EXIT.checkFailed : EXIT.ok;
}

/** All that differs; the first part names the images. */
export function diffDocument(diff: ImageDiff): Block[][] {
  const { before, after, layers: { added, removed } } = diff;
  const same = diff.paths.length + diff.config.length + diff.packages.length +
      added.length + removed.length === 0;
  return [
    table("Images", [before, after], [
      ["", (_, index) => index === 0 ? "before" : "after"],
      ["Image", ({ reference }) => named(reference)],
      ["Size", ({ sizeBytes }) => formatBytes(sizeBytes), "right"],
      ["Files", ({ rootfs }) => String(rootfs.files), "right"],
      ["Platform", ({ architecture }) => named(architecture)],
    ], { joins: true }),
    same ? [{ text: "No difference" }] : sums(diff),
    listed("Layers", [...removed, ...added], [
      ["", (_, index) => sign(index < removed.length ? "-" : "+")],
      ["Size", ({ sizeBytes }) => formatBytes(sizeBytes), "right"],
      ["Instruction", instructionOf],
    ]),
    listed(
      "Folders",
      largestFirst(diff.directories).filter(({ bytes }) => bytes !== 0),
      [
        ["Bytes", ({ bytes }) => signed(bytes), "right"],
        [
          "Paths",
          ({ added, removed, changed }) =>
            Object.entries({ "+": added, "−": removed, "~": changed })
              .filter(([, count]) => count > 0).map((part) => part.join(""))
              .join(" "),
        ],
        ["Folder", ({ path }) => coded(path)],
      ],
    ),
    listed("Paths", largestFirst(diff.paths), [
      [
        "",
        ({ kind }) =>
          sign(kind === "added" ? "+" : kind === "removed" ? "-" : "~"),
      ],
      ["Bytes", ({ bytes }) => signed(bytes), "right"],
      ["Path", ({ path }) => coded(path)],
      ["What", what],
    ]),
    values("Configuration", diff.config),
    values("Packages", diff.packages),
  ];
}

function sums(diff: ImageDiff): Block[] {
  const { before, after, sizeBytes, bytes } = diff;
  const { shared, added } = diff.layers;
  const ratio = formatRatio(after.sizeBytes, before.sizeBytes);
  const compared = ratio === "–" || ratio === "same" ? "" : `, ${ratio}`;
  const transferred = added.reduce((sum, layer) => sum + layer.sizeBytes, 0);
  const told = [
    `size ${signed(sizeBytes)}${compared}; files ${signed(bytes)}`,
    `${diff.added} added, ${diff.removed} removed, ${diff.changed} changed`,
    `${shared.length} of ${shared.length + added.length} layers are shared; ${
      formatBytes(transferred)
    } in new ones have to be transferred`,
  ];
  return [{ text: lines(told) }];
}

function largestFirst<T extends { bytes: number }>(items: T[]): T[] {
  return items.toSorted((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes));
}

/** What changed at a path, with both values where they are short. */
function what({ changes, before, after }: PathChange): Inline {
  return changes.map((change) => {
    if (before === undefined || after === undefined) return change;
    switch (change) {
      case "mode":
        return `mode ${before.mode.toString(8)} → ${after.mode.toString(8)}`;
      case "owner":
        return `owner ${before.uid}:${before.gid} → ${after.uid}:${after.gid}`;
      case "type":
        return `${before.type} → ${after.type}`;
      case "link":
        return `link → ${after.link}`;
      default:
        return change;
    }
  }).join(", ");
}

function values(title: string, changes: ValueChange[]): Block[] {
  return listed(title, changes, [
    [
      "",
      ({ before, after }) =>
        sign(before === undefined ? "+" : after === undefined ? "-" : "~"),
    ],
    ["Name", ({ name }) => named(name)],
    ["Before", ({ before }) => before && named(before)],
    ["After", ({ after }) => after && named(after)],
  ]);
}

function listed<T>(
  title: string,
  items: T[],
  columns: ColumnOf<T>[],
): Block[] {
  return table(title, items, columns, { most: 20 });
}

function signed(bytes: number): string {
  if (bytes === 0) return "±0 B";
  return `${bytes > 0 ? "+" : "−"}${formatBytes(Math.abs(bytes))}`;
}

function sign(sign: "+" | "-" | "~"): Inline {
  return sign === "+" ? good(sign) : sign === "-" ? bad(sign) : strong(sign);
}
