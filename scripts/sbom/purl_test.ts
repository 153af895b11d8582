import { assertEquals } from "@std/assert";
import type { InstalledPackage } from "./package_files.ts";
import { githubPurl, jsrPurl, npmPurl, packagePurl } from "./purl.ts";

function installed(parts: Partial<InstalledPackage>): string {
  return packagePurl({
    type: "deb",
    name: "attr",
    version: "1",
    architecture: "",
    source: { name: "attr", version: "1" },
    depends: [],
    licenses: [],
    ...parts,
  });
}

// The right values are those of the tests that the purl specification comes with:
// tests/types/deb-test.json, apk-test.json, npm-test.json.
Deno.test("packagePurl() is as the specification's tests have it", () => {
  assertEquals(
    installed({ version: "1:2.4.47-2+b1", architecture: "amd64" }),
    "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
  );
  assertEquals(
    installed({
      name: "dpkg",
      version: "1.19.0.4",
      architecture: "amd64",
      distribution: { id: "ubuntu" },
    }),
    "pkg:deb/ubuntu/dpkg@1.19.0.4?arch=amd64&distro=ubuntu",
  );
  assertEquals(
    installed({
      type: "apk",
      name: "curl",
      version: "7.83.0-r0",
      architecture: "x86",
    }),
    "pkg:apk/alpine/curl@7.83.0-r0?arch=x86",
  );
  assertEquals(
    installed({ name: "g++", version: "1:1.2~rc1+dfsg-3+b1" }),
    "pkg:deb/debian/g%2B%2B@1:1.2~rc1%2Bdfsg-3%2Bb1",
  );
});

Deno.test("npmPurl(), jsrPurl(), githubPurl() encode what is not theirs", () => {
  assertEquals(
    npmPurl("@angular/animation", "12.3.1"),
    "pkg:npm/%40angular/animation@12.3.1",
  );
  assertEquals(npmPurl("a", "1.0.0+build"), "pkg:npm/a@1.0.0%2Bbuild");
  assertEquals(npmPurl("a", ""), "pkg:npm/a");
  assertEquals(
    jsrPurl("@std/path", "1.0.0"),
    "pkg:generic/jsr.io/%40std/path@1.0.0",
  );
  assertEquals(
    githubPurl("denoland", "deno", "v2.6.10"),
    "pkg:github/denoland/deno@v2.6.10",
  );
});
