import { assertEquals } from "@std/assert";
import { licenses, spdxExpression } from "./licenses.ts";

Deno.test("spdxExpression: ids, in any case, and what Debian calls them", () => {
  const cases: [text: string, expression: string | undefined][] = [
    ["MIT", "MIT"],
    ["apache-2.0", "Apache-2.0"],
    ["Expat", "MIT"],
    ["GPL-2+", "GPL-2.0-or-later"],
    ["GPL-3", "GPL-3.0-only"],
    ["LGPL-2.1+", "LGPL-2.1-or-later"],
    ["BSD-3-clause", "BSD-3-Clause"],
    ["(MIT or GPL-2+) and ISC", "(MIT OR GPL-2.0-or-later) AND ISC"],
    ["UNLICENSED", undefined],
    ["MIT OR", undefined],
    ["MIT ISC", undefined],
    ["(MIT", undefined],
    ["MIT)", undefined],
    ["()", undefined],
    ["", undefined],
  ];
  for (const [text, expression] of cases) {
    assertEquals(spdxExpression(text), expression, text);
  }
});

Deno.test("licenses: an expression alone, else a list without doubles", () => {
  assertEquals(licenses([]), {});
  assertEquals(licenses(["MIT OR ISC"]), {
    licenses: [{ expression: "MIT OR ISC" }],
  });
  assertEquals(licenses(["Expat", "MIT", "MIT OR ISC", "my own"]), {
    licenses: [
      { license: { id: "MIT" } },
      { license: { name: "MIT OR ISC" } },
      { license: { name: "my own" } },
    ],
  });
});
