import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import type { Entry } from "../image/model.ts";
import {
  directory,
  file,
  image,
  layer,
  symlink,
  text,
} from "../../testing/image.ts";
import { billOfMaterials } from "./bill_of_materials.ts";
import { inventory, inventoryProbe, parseCopyright } from "./inventory.ts";
import { rootfs } from "../image/rootfs.ts";

const STATUS = `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <a@b>
Architecture: amd64
Source: glibc (2.41-1)
Version: 2.41-1+b1
Depends: libgcc-s1, libidn2-0 (>= 2.0.5~) | libidn1:any,
 folded [amd64]
Description: a library
 depends: not a field

Package: gone
Status: deinstall ok config-files
Version: 1
`;

/** A library as the closer probe finds it. */
function library(path: string, content: string, md5?: string): Entry {
  return file(path, 100, {
    sha256: content,
    found: {
      elf: {
        machine: "amd64",
        needed: [],
        runpath: [],
        soname: path.slice(path.lastIndexOf("/") + 1),
        ...md5 && { md5 },
      },
    },
  });
}

const MD5 = "0".repeat(32);

/** An image that has dpkg's database and a `/lib` that is a link. */
function debian(...more: Entry[]) {
  const built = image([layer(
    "FROM debian",
    directory("usr/lib"),
    symlink("lib", "usr/lib"),
    text("var/lib/dpkg/status", STATUS),
    text("var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib\n/lib/libc.so.6\n"),
    text(
      "var/lib/dpkg/info/libc6:amd64.md5sums",
      `${MD5}  usr/lib/libm.so.6\n${MD5}  lib/libc.so.6\n`,
    ),
    text("etc/os-release", 'ID=debian\nVERSION_ID="13"\n'),
    library("usr/lib/libc.so.6", "libc", MD5),
    ...more,
  )]);
  return { image: { ...built, reference: "builder" }, rootfs: rootfs(built) };
}

function scratch(...entries: Entry[]) {
  const built = image([layer("COPY", ...entries)]);
  return { image: built, rootfs: rootfs(built) };
}

Deno.test("inventory: nothing of an empty image", () => {
  const { packages, programs, runtimes, binaries, otherFiles, distribution } =
    inventory(scratch().image, scratch().rootfs);
  assertEquals(
    [packages, programs, runtimes, binaries, otherFiles, distribution],
    [[], [], [], [], 0, undefined],
  );
});

Deno.test("inventory: what a package owns is not listed again", () => {
  const { image, rootfs } = debian(
    library("opt/own.so", "own"),
    file("opt/data", 5),
  );
  const found = inventory(image, rootfs);
  assertEquals(found.packages.map(({ name }) => name), ["libc6"]);
  assertEquals(found.packages[0].distribution?.version, "13");
  assertEquals(found.binaries, [
    { path: "/opt/own.so", sha256: "own", soname: "own.so", library: true },
  ]);
  assertEquals(found.otherFiles, 2); // etc/os-release, of no package here
});

Deno.test("inventory: a copied library is traced to its package, by content", () => {
  const { image, rootfs } = scratch(
    library("lib/x86_64/libc.so.6", "libc"),
    library("lib/other.so", "other"),
  );
  const found = inventory(image, rootfs, [debian()]);
  assertEquals(found.packages.map(({ name, traced }) => [name, traced]), [[
    "libc6",
    {
      from: "builder",
      files: [{
        path: "/lib/x86_64/libc.so.6",
        sha256: "libc",
        origin: "/usr/lib/libc.so.6",
        verified: true,
      }],
    },
  ]]);
  assertEquals(found.binaries.map(({ path }) => path), ["/lib/other.so"]);
});

Deno.test("inventory: a library that was replaced is not traced", () => {
  const builder = debian(
    library("usr/lib/libm.so.6", "patched", "1".repeat(32)),
  );
  const { image, rootfs } = scratch(library("lib/libm.so.6", "patched"));
  const found = inventory(image, rootfs, [builder]);
  assertEquals(found.packages, []);
  assertEquals(found.binaries.length, 1);
});

Deno.test("inventory: a file is traced to the first image that has it", () => {
  const { image, rootfs } = scratch(library("libc.so.6", "libc"));
  const second = debian();
  const found = inventory(image, rootfs, [
    scratch(library("libc.so.6", "libc")),
    debian(),
    { ...second, image: { ...second.image, reference: "second" } },
  ]);
  assertEquals(found.packages.map(({ traced }) => traced?.from), ["builder"]);
});

Deno.test("inventoryProbe: reads what lists packages, within a bound", () => {
  const probe = inventoryProbe(100);
  const list = file("var/lib/dpkg/info/a.list", 60);
  assert(probe(list));
  assertEquals(probe(file("usr/share/doc/a/b/copyright", 1000)), undefined);
  assertThrows(() => probe(list), UserError, "too large");
});

Deno.test("inventory: what apk owns is not listed again", () => {
  const { image, rootfs } = scratch(
    text(
      "lib/apk/db/installed",
      "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\nR:ld-musl-x86_64.so.1\nF:\nR:top\n",
    ),
    text("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n"),
    library("lib/ld-musl-x86_64.so.1", "musl"),
    library("lib/other.so", "other"),
    file("top", 1),
  );
  const { packages, binaries, otherFiles } = inventory(image, rootfs);
  assertEquals(
    packages.map(({ type, name, licenses }) => [type, name, licenses]),
    [["apk", "musl", ["MIT"]]],
  );
  assertEquals(binaries.map(({ path }) => path), ["/lib/other.so"]);
  assertEquals(otherFiles, 1); // etc/os-release
});

Deno.test("inventory: a split program is a program and a runtime, as the whole one", () => {
  const contents = { modules: [], npm: [], assets: [], npmRoots: ["a@1.0.0"] };
  const versions = { deno: "2.6.10", v8: "14.5.201.2-rusty" };
  const sizes = { bytes: 9, runtimeBytes: 1, applicationBytes: 8 };
  const executable = (path: string, sha256: string, elf: object) =>
    file(path, 9, {
      sha256,
      mode: 0o755,
      found: { elf: { machine: "amd64", needed: [], runpath: [], ...elf } },
    });
  const whole = scratch(
    executable("hello", "whole", {
      program: { ...sizes, ...contents, ...versions, runtimeSha256: "runtime" },
    }),
  );
  const split = scratch(
    executable("denort", "runtime", { runtime: versions }),
    executable("hello", "split", {
      program: { ...sizes, ...contents, runtimePath: "/denort" },
    }),
  );
  const [one] = inventory(whole.image, whole.rootfs).programs;
  const found = inventory(split.image, split.rootfs);
  const [other] = found.programs;
  assertEquals(one.runtime, { path: "/hello", sha256: "runtime", ...versions });
  assertEquals(other, {
    ...one,
    sha256: "split",
    runtime: { ...one.runtime, path: "/denort" },
  });
  // As components they are one and the same.
  assertEquals(found.runtimes, [other.runtime]);
  const refs = [whole, split].map(({ image, rootfs }) =>
    billOfMaterials(inventory(image, rootfs), new Date(0)).components
      .map((item) => item["bom-ref"])
  );
  assertEquals(refs[0], refs[1]);
});

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
