import { assertEquals, assertThrows } from "@std/assert";
import { ArchiveError } from "./archive_error.ts";
import { TarParser } from "./tar_parser.ts";
import {
  bytesOf,
  join,
  makeHeader,
  makeTar,
  padded,
  sealHeader,
  type TarEntry,
} from "../../testing/tar.ts";

/** Files of a tar by name, read in chunks of a size. */
function read(tar: Uint8Array, chunkSize = tar.length) {
  const files: { path: string; size: number; content: Uint8Array[] }[] = [];
  const parser = new TarParser({
    entry: ({ path, size }) => files.push({ path, size, content: [] }),
    data: (chunk) => void files.at(-1)?.content.push(chunk.slice()),
    entryEnd: () => {},
  });
  for (let at = 0; at < tar.length; at += chunkSize) {
    parser.push(tar.subarray(at, at + chunkSize));
  }
  parser.finish();
  return files.map(({ path, size, content }) => ({
    path,
    size,
    content: new TextDecoder().decode(join(content)),
  }));
}

// The forms are those of the manual of GNU tar ("Storing Sparse Files"), and GNU tar
// 1.34 unpacks each of them to the same file.
const STORED = `${"ab".repeat(256)}cde`;
const CONTENT = [
  "\0".repeat(1024),
  STORED.slice(0, 512),
  "\0".repeat(2560),
  "cde",
  "\0".repeat(901),
].join("");
const FORMS: Record<string, TarEntry> = {
  "PAX 0.0": {
    path: "a/file",
    content: STORED,
    pax: [
      ["GNU.sparse.size", "5000"],
      ["GNU.sparse.numblocks", "3"],
      ["GNU.sparse.offset", "1024"],
      ["GNU.sparse.numbytes", "512"],
      ["GNU.sparse.offset", "4096"],
      ["GNU.sparse.numbytes", "3"],
      ["GNU.sparse.offset", "5000"],
      ["GNU.sparse.numbytes", "0"],
    ],
  },
  "PAX 0.1": {
    path: "a/GNUSparseFile.1/file",
    content: STORED,
    pax: {
      "GNU.sparse.name": "a/file",
      "GNU.sparse.size": "5000",
      "GNU.sparse.numblocks": "3",
      "GNU.sparse.map": "1024,512,4096,3,5000,0",
    },
  },
  "PAX 1.0": {
    path: "a/GNUSparseFile.1/file",
    content: join([
      padded(bytesOf("3\n1024\n512\n4096\n3\n5000\n0\n")),
      bytesOf(STORED),
    ]),
    pax: {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "a/file",
      "GNU.sparse.realsize": "5000",
    },
  },
};
const AFTER = { path: "after", size: 1, content: "x" };
const FILE = { path: "a/file", size: 5000, content: CONTENT };

for (const [form, entry] of Object.entries(FORMS)) {
  Deno.test(`TarParser reads a sparse file with its holes: ${form}`, () => {
    const tar = makeTar([entry, { path: "after", content: "x" }]);
    for (const chunkSize of [tar.length, 7, 511, 513]) {
      assertEquals(read(tar, chunkSize), [FILE, AFTER]);
    }
  });
}

/** An old GNU header, and blocks of its map after it. */
function oldGnu(size: number, stored: number, parts: [number, number][]) {
  const header = makeHeader({ name: "a/file", flag: "S", size: stored });
  header.set(bytesOf("ustar  \0"), 257);
  const octal = (value: number) =>
    bytesOf(`${value.toString(8).padStart(11, "0")}\0`);
  const put = (bytes: Uint8Array, at: number, some: [number, number][]) => {
    for (const [index, [offset, length]] of some.entries()) {
      bytes.set(octal(offset), at + index * 24);
      bytes.set(octal(length), at + index * 24 + 12);
    }
  };
  put(header, 386, parts.slice(0, 4));
  header.set(octal(size), 483);
  const blocks: Uint8Array[] = [];
  for (let first = 4; first < parts.length; first += 21) {
    const block = new Uint8Array(512);
    put(block, 0, parts.slice(first, first + 21));
    block[504] = first + 21 < parts.length ? 1 : 0;
    blocks.push(block);
  }
  header[482] = blocks.length > 0 ? 1 : 0;
  return join([sealHeader(header), ...blocks]);
}

