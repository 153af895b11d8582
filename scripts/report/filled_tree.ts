/**
 * What fills an image, as a tree: folders, and the parts of the program that the
 * archive knows nothing of. For the picture, the lists and the first sentence.
 *
 * @module
 */
import type { TreeNode } from "../inspect/inspect_schema.ts";
import type { Variant } from "./report_schema.ts";

/** A part of an image. */
export interface FilledNode {
  name: string;
  /** From the root; of the program's parts, the program's with their name. */
  path: string;
  bytes: number;
  /** `runtime` and `code` are parts of the program. */
  kind: "runtime" | "code" | "path";
  children?: FilledNode[];
}

/** The contents of a variant as a tree with paths. */
export function filledTree({ contents, program }: Variant): FilledNode {
  const visit = (node: TreeNode, path: string): FilledNode => {
    const children = node.children?.map((child) =>
      visit(child, `${path}/${child.name}`)
    );
    const filled: FilledNode = {
      name: node.name,
      path: path === "" ? "/" : path,
      bytes: node.bytes,
      kind: "path",
      ...(children?.length ? { children } : {}),
    };
    if (children?.length || !program) return filled;
    if (program.runtimePath !== undefined) {
      // A split program is two files: each is one part.
      if (path === program.runtimePath) return { ...filled, kind: "runtime" };
      return path === program.path ? { ...filled, kind: "code" } : filled;
    }
    if (path !== program.path) return filled;
    const parts = [
      {
        name: "Deno runtime",
        kind: "runtime" as const,
        bytes: program.runtimeBytes,
      },
      {
        name: "your code",
        kind: "code" as const,
        bytes: program.applicationBytes,
      },
    ];
    return {
      ...filled,
      children: parts.map((part) => ({
        ...part,
        path: `${path}: ${part.name}`,
      })),
    };
  };
  return visit(contents, "");
}

/** The parts that are not taken apart further, largest first. */
export function filledLeaves(node: FilledNode): FilledNode[] {
  const leaves = (node: FilledNode): FilledNode[] =>
    node.children === undefined ? [node] : node.children.flatMap(leaves);
  return leaves(node)
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}
