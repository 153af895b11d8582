import { assertEquals } from "@std/assert";
import type { Entry } from "../image/model.ts";
import { directory, file, symlink } from "../../testing/image.ts";
import { probe } from "./probe.ts";

/** Streams content past the probe, in chunks of a size. */
function find(entry: Entry, content: Uint8Array, chunk = content.length) {
  const sink = probe(entry);
  if (!sink) return "not chosen";
  const buffer = new Uint8Array(chunk);
  for (let at = 0; at < content.length; at += chunk) {
    const part = content.subarray(at, at + chunk);
    buffer.set(part);
    sink.write(buffer.subarray(0, part.length));
  }
  return sink.end();
}

const bytes = (text: string) => new TextEncoder().encode(text);
const program = (size: number) => file("bin/x", size, { mode: 0o755 });

Deno.test("probe: keeps the texts that the surface needs, in any chunks", () => {
  const content = bytes("Zoë:x:0:0::/:\n");
  for (
    const path of [
      "etc/passwd",
      "etc/shells",
      "etc/ld.so.conf",
      "etc/ld.so.conf.d/a.conf",
      "var/lib/dpkg/status",
      "var/lib/dpkg/status.d/tzdata",
      "lib/apk/db/installed",
      "etc/os-release",
    ]
  ) {
    for (const chunk of [1, 3, content.length]) {
      assertEquals(find(file(path, content.length), content, chunk), {
        text: "Zoë:x:0:0::/:\n",
      });
    }
  }
});

Deno.test("probe: holds no more of a text than 8 MiB, nor than there is", () => {
  const size = 8 * 1024 * 1024;
  const content = new Uint8Array(size + 5).fill(97);
  const found = find(file("etc/passwd", content.length), content, 65536);
  assertEquals((found as { text: string }).text.length, size);
  assertEquals(find(file("etc/passwd", 10), bytes("abc")), { text: "abc" });
  assertEquals(find(file("etc/passwd", 2), bytes("abc")), { text: "ab" });
});

Deno.test("probe: leaves alone what is neither", () => {
  for (
    const entry of [
      file("usr/share/hosts", 5),
      file("etc/passwd", 0),
      directory("etc/shells"),
      symlink("bin/sh", "dash"),
      file("usr/share/x.sock", 5),
      file("var/lib/dpkg/status.d/tzdata.md5sums", 5),
    ]
  ) assertEquals(find(entry, bytes("abcde")), "not chosen");
});

Deno.test("probe: reads a script's first line, in any chunks", () => {
  const cases: [string, string][] = [
    ["#!/bin/sh\necho", "/bin/sh"],
    ["#! /usr/bin/env -S deno run\n", "/usr/bin/env"],
    ["#!/bin/sh", "/bin/sh"],
  ];
  for (const [text, shebang] of cases) {
    for (const chunk of [1, 2, 7, 300]) {
      const content = bytes(
        text + (text.endsWith("\n") ? "x".repeat(999) : ""),
      );
      assertEquals(find(program(content.length), content, chunk), { shebang });
    }
  }
});

Deno.test("probe: tells a script that holds a secret from its start, in any chunks", () => {
  const line = "#!/bin/sh\nexport TOKEN=";
  const content = bytes(`${line}${"glpat-"}${"a1B2".repeat(5)}\n`);
  const script = file("app/start.sh", content.length, { mode: 0o755 });
  for (const chunk of [1, 7, content.length]) {
    assertEquals(find(script, content, chunk), {
      shebang: "/bin/sh",
      secret: "access token",
    });
  }
  const long = new Uint8Array(70_000).fill(10);
  long.set(content, 65_000);
  assertEquals(find(file("app/x", long.length), long, 999), {
    secret: "access token",
  });
  long.fill(10).set(content, 65_530);
  assertEquals(find(file("app/x", long.length), long, 999), undefined);
});

Deno.test("probe: makes nothing of other executables", () => {
  for (
    const text of ["", "#", "#!", "#!\n", "MZ\x90\0abc", "echo", "#!   \n"]
  ) {
    assertEquals(find(program(9), bytes(text), 1), undefined, text);
  }
});

Deno.test("probe: looks into programs, and into libraries that are not executable", async () => {
  const self = await Deno.readFile(Deno.execPath());
  for (
    const entry of [program(self.length), file("lib/libx.so.1", self.length)]
  ) {
    const found = find(entry, self, 1 << 20) as {
      elf?: { needed: string[] };
    };
    assertEquals(found.elf?.needed.includes("libc.so.6"), true);
  }
});