Deno.test("TarParser reads a sparse file with its holes: old GNU", () => {
  const small = oldGnu(5000, 515, [[1024, 512], [4096, 3], [5000, 0]]);
  const after = makeTar([{ path: "after", content: "x" }]);
  const tar = join([small, padded(bytesOf(STORED)), after]);
  assertEquals(read(tar), [FILE, AFTER]);

  const parts = Array.from({ length: 30 }, (_, n) => [n * 1024, 512]);
  const many = oldGnu(30 * 1024, 30 * 512, parts as [number, number][]);
  const content = bytesOf("x".repeat(30 * 512));
  for (const chunkSize of [5000, 99]) {
    const [file, next] = read(join([many, padded(content), after]), chunkSize);
    assertEquals(
      file.content,
      `${"x".repeat(512)}${"\0".repeat(512)}`.repeat(30),
    );
    assertEquals(next, AFTER);
  }
});

Deno.test("TarParser reads a map of PAX 1.0 that fills several blocks", () => {
  const numbers = Array.from({ length: 300 }, (_, n) => [n * 600, 512]);
  const map = `300\n${numbers.flat().join("\n")}\n`;
  const content = join([padded(bytesOf(map)), bytesOf("y".repeat(300 * 512))]);
  const tar = makeTar([{ ...FORMS["PAX 1.0"], content }].map((entry) => ({
    ...entry,
    pax: { ...entry.pax, "GNU.sparse.realsize": "180000" },
  })));
  for (const chunkSize of [tar.length, 100]) {
    const [file] = read(tar, chunkSize);
    assertEquals(
      file.content,
      `${"y".repeat(512)}${"\0".repeat(88)}`.repeat(300),
    );
  }
});

// aquaproj/aqua#5001: PAX states the size with holes as the stored one. GNU tar 1.34
// and Go's archive/tar refuse it too.
Deno.test("TarParser refuses a stored size that is the one with holes", () => {
  const entry = FORMS["PAX 1.0"];
  const tar = makeTar([{ ...entry, pax: { ...entry.pax, size: "5000" } }]);
  assertThrows(() => read(tar), ArchiveError, "map of a sparse file");
});

// plougher/squashfs-tools#401: 2 bytes of content, then nothing but a hole.
Deno.test("TarParser reads sparse files that end in a hole, or are one", () => {
  const sparse = (map: string, content: string): TarEntry => ({
    path: "file",
    content,
    pax: {
      "GNU.sparse.size": "4098",
      "GNU.sparse.numblocks": `${map.split(",").length >> 1}`,
      "GNU.sparse.map": map,
    },
  });
  assertEquals(
    read(makeTar([sparse("0,2,4098,0", "ab"), sparse("", "")])).map((file) =>
      file.content
    ),
    [`ab${"\0".repeat(4096)}`, "\0".repeat(4098)],
  );
});

Deno.test("TarParser refuses maps that do not fit what is stored", () => {
  for (
    const map of [
      "0,4",
      "0,6",
      "5,2,4,3",
      "5,2,999,3",
      "5",
      "9007199254740991,5",
    ]
  ) {
    const pax = { "GNU.sparse.size": "1000", "GNU.sparse.map": map };
    const tar = makeTar([{ path: "file", content: "abcde", pax }]);
    assertThrows(() => read(tar), ArchiveError, "map of a sparse file", map);
  }
  for (const text of ["", "x\n", "1\n5\nx\n", "3\n0\n5\n", "2\n5\n2\n6\n3\n"]) {
    const content = join([padded(bytesOf(`${text}\0`)), bytesOf("abcde")]);
    const tar = makeTar([{ ...FORMS["PAX 1.0"], content }]);
    assertThrows(() => read(tar), ArchiveError, "map of a sparse file", text);
  }
});
