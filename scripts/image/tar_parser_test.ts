import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArchiveError } from "./archive_error.ts";
import { normalisePath, TarParser } from "./tar_parser.ts";
import type { Entry } from "./model.ts";
import {
  bytesOf,
  join,
  makeHeader,
  makeRecord,
  makeTar,
  padded,
  sealHeader,
  type TarEntry,
} from "../../testing/tar.ts";

Deno.test("normalisePath() cuts what does not matter", () => {
  const cases: [string, string][] = [
    ["a/b", "a/b"],
    ["./a//b/", "a/b"],
    ["./", ""],
    [".", ""],
    ["/", ""],
    ["", ""],
    ["//", ""],
    ["/etc/passwd", "etc/passwd"],
    [".//etc", "etc"],
    ["././a", "a"],
    ["a/./b", "a/b"],
    ["a/../b", "b"],
    ["a/b/..", "a"],
    ["/../etc", "etc"],
    ["..a/...", "..a/..."],
    [".hidden", ".hidden"],
    [".wh..wh..opq", ".wh..wh..opq"],
    ["a\x1b[31m\n", "a\x1b[31m\n"],
  ];
  for (const [name, path] of cases) {
    assertEquals(normalisePath(name), path, name);
  }
});

Deno.test("normalisePath() refuses names that leave the image", () => {
  for (const name of ["..", "../a", "a/../../b", "./../a", "a/b/../../../c"]) {
    const error = assertThrows(() => normalisePath(name), ArchiveError);
    assertEquals(
      error.message,
      `a name leaves the image: ${JSON.stringify(name)}`,
    );
  }
});

Deno.test("normalisePath() refuses names that no system can hold", () => {
  assertEquals(normalisePath("a/".repeat(2048)).length, 4095);
  const error = assertThrows(
    () => normalisePath("a".repeat(4097)),
    ArchiveError,
  );
  assertEquals(
    error.message,
    `a name is longer than 4096 characters: "${"a".repeat(64)}"…`,
  );
});

Deno.test("normalisePath() ends where it began when applied twice", () => {
  const part = fc.constantFrom("", ".", "..", "a", "b c", "...", "é");
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    let path: string;
    try {
      path = normalisePath(parts.join("/"));
    } catch (error) {
      return error instanceof ArchiveError && parts.includes("..");
    }
    assertEquals(normalisePath(path), path);
    return path.split("/").every((each) => each !== "." && each !== "..");
  }));
});

/** What a tar holds, read in chunks of a size. */
function read(tar: Uint8Array, chunkSize = tar.length) {
  const found: (Entry & { content: string })[] = [];
  const decoder = new TextDecoder();
  const parser = new TarParser({
    entry: (header) => found.push({ ...header, content: "" }),
    data: (chunk) => {
      found[found.length - 1].content += decoder.decode(chunk, {
        stream: true,
      });
    },
    entryEnd: () => {},
  });
  for (let at = 0; at < tar.length; at += chunkSize) {
    parser.push(tar.subarray(at, at + chunkSize));
  }
  parser.finish();
  return found;
}

const END = new Uint8Array(1024);
const paths = (tar: Uint8Array) => read(tar).map(({ path }) => path);

Deno.test("TarParser reads each type of record", () => {
  const link = { mode: 0o777, link: "b" };
  const entries: TarEntry[] = [
    { path: "a/", type: "directory", mode: 0o1777 },
    { path: "a/b", content: "text", mode: 0o4755, uid: 7, gid: 8, mtime: 9 },
    { path: "s", type: "symlink", ...link },
    { path: "h", type: "hardlink", ...link },
    { path: "c", type: "character-device" },
    { path: "d", type: "block-device" },
    { path: "f", type: "fifo" },
  ];
  assertEquals(
    read(makeTar(entries)).map(({ path, type, mode, link = "" }) =>
      `${type} ${path} ${mode.toString(8)} ${link}`
    ),
    [
      "directory a/ 1777 ",
      "file a/b 4755 ",
      "symlink s 777 b",
      "hardlink h 777 b",
      "character-device c 644 ",
      "block-device d 644 ",
      "fifo f 644 ",
    ],
  );
  const [, file] = read(makeTar(entries));
  assertEquals(file, {
    path: "a/b",
    type: "file",
    size: 4,
    mode: 0o4755,
    uid: 7,
    gid: 8,
    mtime: 9,
    link: undefined,
    device: undefined,
    capabilities: undefined,
    sha256: undefined,
    found: undefined,
    content: "text",
  });
});

