import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { buffer } from "node:stream/consumers";
import { byteStream } from "../lib/command.ts";
import { UserError } from "../lib/errors.ts";
import { debianError } from "./debian.ts";
import {
  readTar,
  type TarEntry,
  writeTar,
  zipFile,
  zipMember,
} from "./archives.ts";

const mtime = new Date(1_700_000_000_000);

async function withFile(test: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "bases-tar-" });
  try {
    await test(`${folder}/a.tar`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function* stream(...chunks: Uint8Array[]) {
  yield* chunks;
  await Promise.resolve();
}

Deno.test("writeTar() and readTar() agree on every kind of entry", () =>
  withFile(async (path) => {
    const big = new Uint8Array(300_000).map((_, i) => i % 251);
    const long = `${"d/".repeat(130)}long`;
    const accented = "./etc/Főtanúsítvány";
    const entries: TarEntry[] = [
      { name: "usr", mode: 0o755, mtime, type: "directory" },
      { name: "./usr/big", mode: 0o4755, mtime, uid: 7, content: big },
      {
        name: "usr/two",
        mode: 0o644,
        mtime,
        size: 300_000,
        content: stream(big.subarray(0, 5), big.subarray(5)),
      },
      { name: "empty", mode: 0o600, mtime },
      { name: "lib", mode: 0o777, mtime, type: "symlink", linkname: "usr/lib" },
      { name: "two", mode: 0o644, mtime, type: "link", linkname: "./usr/two" },
      { name: accented, mode: 0o644, mtime },
      { name: long, mode: 0o644, mtime, content: big.subarray(0, 1) },
    ];
    await writeTar(path, entries);
    // Once more, as an assembled base is: read, and written as it was read.
    const again = `${path}.again`;
    using first = await Deno.open(path);
    await writeTar(again, readTar(first.readable));
    assertEquals((await Deno.readTextFile(again)).includes("./etc"), false);
    const seen: unknown[] = [];
    using file = await Deno.open(again);
    for await (const entry of readTar(file.readable)) {
      const { name, type, mode, uid, linkname, content } = entry;
      const bytes = name === "usr/two" ? undefined : await buffer(content);
      if (name === "usr/big") assertEquals(new Uint8Array(bytes!), big);
      seen.push([name, type, mode, uid, linkname ?? "", bytes?.length]);
    }
    assertEquals(seen, [
      ["usr", "directory", 0o755, 0, "", 0],
      ["usr/big", "file", 0o4755, 7, "", 300_000],
      ["usr/two", "file", 0o644, 0, "", undefined],
      ["empty", "file", 0o600, 0, "", 0],
      ["lib", "symlink", 0o777, 0, "usr/lib", 0],
      ["two", "link", 0o644, 0, "usr/two", 0],
      [accented.slice(2), "file", 0o644, 0, "", 0],
      [long, "file", 0o644, 0, "", 1],
    ]);
  }));

Deno.test("writeTar() rejects content of another length than announced", () =>
  withFile(async (path) => {
    const content = stream(new Uint8Array(2));
    await assertRejects(
      () =>
        writeTar(path, [{ name: "a", mode: 0o644, mtime, size: 3, content }]),
      Error,
      "Size mismatch",
    );
  }));

Deno.test("writeTar() rejects when a content's stream does, or its entries do", () =>
  withFile(async (path) => {
    async function* broken() {
      yield await Promise.resolve(new Uint8Array(2));
      throw new Error("the stream broke");
    }
    const content = broken();
    await assertRejects(
      () =>
        writeTar(path, [{ name: "a", mode: 0o644, mtime, size: 3, content }]),
      Error,
      "the stream broke",
    );
    async function* entries() {
      yield await Promise.resolve({ name: "a", mode: 0o644, mtime });
      throw new Error("no more");
    }
    await assertRejects(() => writeTar(path, entries()), Error, "no more");
  }));

Deno.test("readTar() rejects an archive that ends early", () =>
  withFile(async (path) => {
    const content = new Uint8Array(5000);
    await writeTar(path, [{ name: "a", mode: 0o644, mtime, content }]);
    await Deno.truncate(path, 2000);
    await assertRejects(
      async () => {
        using file = await Deno.open(path);
        for await (const { content } of readTar(file.readable)) {
          await buffer(content);
        }
      },
      Error,
      "Unexpected end of data",
    );
  }));

Deno.test("readTar() of a program that fails throws what it said, not that its tar is broken", async () => {
  const stdout = byteStream(
    "sh",
    ["-c", "printf broken; echo 'NO_PUBKEY 1' >&2; exit 2"],
    { explain: ({ output }) => debianError(output) },
  );
  await assertRejects(
    async () => {
      for await (const { content } of readTar(stdout)) await buffer(content);
    },
    UserError,
    "signatures",
  );
});

Deno.test({
  name: "writeTar() reports a full disk",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const content = new Uint8Array(9999);
    const entries = [{ name: "a", mode: 0o644, mtime, content }];
    await assertRejects(
      () => writeTar("/dev/full", entries),
      Error,
      "No space left",
    );
  },
});

const denort = new TextEncoder().encode("denort ".repeat(50_000));

/** Content in chunks, as a program streams out of its wheel. */
async function* chunks() {
  for (let at = 0; at < denort.length; at += 4096) {
    yield await Promise.resolve(denort.subarray(at, at + 4096));
  }
}

Deno.test("zipFile() packs what zipMember() reads", async () => {
  const path = await Deno.makeTempFile();
  try {
    const archive = await zipFile("denort", chunks());
    assertLess(archive.length, denort.length / 10);
    await Deno.writeFile(path, archive);
    const stream = await zipMember(path, "denort");
    const read = new Uint8Array(await new Response(stream).arrayBuffer());
    assertEquals(read, denort);
  } finally {
    await Deno.remove(path);
  }
});

const python = await new Deno.Command("python3", { args: ["--version"] })
  .output().then(({ success }) => success, () => false);

Deno.test({
  name: "zipFile() is intact to another reader" +
    (python ? "" : " (skipped: no python3)"),
  ignore: !python,
  fn: async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeFile(path, await zipFile("denort", chunks()));
      const { success, stdout } = await new Deno.Command("python3", {
        args: [
          "-c",
          "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.infolist()[0].file_size)",
          path,
        ],
      }).output();
      assertEquals(success, true);
      assertEquals(
        new TextDecoder().decode(stdout),
        `None ['denort'] ${denort.length}\n`,
      );
    } finally {
      await Deno.remove(path);
    }
  },
});
