import { assert, assertEquals } from "@std/assert";
import { STYLE } from "./html_style.ts";

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
