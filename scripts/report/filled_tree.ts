/**
 * What fills an image, as a tree: folders, and the parts of the program that the
 * archive knows nothing of. For the picture, the lists and the first sentence.
 * @module
 */
import type { Program } from "../deno_binary/program_schema.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";
import { formatBytes } from "../lib/format.ts";
import type { Variant } from "./report_schema.ts";

export interface FilledNode {
  name: string;
  /** From the root; of the program's parts, the program's with their name. */
  path: string;
  bytes: number;
  /** `runtime` and `code`, which packages are too, are parts of the program. */
  kind: "runtime" | "code" | "path";
  children?: FilledNode[];
}

export function filledTree({ contents, program }: Variant): FilledNode {
  const visit = (node: TreeNode, path: string): FilledNode => {
    const { name, bytes, children: within = [] } = node;
    const filled: FilledNode = { name, path: path || "/", bytes, kind: "path" };
    if (within.length > 0) {
      const inside = within.map((child) =>
        visit(child, `${path}/${child.name}`)
      );
      return { ...filled, children: inside };
    }
    if (!program) return filled;
    if (program.runtimePath !== undefined) {
      // A split program is two files: each is one part.
      if (path === program.runtimePath) return { ...filled, kind: "runtime" };
      return path === program.path ? { ...filled, kind: "code" } : filled;
    }
    if (path !== program.path) return filled;
    const part = (kind: "runtime" | "code", name: string, bytes: number) => (
      { name, path: `${path}: ${name}`, bytes, kind }
    );
    const children = [
      part("runtime", "Deno runtime", program.runtimeBytes),
      ...applicationParts(program)
        .map(({ name, bytes }) => part("code", name, bytes)),
    ];
    return { ...filled, children };
  };
  return visit(contents, "");
}

/** The parts that are not taken apart further, largest first. */
export function filledLeaves(node: FilledNode): FilledNode[] {
  const leaves = node.children?.flatMap(filledLeaves) ?? [node];
  return leaves.filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

/** Packages, modules and embedded files of a program, largest first. */
export function programParts(
  { npm, modules, assets = [] }: Program,
): { name: string; bytes: number }[] {
  return [
    ...npm.map(({ name, version, bytes }) => ({
      name: `npm:${name}@${version}`,
      bytes,
    })),
    ...modules.map(({ specifier, bytes }) => ({ name: specifier, bytes })),
    ...assets.map(({ path, bytes }) => ({ name: path, bytes })),
  ].sort((a, b) => b.bytes - a.bytes);
}

/** Packages apart from the service's own code, where there are some. */
export function applicationParts(
  { parts, applicationBytes }: Program,
): { name: string; bytes: number }[] {
  const packages = parts === undefined ? 0 : parts.npm + parts.remote;
  const own = { name: "your code", bytes: applicationBytes - packages };
  return packages === 0 ? [own] : [{ name: "packages", bytes: packages }, own];
}

/** What the application in a program is made of: most of it may be packages. */
export function applicationText({ parts }: Program): string {
  if (!parts) return "your code";
  const { own, remote, npm, assets, metadata } = parts;
  const known = Object.entries({
    "own modules": own,
    "remote modules": remote,
    "npm packages": npm,
    "embedded files": assets,
    metadata,
  }).filter(([, bytes]) => bytes > 0);
  return `application: ${
    known.map(([name, bytes]) => `${formatBytes(bytes)} ${name}`).join(", ")
  }`;
}
