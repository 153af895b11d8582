import { assertEquals } from "@std/assert";
import { parseCopyright } from "./package_files.ts";

Deno.test("parseCopyright: licences of the machine-readable format alone", () => {
  assertEquals(parseCopyright("License: MIT\n"), []);
  assertEquals(
    parseCopyright(
      "Format: https://x\n\nFiles: *\nLicense: Expat\n text\n\nFiles: a\n" +
        "license:  GPL-2+  or MIT\r\n\nLicense:\n more\n\nLicense: A and B, and C\n",
    ),
    ["A", "B", "C", "Expat", "GPL-2+ or MIT"],
  );
});
