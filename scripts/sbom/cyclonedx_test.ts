import { assertEquals } from "@std/assert";
import { evidence, hashes, properties } from "./cyclonedx.ts";

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
