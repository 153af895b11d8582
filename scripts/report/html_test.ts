import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Report } from "./report_schema.ts";
import { html, STYLE } from "./html.ts";
import {
  emptyReport,
  failedReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";
import { readHtml } from "../../testing/html.ts";

const REPORTS: Record<string, () => Report> = {
  full: fixtureReport,
  failed: failedReport,
  empty: emptyReport,
  minimal: () => ({ ...emptyReport(), variants: [minimalVariant()] }),
  hostile: hostileReport,
};

/** Runs a test for every kind of report. */
function each(what: string, check: (page: string) => void): void {
  for (const [name, report] of Object.entries(REPORTS)) {
    Deno.test(`html() of a report that is ${name}: ${what}`, () => {
      check(html(report()));
    });
  }
}

/** The page without its own style sheet. */
function withoutStyle(page: string): string {
  return page.replace(/<style>[^]*?<\/style>/, "<style></style>");
}

each("well-formed, no id twice, every link leads somewhere", (page) => {
  const tags = readHtml(withoutStyle(page));
  const ids = tags.flatMap(({ attributes }) => attributes.id ?? []);
  assertEquals(ids, [...new Set(ids)]);
  for (const { attributes: { href } } of tags) {
    if (href !== undefined) assert(ids.includes(href.slice(1)), href);
  }
});

each("runs nothing, loads nothing", (page) => {
  const tags = readHtml(withoutStyle(page));
  const names = new Set(tags.map(({ name }) => name));
  for (const name of ["script", "link", "img", "iframe", "object", "image"]) {
    assert(!names.has(name), name);
  }
  for (const { attributes } of tags) {
    for (const [name, value] of Object.entries(attributes)) {
      assert(!/^(on|src|style|xlink)/.test(name), name);
      if (name === "href") assert(value.startsWith("#"), value);
    }
  }
  assertEquals(page.match(/https?:|url\(|@import|javascript:/), null);
  assertStringIncludes(
    page,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`,
  );
});

each("no control character, no figure that is none", (page) => {
  assertEquals(page.match(/[^\n\P{C}]/u), null);
  assertEquals(
    withoutStyle(page).match(/NaN|undefined|Infinity|\[object/),
    null,
  );
});

each(
  "headings in order, one of the first rank, a title, a language",
  (page) => {
    const tags = readHtml(withoutStyle(page));
    const ranks = tags.flatMap(({ name }) =>
      /^h[1-6]$/.test(name) ? [Number(name[1])] : []
    );
    assertEquals(ranks.filter((rank) => rank === 1).length, 1);
    assertEquals(ranks[0], 1);
    for (const [index, rank] of ranks.entries()) {
      assert(index === 0 || rank <= ranks[index - 1] + 1, ranks.join());
    }
    assertEquals(tags[0].attributes.lang, "en");
    assert(/<title>[^<]+<\/title>/.test(page));
  },
);

each("pictures have a name, tables a caption and scopes", (page) => {
  const tags = readHtml(withoutStyle(page));
  const count = (name: string) =>
    tags.filter((tag) => tag.name === name).length;
  for (const { name, attributes, within } of tags) {
    if (name === "svg" && within.at(-1) === "figure") {
      assertEquals(attributes.role, "img");
      assert(attributes["aria-label"].length > 10);
    }
    if (name === "th") assert(["col", "row"].includes(attributes.scope));
    if (attributes.class === "scroll") assertEquals(attributes.tabindex, "0");
  }
  assertEquals(count("caption"), count("table"));
  assertEquals(count("figcaption"), count("figure"));
  // Once for wide, once for narrow pages.
  assertEquals(
    tags.filter(({ name, within }) =>
      name === "svg" && within.at(-1) === "figure"
    ).length,
    2 * count("figure"),
  );
});

Deno.test("html() answers first which is smallest, by how much, and whether it works", () => {
  const page = html(fixtureReport());
  const [header] = page.split("<main>");
  assertStringIncludes(
    header,
    "<h1>scratch is the smallest: 95.4 MB, 4.5× smaller than single-stage</h1>",
  );
  assertStringIncludes(
    header,
    "scratch breaks its contract; the smallest that holds it is multi-stage with 122 MB.<br>85.3 % of scratch (81.4 MB) is the Deno runtime, 0.6 % your code.",
  );
  assertStringIncludes(
    header,
    "✗\u00a017 of 18 hold</span> (3 skipped): contract 11/12, restrictions 6",
  );
  assertStringIncludes(
    header,
    "✗\u00a02 of 3 hold</span> (1 skipped)",
  );
});

Deno.test("html() has a section for all that was found", () => {
  const sections = (report: Report) =>
    readHtml(withoutStyle(html(report)))
      .filter(({ name }) => name === "section")
      .map(({ attributes }) => attributes.id);
  assertEquals(sections(fixtureReport()), [
    "sizes",
    "problems",
    "notes",
    "growth",
    "layers",
    "contents",
    "binary",
    "waste",
    "start",
    "memory",
    "surface",
    "checks",
    "budget",
    "method",
  ]);
  assertEquals(
    sections(REPORTS.minimal()),
    ["sizes", "waste", "surface", "method"],
    "what was not measured has no section",
  );
  assertEquals(sections(failedReport()), ["problems"]);
  assertEquals(sections(emptyReport()), []);
});

Deno.test("html() shows what failed with its details", () => {
  assertStringIncludes(
    html(fixtureReport()),
    "<b>multi-stage</b>, budget: size is 122 MB, the limit is 120 MB</li>",
  );
  assertStringIncludes(
    html(failedReport()),
    `Cannot build &quot;Dockerfile.scratch&quot;: step 4 of 7 exited with 1
STEP 4/7: RUN deno compile main.ts
error: Module not found</pre>`,
  );
});

Deno.test("html() shows hostile names as they are", () => {
  assertStringIncludes(
    html(hostileReport()),
    "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;|`*_\\x1b[31m\\x00\\n\\u202e@everyone",
  );
});

Deno.test("readHtml() refuses what is not well-formed", () => {
  for (
    const page of [
      "<p>a & b</p>",
      "<p><b></p></b>",
      "<p>",
      '<p class=a"></p>',
      '<p a="<"></p>',
      "a > b",
    ]
  ) assertThrows(() => readHtml(page), Error, "Cannot");
});

/** The colours of a theme, by name. */
function colors(css: string): Record<string, string> {
  return Object.fromEntries(
    [...css.matchAll(/--([a-z0-9]+): (#[0-9a-f]{6});/g)]
      .map(([, name, value]) => [name, value]),
  );
}

/** Contrast of two colours by WCAG 2: 1 to 21. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const [, light, dark] = STYLE.split(":root {").map(colors);

Deno.test("both themes have the same colours", () => {
  assertEquals(Object.keys(light), Object.keys(dark));
  assert(Object.keys(light).length > 20);
});

for (const [name, theme] of Object.entries({ light, dark })) {
  Deno.test(`text can be read in the ${name} theme`, () => {
    for (const text of ["ink", "muted", "good", "bad", "link"]) {
      const found = contrast(theme[text], theme.paper);
      assert(found >= 4.5, `${text} on paper: ${found}`);
    }
    const fills = ["runtime", "code", "kept", "again", "plain"];
    const hues = Object.keys(theme).filter((key) => key.startsWith("hue"));
    assertEquals(hues.length, 5);
    for (const fill of [...fills, ...hues]) {
      const found = contrast(theme.on, theme[fill]);
      assert(found >= 4.5, `text on ${fill}: ${found}`);
    }
  });

  Deno.test(`bars and marks stand out in the ${name} theme`, () => {
    for (const fill of ["size", "pull", "deploy"]) {
      const found = contrast(theme[fill], theme.paper);
      assert(found >= 3, `${fill}: ${found}`);
    }
  });
}

Deno.test("contrast() agrees with WCAG's own examples", () => {
  assertEquals(contrast("#000000", "#ffffff"), 21);
  assertEquals(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});
