/**
 * What fills an image, as a tree: folders, and the parts of the program that the
 * archive knows nothing of. For the picture, the lists and the first sentence.
 *
 * @module
 */
import type { TreeNode } from "../inspect/inspect_schema.ts";
import type { Variant } from "./report_schema.ts";
import { applicationParts } from "./shared_rows.ts";

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
