import { assert, assertEquals } from "@std/assert";
import {
  chartLayers,
  chartMemory,
  chartSamples,
  chartSizes,
  chartTreemap,
  figure,
  fitted,
} from "./chart.ts";
import type { Markup } from "./markup.ts";
import {
  emptyReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { readHtml, type Tag } from "../../testing/html.ts";

const number = (tag: Tag, name: string) => Number(tag.attributes[name]);

/** Holds two lengths to each other; pictures are rounded. */
function near(
  actual: number,
  expected: number,
  by: number,
  message = "",
): void {
  const apart = Math.abs(actual - expected);
  assert(apart <= by, `${actual} is not ${expected} ${message}`);
}

/** The elements of a figure's picture for wide pages. */
function wide(picture: Markup): Tag[] {
  const [, svg] = /(<svg class="wide".*?)<svg class="narrow"/s.exec(
    picture.text,
  ) ?? [];
  return readHtml(svg);
}

/** Boxes with one class. */
function boxes(tags: Tag[], kind: string): Tag[] {
  return tags.filter(({ name, attributes }) =>
    name === "rect" && attributes.class === kind
  );
}

Deno.test("figure() draws for both widths", () => {
  const drawn: number[] = [];
  figure("label", "caption", (width) => {
    drawn.push(width);
    return { content: "", height: 1 };
  });
  assertEquals(drawn, [800, 340]);
});

Deno.test("fitted() hides what would be too short to read", () => {
  assertEquals(fitted("abcdef", 100), "abcdef");
  assertEquals(fitted("abcdefghij", 50), "abcdef…");
  assertEquals(fitted("abcdefghij", 20), "");
});

Deno.test("chartSizes() draws bars as long as the bytes", () => {
  const tags = wide(chartSizes(fixtureReport()));
  const [single, multi, scratch] = boxes(tags, "size")
    .map((tag) => number(tag, "width"));
  near(multi / single, 122 / 427, 0.001);
  near(scratch / single, 95.4 / 427, 0.001);
  const [pull] = boxes(tags, "pull").map((tag) => number(tag, "width"));
  near(pull / single, 162.06 / 427, 0.001, "one scale for all");
  assertEquals(boxes(tags, "deploy").length, 3);
});

Deno.test("chartSizes() has no bar for what was not measured", () => {
  const report = fixtureReport();
  delete report.variants[1].nextDeployBytes;
  delete report.variants[1].pullBytes;
  const tags = wide(chartSizes(report));
  assertEquals(boxes(tags, "deploy").length, 2);
  assertEquals(boxes(tags, "pull").length, 2);
  assertEquals(boxes(tags, "size").length, 3);
});

Deno.test("chartLayers() stacks layers side by side on one scale", () => {
  const tags = wide(chartLayers(fixtureReport().variants));
  const rects = tags.filter(({ name }) => name === "rect");
  const [first, second, third] = rects;
  // A gap of 1.5 pixels parts neighbours.
  near(number(first, "width") + 1.5, 800 * 127 / 427, 0.01);
  near(
    number(second, "x"),
    number(first, "width") + 1.5,
    0.02,
  );
  assertEquals(
    [first, second, third].map(({ attributes }) => attributes.class),
    ["kept", "kept", "again"],
  );
  // Two of nine are too small to be seen: 0 B and 200 kB of 427 MB.
  assertEquals(rects.length, 7);
});

Deno.test("chartTreemap() gives the same bytes the same area in all pictures", () => {
  const { variants } = fixtureReport();
  const heights = variants.map((variant) => {
    const [svg] = wide(chartTreemap(variant, variants));
    return number(svg, "height");
  });
  assertEquals(heights[0], 440);
  near(heights[1], 440 * 122 / 421, 0.01);
  near(heights[2], 440 * 95.4 / 421, 0.01);
});

Deno.test("chartTreemap() covers its picture without overlaps", () => {
  const { variants } = fixtureReport();
  const picture = chartTreemap(variants[0], variants);
  const [, ...tags] = wide(picture);
  const cells = tags.filter(({ name }) => name === "svg")
    .map((tag) => ({
      x0: number(tag, "x"),
      y0: number(tag, "y"),
      x1: number(tag, "x") + number(tag, "width"),
      y1: number(tag, "y") + number(tag, "height"),
    }));
  assertEquals(cells.length, 12);
  let area = 0;
  for (const [index, a] of cells.entries()) {
    area += (a.x1 - a.x0) * (a.y1 - a.y0);
    for (const b of cells.slice(index + 1)) {
      const apart = a.x1 <= b.x0 || b.x1 <= a.x0 || a.y1 <= b.y0 ||
        b.y1 <= a.y0;
      assert(apart, JSON.stringify([a, b]));
    }
  }
  assert(area > 0.9 * 800 * 440, `${area} of ${800 * 440}`);
});

Deno.test("chartTreemap() takes the program apart and keeps a folder's colour", () => {
  const { variants } = fixtureReport();
  const hueOfUsr = variants.slice(0, 2).map((variant) => {
    const { text } = chartTreemap(variant, variants);
    assertEquals(
      boxes(wide(chartTreemap(variant, variants)), "code").length,
      1,
    );
    return /class="(hue\d)"[^>]*><title>\/usr\u2003/.exec(text)?.[1];
  });
  assertEquals(hueOfUsr, ["hue0", "hue0"]);
});

Deno.test("chartTreemap() draws a tiny image larger, and says so", () => {
  const { variants } = fixtureReport();
  variants[0].contents.bytes = 100e9;
  const { text } = chartTreemap(variants[2], variants);
  assert(text.includes("Drawn larger than to scale"));
  assertEquals(chartTreemap(minimalVariant(), variants).text, "");
});

Deno.test("chartSamples() draws a dot for each run where it belongs", () => {
  const tags = wide(chartSamples(fixtureReport()));
  const dots = tags.filter(({ name }) => name === "circle");
  assertEquals(dots.length, 30);
  const [first, second] = dots.map((dot) => number(dot, "cx"));
  // 212 and 205 of at most 240 ms, between 6 and 650 pixels.
  near(first, 6 + 644 * 212 / 240, 0.01);
  near(second, 6 + 644 * 205 / 240, 0.01);
});

Deno.test("chartMemory() draws bars for each variant that was measured", () => {
  const report = fixtureReport();
  delete report.variants[0].memoryBytes;
  const tags = wide(chartMemory(report));
  const kinds = ["size", "pull", "deploy"];
  assertEquals(kinds.map((kind) => boxes(tags, kind).length), [2, 2, 1]);
});

Deno.test("charts of nothing are nothing", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(chartSamples(report).text, "");
  assertEquals(chartMemory(report).text, "");
});
