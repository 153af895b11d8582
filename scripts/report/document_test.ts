import { coded, lines, linesIn, listed, plain, table } from "./document.ts";
import { assertEquals } from "@std/assert";

Deno.test("table() leaves out columns that nobody has measured", () => {
  const [block] = table("Sizes", [1, 2, 3], [
    ["Item", String],
    ["Bytes", (item) => item > 1 ? `${item} B` : undefined, "right"],
    ["Time", () => undefined],
  ], { most: 2 });
  assertEquals(block, {
    table: {
      caption: "Sizes",
      columns: [
        { title: "Item", cells: ["1", "2"], right: false },
        { title: "Bytes", cells: [undefined, "2 B"], right: true },
      ],
      more: 1,
      joins: false,
    },
  });
});

Deno.test("table() is none where only names would be left, or nothing", () => {
  assertEquals(table("a", [1], [["Item", String]]), []);
  const columns: [string, (item: number) => string][] = [
    ["Item", String],
    ["Twice", (item) => String(2 * item)],
  ];
  assertEquals(table("a", [], columns), []);
});

Deno.test("plain() and linesIn() see through marks", () => {
  const items = listed(["a", undefined, coded("b"), false && "c"]);
  assertEquals(plain(items), "a, b");
  assertEquals(linesIn(lines(["a", coded("b")])).map(plain), ["a", "b"]);
  assertEquals(linesIn(coded("b")), [coded("b")]);
});
