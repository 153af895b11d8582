import { markup, preformatted } from "./markup.ts";
import { assertEquals } from "@std/assert";

Deno.test("markup() escapes all but markup", () => {
  const inner = markup`<b>${"<i>"}</b>`;
  assertEquals(
    markup`<p title="${`"'&`}">${inner}${["a<", inner]}${1}</p>`.text,
    '<p title="&quot;&#39;&amp;"><b>&lt;i&gt;</b>a&lt;<b>&lt;i&gt;</b>1</p>',
  );
});

Deno.test("markup() leaves no trace of what is not there", () => {
  assertEquals(markup`a${undefined}${false}${[]}${""}b`.text, "ab");
  assertEquals(markup`${0}`.text, "0");
});

Deno.test("markup() shows control characters", () => {
  assertEquals(markup`${"a\x00\x1b[1m\u202e"}`.text, "a\\x00\\x1b[1m\\u202e");
});

Deno.test("preformatted() keeps line ends only", () => {
  assertEquals(preformatted("a <b>\n\tc\n\n").text, "a &lt;b&gt;\n\\tc");
});
