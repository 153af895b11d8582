import { assertEquals, assertRejects } from "@std/assert";
import { byteStream } from "../lib/command.ts";
import { UserError } from "../lib/errors.ts";
import { debianError } from "./debian.ts";
import { ArchiveError } from "../image/archive_error.ts";
import { readAll, readTar, TarWriter } from "./tar.ts";

const mtime = 1_700_000_000;

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

Deno.test("TarWriter and readTar() agree on every kind of entry", () =>
  withFile(async (path) => {
    const big = new Uint8Array(300_000).map((_, i) => i % 251);
    const long = `${"d/".repeat(130)}long`;
    {
      await using tar = new TarWriter(path);
      await tar.add({ path: "usr/", mode: 0o755, mtime, type: "directory" });
      await tar.add({ path: "usr/big", mode: 0o4755, mtime, uid: 7 }, big);
      await tar.add(
        { path: "usr/two", mode: 0o644, mtime, size: 300_000 },
        stream(big.subarray(0, 5), big.subarray(5)),
      );
      await tar.add({ path: "empty", mode: 0o600, mtime }, new Uint8Array());
      await tar.add({
        path: "lib",
        mode: 0o777,
        mtime,
        type: "symlink",
        link: "usr/lib",
      });
      await tar.add({ path: long, mode: 0o644, mtime }, big.subarray(0, 1));
      await tar.finish();
    }
    const seen: unknown[] = [];
    using file = await Deno.open(path);
    for await (const { header, body } of readTar(file.readable)) {
      const { path: name, type, mode, uid, link = "" } = header;
      const bytes = name === "usr/two" ? undefined : await readAll(body);
      if (name === "usr/big") assertEquals(bytes, big);
      seen.push([name, type, mode, uid, link, bytes?.length]);
    }
    assertEquals(seen, [
      ["usr/", "directory", 0o755, 0, "", 0],
      ["usr/big", "file", 0o4755, 7, "", 300_000],
      ["usr/two", "file", 0o644, 0, "", undefined],
      ["empty", "file", 0o600, 0, "", 0],
      ["lib", "symlink", 0o777, 0, "usr/lib", 0],
      [long, "file", 0o644, 0, "", 1],
    ]);
  }));

Deno.test("TarWriter.add() rejects content of another length than announced", () =>
  withFile(async (path) => {
    await using tar = new TarWriter(path);
    await assertRejects(
      () =>
        tar.add(
          { path: "a", mode: 0o644, mtime, size: 3 },
          stream(new Uint8Array(2)),
        ),
      Error,
      "Size mismatch",
    );
  }));

Deno.test("TarWriter.add() rejects when the content's stream does", () =>
  withFile(async (path) => {
    await using tar = new TarWriter(path);
    async function* broken() {
      yield await Promise.resolve(new Uint8Array(2));
      throw new Error("the stream broke");
    }
    await assertRejects(
      () => tar.add({ path: "a", mode: 0o644, mtime, size: 3 }, broken()),
      Error,
      "the stream broke",
    );
  }));

Deno.test("readTar() rejects an archive that ends early", () =>
  withFile(async (path) => {
    {
      await using tar = new TarWriter(path);
      await tar.add({ path: "a", mode: 0o644, mtime }, new Uint8Array(5000));
      await tar.finish();
    }
    await Deno.truncate(path, 2000);
    await assertRejects(async () => {
      using file = await Deno.open(path);
      for await (const { body } of readTar(file.readable)) await readAll(body);
    }, ArchiveError);
  }));

Deno.test("readTar() of a program that fails throws what it said, not that its tar is broken", async () => {
  const stdout = byteStream(
    "sh",
    ["-c", "printf broken; echo 'NO_PUBKEY 1' >&2; exit 2"],
    { explain: ({ output }) => debianError(output) },
  );
  await assertRejects(
    async () => {
      for await (const { body } of readTar(stdout)) await readAll(body);
    },
    UserError,
    "signatures",
  );
});

Deno.test({
  name: "TarWriter reports a full disk",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using tar = new TarWriter("/dev/full");
    await assertRejects(
      async () => {
        await tar.add({ path: "a", mode: 0o644, mtime }, new Uint8Array(9999));
        await tar.finish();
      },
      Error,
      "No space left",
    );
  },
});