Deno.test("TarParser reads the prefix of ustar and of star, and none of GNU", () => {
  const header = { name: "name", flag: "0", size: 0, prefix: "some/where" };
  assertEquals(paths(join([makeHeader(header), END])), ["some/where/name"]);
  const gnu = makeHeader(header);
  gnu.set(bytesOf("ustar  \0"), 257);
  assertEquals(paths(join([sealHeader(gnu), END])), ["name"]);
  const star = makeHeader({ ...header, prefix: "p" });
  star.set(bytesOf("123456789012"), 476);
  star.set(bytesOf("tar\0"), 508);
  assertEquals(paths(join([sealHeader(star), END])), ["p/name"]);
});

Deno.test("TarParser reads long names and targets, PAX and GNU", () => {
  const path = `${"long/".repeat(50)}é`;
  const link = `${"far/".repeat(60)}away`;
  for (const format of ["pax", "gnu"] as const) {
    const tar = makeTar([{ path, type: "symlink", link, format }, {
      path: "next",
    }]);
    assertEquals(read(tar).map((each) => [each.path, each.link]), [
      [path, link],
      ["next", undefined],
    ]);
  }
});

Deno.test("TarParser takes numbers from PAX and base 256, and ignores attributes", () => {
  const tar = makeTar([
    {
      path: "short",
      content: "12345",
      mtime: -1.5,
      uid: 0o7777777 + 1,
      pax: {
        "path": "from pax",
        "size": "5",
        "gid": "3000000000",
        "SCHILY.xattr.security.capability": "\u0001=\n\0",
      },
    },
    { path: "next", content: "6" },
  ]);
  assertEquals(
    read(tar).map(({ path, size, uid, gid, mtime, content }) => [
      path,
      size,
      uid,
      gid,
      mtime,
      content,
    ]),
    [
      ["from pax", 5, 0o7777777 + 1, 3000000000, -1.5, "12345"],
      ["next", 1, 0, 0, 0, "6"],
    ],
  );
});

Deno.test("TarParser does not apply global headers, as the engines do not", () => {
  const data = bytesOf("12 path=all\n");
  const tar = join([
    makeHeader({ name: "pax_global_header", flag: "g", size: data.length }),
    padded(data),
    makeTar([{ path: "own" }]),
  ]);
  assertEquals(paths(tar), ["own"]);
});

Deno.test("TarParser reads old directories, contiguous files and unknown flags", () => {
  const flags = (flag: string, path: string) =>
    read(makeTar([{ path, flag }])).map(({ type }) => type);
  assertEquals(flags("\0", "folder/"), ["directory"]);
  assertEquals(flags("\0", "file"), ["file"]);
  assertEquals(flags("7", "file"), ["file"]);
  assertEquals(flags("Z", "file"), ["file"]);
});

Deno.test("TarParser ignores what links and directories state as their size", () => {
  const link = makeHeader({ name: "h", flag: "1", size: 700, link: "a" });
  assertEquals(paths(join([link, makeTar([{ path: "next" }])])), ["h", "next"]);
});

Deno.test("TarParser keeps names apart that are not UTF-8, or begin with a mark", () => {
  const record = (...bytes: number[]) =>
    makeHeader({ name: new Uint8Array([0x61, ...bytes]), flag: "0", size: 0 });
  // As Python's surrogateescape (PEP 383) decodes them.
  assertEquals(
    paths(join([record(0xe9), record(0xc3, 0xa9), record(0xe9, 0x62), END])),
    ["a\udce9", "aé", "a\udce9b"],
  );
  assertEquals(
    paths(join([record(0xed, 0xb3, 0xa9), record(0xf0, 0x9f, 0x90), END])),
    ["a\udced\udcb3\udca9", "a\udcf0\udc9f\udc90"],
  );
  assertEquals(paths(makeTar([{ path: "\ufeffa" }])), ["\ufeffa"]);
});

