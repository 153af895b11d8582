import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../image/model.ts";
import type { TreeNode } from "./inspect_schema.ts";
import { contents } from "./contents.ts";
import { file, hardlink, image, layer } from "../../testing/image.ts";
import { rootfs } from "../image/rootfs.ts";

/** The tree of these files, after what must be true of every tree. */
function contentsOf(entries: Entry[]): TreeNode {
  const root = rootfs(image([{ ...layer(""), entries }]));
  const tree = contents(root);
  assertEquals(tree.bytes, root.bytes);
  const check = (node: TreeNode) => {
    if (!node.children) return;
    const sum = node.children.reduce((sum, { bytes }) => sum + bytes, 0);
    assertEquals(sum, node.bytes, node.name);
    node.children.forEach(check);
  };
  check(tree);
  return tree;
}

function countNodes(node: TreeNode): number {
  return 1 + (node.children ?? []).reduce((n, c) => n + countNodes(c), 0);
}

Deno.test("contents: nothing in nothing", () => {
  assertEquals(contentsOf([]), { name: "/", bytes: 0 });
  assertEquals(contentsOf([file("a", 0)]), { name: "/", bytes: 0 });
});

Deno.test("contents: joins folders that hold one thing only", () => {
  assertEquals(
    contentsOf([
      file("usr/lib/x/a", 60),
      file("usr/lib/x/b", 30),
      file("c", 10),
    ]),
    {
      name: "/",
      bytes: 100,
      children: [
        {
          name: "usr/lib/x",
          bytes: 90,
          children: [{ name: "a", bytes: 60 }, { name: "b", bytes: 30 }],
        },
        { name: "c", bytes: 10 },
      ],
    },
  );
});

Deno.test("contents: sums up what is small, never one alone", () => {
  const tiny = ["x", "y", "z"].map((name) => file(`etc/${name}`, 1));
  assertEquals(contentsOf([file("big", 9_997), ...tiny]).children, [
    { name: "big", bytes: 9_997 },
    { name: "etc", bytes: 3 },
  ]);
  assertEquals(
    contentsOf([file("big", 9_000), file("a", 4), file("b", 2)]).children,
    [{ name: "big", bytes: 9_000 }, { name: "other (2)", bytes: 6 }],
  );
});

Deno.test("contents: sums up what is beyond the twelve largest", () => {
  const { children } = contentsOf(
    Array.from({ length: 20 }, (_, i) => file(`f${i}`, 100 + i)),
  );
  assertEquals(children?.length, 13);
  assertEquals(children?.[0], { name: "f19", bytes: 119 });
  assertEquals(children?.[12].name, "other (8)");
});

Deno.test("contents: a hard link adds nothing", () => {
  const { children } = contentsOf([file("a/x", 5), hardlink("b/x", "a/x")]);
  assertEquals(children, [{ name: "a/x", bytes: 5 }]);
});

Deno.test("contents: few nodes for many files, however deep", () => {
  const wide = Array.from(
    { length: 50_000 },
    (_, i) => file(`${i % 7}/${i % 77}/${i % 777}/${i}`, 1 + i % 5),
  );
  assert(countNodes(contentsOf(wide)) < 600);
  const deep = Array.from(
    { length: 1_000 },
    (_, i) => file(`${"d/".repeat(i)}f`, 10),
  );
  assert(countNodes(contentsOf(deep)) < 600);
});
