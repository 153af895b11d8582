import { assertEquals } from "@std/assert";
import { evidence, hashes, licenses, properties, purl } from "./cyclonedx.ts";

Deno.test("properties() and hashes() leave out what is not known", () => {
  assertEquals(properties({ files: 3, kind: undefined, whole: false }), {
    properties: [
      { name: "deno-small-image:files", value: "3" },
      { name: "deno-small-image:whole", value: "false" },
    ],
  });
  assertEquals(properties({ files: undefined }), {});
  assertEquals(hashes("ab"), { hashes: [{ alg: "SHA-256", content: "ab" }] });
  assertEquals(hashes(undefined), {});
});

Deno.test("evidence() names each place once, and how it is known what it is", () => {
  assertEquals(evidence(["/a", "/b", "/a"]), {
    evidence: { occurrences: [{ location: "/a" }, { location: "/b" }] },
  });
  assertEquals(evidence([], "version", [["binary-analysis", "Deno/2.9.6"]]), {
    evidence: {
      identity: [{
        field: "version",
        confidence: 1,
        methods: [{
          technique: "binary-analysis",
          confidence: 1,
          value: "Deno/2.9.6",
        }],
      }],
    },
  });
});

Deno.test("licenses: ids, in any case, and what Debian calls them", () => {
  const cases: [text: string, id: string | undefined][] = [
    ["MIT", "MIT"],
    ["apache-2.0", "Apache-2.0"],
    ["Expat", "MIT"],
    ["GPL-2+", "GPL-2.0-or-later"],
    ["GPL-3", "GPL-3.0-only"],
    ["LGPL-2.1+", "LGPL-2.1-or-later"],
    ["BSD-3-clause", "BSD-3-Clause"],
    ["UNLICENSED", undefined],
    ["MIT OR", undefined],
    ["MIT ISC", undefined],
    ["(MIT", undefined],
    ["MIT)", undefined],
    ["()", undefined],
    ["", undefined],
  ];
  for (const [text, id] of cases) {
    const license = id === undefined ? { name: text } : { id };
    assertEquals(licenses([text]).licenses, [{ license }], text);
  }
});

Deno.test("licenses: an expression alone, else a list without doubles", () => {
  assertEquals(licenses([]), {});
  assertEquals(licenses(["MIT OR ISC"]), {
    licenses: [{ expression: "MIT OR ISC" }],
  });
  assertEquals(licenses(["(MIT or GPL-2+) and ISC"]), {
    licenses: [{ expression: "(MIT OR GPL-2.0-or-later) AND ISC" }],
  });
  assertEquals(licenses(["Expat", "MIT", "MIT OR ISC", "my own"]), {
    licenses: [
      { license: { id: "MIT" } },
      { license: { name: "MIT OR ISC" } },
      { license: { name: "my own" } },
    ],
  });
});

Deno.test("purl() encodes what is not theirs", () => {
  assertEquals(
    purl("npm", "@angular", "animation", "12.3.1"),
    "pkg:npm/%40angular/animation@12.3.1",
  );
  assertEquals(
    purl("npm", undefined, "a", "1.0.0+build"),
    "pkg:npm/a@1.0.0%2Bbuild",
  );
  assertEquals(purl("npm", undefined, "a", ""), "pkg:npm/a");
  assertEquals(
    purl("generic", "jsr.io/@std", "path", "1.0.0"),
    "pkg:generic/jsr.io/%40std/path@1.0.0",
  );
  assertEquals(
    purl("github", "denoland", "deno", "v2.6.10"),
    "pkg:github/denoland/deno@v2.6.10",
  );
});