// quay/claircore#985: PAX names need not be UTF-8 either; the engines take bytes.
Deno.test("TarParser keeps PAX names apart that are not UTF-8", () => {
  const record = (...bytes: number[]): TarEntry => ({
    path: "x",
    pax: { path: new Uint8Array([0x61, ...bytes]) },
  });
  assertEquals(
    paths(
      makeTar([record(0xe9), record(0xc3, 0xa9), record(0xff, 0x2f, 0x62)]),
    ),
    ["a\udce9", "a\u00e9", "a\udcff/b"],
  );
});

Deno.test("TarParser keeps the numbers of devices and file capabilities", () => {
  const type = "character-device" as const;
  const capabilities = "0100000200202000000000000000000000000000";
  const found = read(makeTar([
    { path: "null", type, device: [1, 3] },
    { path: "zero", type, device: [1, 5] },
    { path: "big", type: "block-device", device: [259, 1_048_575] },
    {
      path: "ping",
      pax: {
        "SCHILY.xattr.user.other": new Uint8Array([0xff, 0]),
        "SCHILY.xattr.security.capability": Uint8Array.fromHex(capabilities),
      },
    },
    { path: "after" },
  ]));
  assertEquals(
    found.map(({ device, capabilities }) => [device, capabilities]),
    [
      ["1:3", undefined],
      ["1:5", undefined],
      ["259:1048575", undefined],
      [undefined, capabilities],
      [undefined, undefined],
    ],
  );
});

Deno.test("TarParser takes checksums that were added up with signs", () => {
  const header = makeHeader({ name: "é", flag: "0", size: 0 });
  const sum = header.reduce(
    (total, byte, index) =>
      total + (index >= 148 && index < 156 ? 0x20 : byte << 24 >> 24),
    0,
  );
  header.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  assertEquals(paths(join([header, END])), ["é"]);
});

Deno.test("TarParser ends at two blocks of zeros, whatever padding follows", () => {
  const tar = makeTar([{ path: "a", content: "x" }]);
  assertEquals(paths(join([tar, new Uint8Array(9000).fill(7)])), ["a"]);
  assertEquals(paths(tar.subarray(0, 1024)), ["a"]);
  assertEquals(paths(tar.subarray(0, 513)), ["a"], "padding may be missing");
  assertEquals(paths(new Uint8Array(0)), []);
});

const refused: [string, () => Uint8Array, string][] = [
  [
    "content that is cut off",
    () => makeTar([{ path: "a", content: "x".repeat(600) }]).subarray(0, 1024),
    "it is cut off",
  ],
  [
    "a header that is cut off",
    () => makeTar([{ path: "a" }]).subarray(0, 300),
    "it is cut off",
  ],
  [
    "a PAX header without its file",
    () => makeRecord({ path: "a".repeat(101) }).subarray(0, 1024),
    "it is cut off",
  ],
  ["a wrong checksum", () => {
    const tar = makeTar([{ path: "a" }]);
    tar[0] ^= 1;
    return tar;
  }, "a tar header is damaged: its checksum is wrong"],
  ["letters in a number", () => {
    const header = makeHeader({ name: "a", flag: "0", size: 0 });
    header.set(bytesOf("12x"), 124);
    return sealHeader(header);
  }, "a tar header has a size that is no number"],
  [
    "a negative size",
    () => makeHeader({ name: "a", flag: "0", size: -1 }),
    "a tar header has a negative size",
  ],
  ["a size beyond all numbers", () => {
    const header = makeHeader({ name: "a", flag: "0", size: 0 });
    header.fill(0xff, 125, 136);
    header[124] = 0x80;
    return sealHeader(header);
  }, "a tar header has a size out of range"],
  [
    "one block of zeros before a record",
    () => join([new Uint8Array(512), makeTar([{ path: "a" }])]),
    "a tar header follows the end of the tar",
  ],
  [
    "an endless extension",
    () => makeHeader({ name: "x", flag: "x", size: 2 ** 20 + 1 }),
    "a tar header's extension is longer than 1 MiB",
  ],
  [
    "a NUL in a PAX name",
    () => makeTar([{ path: "a", pax: { path: "a\0b" } }]),
    "a PAX header has a name with a NUL in it",
  ],
  [
    "a PAX size that is none",
    () => makeTar([{ path: "a", pax: { size: "-5" } }]),
    "a PAX header has a size that is no number",
  ],
  [
    "a PAX time that is none",
    () => makeTar([{ path: "a", pax: { mtime: "soon" } }]),
    "a PAX header has a time that is no number",
  ],
];
for (const [what, make, message] of refused) {
  Deno.test(`TarParser refuses ${what}`, () => {
    assertEquals(
      assertThrows(() => read(make()), ArchiveError).message,
      message,
    );
  });
}

