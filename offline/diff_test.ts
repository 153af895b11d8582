import { assertEquals } from "@std/assert";
import { diff, show } from "./diff.ts";

Deno.test("diff() marks the lines that differ and keeps the others", () => {
  assertEquals(
    diff({ a: 1, b: [1, 2] }, { b: [1, 3], a: 1 }),
    [
      "    {",
      "      a: 1,",
      "      b: [",
      "        1,",
      "-       2,",
      "+       3,",
      "      ],",
      "    }",
    ].join("\n"),
  );
});

Deno.test("diff() compares texts of several lines as they are", () => {
  assertEquals(diff("a\nb\n", "a\nc\n"), "    a\n-   b\n+   c\n    ");
});

Deno.test("diff() shows what is only at the end of one", () => {
  assertEquals(diff("a\nb", "a\nb\nc"), "    a\n    b\n+   c");
  assertEquals(diff("a\nb\nc", "a\nb"), "    a\n    b\n-   c");
});

Deno.test("diff() shows long values whole instead of comparing for ever", () => {
  const a = Array.from({ length: 2000 }, (_, i) => i).join("\n");
  const b = `${a}\nend`;
  assertEquals(diff(a, b).split("\n").length, 2000 + 2001);
});

Deno.test("show() sorts keys and cuts nothing off", () => {
  assertEquals(show(new Set([1])), "Set(1) {\n  1,\n}");
  assertEquals(show({ b: 1, a: 2 }), show({ a: 2, b: 1 }));
  assertEquals(
    show(Array.from({ length: 500 }, (_, i) => i)).split("\n").length,
    502,
  );
});
