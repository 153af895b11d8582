import { assertEquals } from "@std/assert";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

Deno.test("textWidth() counts columns, not code units", () => {
  assertEquals(
    ["", "abc", "日本", "é", "e\u0301", "😀", "×…–"].map(textWidth),
    [0, 3, 4, 1, 1, 2, 3],
  );
});

Deno.test("clip() shortens at the end", () => {
  assertEquals(clip("abcdef", 6), "abcdef");
  assertEquals(clip("abcdef", 5), "abcd…");
  assertEquals(clip("abc def", 5), "abc…");
  assertEquals(clip("日本語", 5), "日本…");
  assertEquals(clip("日本語", 4), "日…");
  assertEquals(clip("abc", 1), "…");
});

Deno.test("clipMiddle() keeps the end, which says most about a path", () => {
  assertEquals(clipMiddle("/usr/lib/libcrypto.so", 12), "/usr/…pto.so");
  assertEquals(clipMiddle("short", 12), "short");
  assertEquals(textWidth(clipMiddle("日本語日本語日本語", 9)) <= 9, true);
});

Deno.test("wrap() breaks at spaces, and long words anywhere", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("ab abcdefgh c", 4), ["ab", "abcd", "efgh", "c"]);
  assertEquals(wrap("", 4), [""]);
});