Deno.test("TarParser refuses damaged PAX records", () => {
  for (const data of ["x", "5", "99 a=b\n", "6 abc\n", "0 a=b\n", "6 a=bc"]) {
    const tar = join([
      makeHeader({ name: "x", flag: "x", size: data.length }),
      padded(bytesOf(data)),
      makeTar([{ path: "a" }]),
    ]);
    const error = assertThrows(() => read(tar), ArchiveError);
    assertEquals(error.message, "a PAX header is damaged", data);
  }
});

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 200 })
  .map((text) => text.replaceAll("\0", "0").toWellFormed())
  .filter((text) => !text.endsWith("/"));
const anyEntry: fc.Arbitrary<TarEntry> = fc.record({
  path: name,
  type: fc.constantFrom("file", "symlink", "hardlink", "directory", "fifo"),
  content: fc.string({ maxLength: 1500 }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 40 }),
  gid: fc.integer({ min: 0, max: 2 ** 40 }),
  mtime: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  link: name,
  format: fc.constantFrom("pax", "gnu"),
});

Deno.test("TarParser gives back what was written, in chunks of any size", () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 6 }),
      fc.integer({ min: 1, max: 2000 }),
      (entries, chunkSize) => {
        const written = entries.map((entry) => ({
          ...entry,
          content: entry.type === "file" ? entry.content ?? "" : "",
          link: entry.type === "symlink" || entry.type === "hardlink"
            ? entry.link ?? ""
            : undefined,
        }));
        const found = read(makeTar(written), chunkSize);
        assertEquals(
          found,
          written.map((
            { path, type = "file", content, mode, uid, gid, mtime, link },
          ) => ({
            path: type === "directory" ? `${path}/` : path,
            type,
            size: bytesOf(content).length,
            mode: mode ?? 0,
            uid: uid ?? 0,
            gid: gid ?? 0,
            mtime: mtime ?? 0,
            link,
            device: type.endsWith("device") ? "0:0" : undefined,
            capabilities: undefined,
            sha256: undefined,
            found: undefined,
            content: String(content),
          })),
        );
      },
    ),
    { numRuns: 200, seed: 4 },
  );
});

/** Files of a tar by name, read in chunks of a size. */
function readFiles(tar: Uint8Array, chunkSize = tar.length) {
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
      assertEquals(readFiles(tar, chunkSize), [FILE, AFTER]);
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
  assertEquals(readFiles(tar), [FILE, AFTER]);

  const parts = Array.from({ length: 30 }, (_, n) => [n * 1024, 512]);
  const many = oldGnu(30 * 1024, 30 * 512, parts as [number, number][]);
  const content = bytesOf("x".repeat(30 * 512));
  for (const chunkSize of [5000, 99]) {
    const [file, next] = readFiles(
      join([many, padded(content), after]),
      chunkSize,
    );
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
    const [file] = readFiles(tar, chunkSize);
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
  assertThrows(() => readFiles(tar), ArchiveError, "map of a sparse file");
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
    readFiles(makeTar([sparse("0,2,4098,0", "ab"), sparse("", "")])).map((
      file,
    ) => file.content),
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
    assertThrows(
      () => readFiles(tar),
      ArchiveError,
      "map of a sparse file",
      map,
    );
  }
  for (const text of ["", "x\n", "1\n5\nx\n", "3\n0\n5\n", "2\n5\n2\n6\n3\n"]) {
    const content = join([padded(bytesOf(`${text}\0`)), bytesOf("abcde")]);
    const tar = makeTar([{ ...FORMS["PAX 1.0"], content }]);
    assertThrows(
      () => readFiles(tar),
      ArchiveError,
      "map of a sparse file",
      text,
    );
  }
});
