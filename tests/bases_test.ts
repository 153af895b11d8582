/**
 * The bases, assembled for real from the package mirrors of this machine.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { readTar } from "../scripts/bases/archives.ts";
import { runs } from "../scripts/lib/command.ts";
import { DENORT, RUNTIME_PACKAGES } from "../scripts/bases/pins.ts";
import { fetchWheel, findPip, readProgram } from "../scripts/bases/programs.ts";
import {
  writeBuilder,
  writeRuntime,
} from "../scripts/bases/root_filesystems.ts";
import { HOST } from "../scripts/lib/platform.ts";

const pip = await findPip();
const mmdebstrap = await runs("mmdebstrap", ["--version"]);

/** The name of a test, with the reason when it is skipped. */
function named(name: string, reason: string | false) {
  return {
    name: reason ? `${name} (skipped: ${reason})` : name,
    ignore: !!reason,
  };
}

async function withFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "bases-e2e-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function hashOf(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

Deno.test({
  ...named(
    "the runtime base is what distroless cc is, twice the same, for both architectures",
    !mmdebstrap && "no mmdebstrap",
  ),
  fn: () =>
    withFolder(async (folder) => {
      const write = async (name: string, architecture: "amd64" | "arm64") => {
        await Deno.mkdir(`${folder}/${name}`);
        const path = `${folder}/${name}.tar`;
        await writeRuntime(path, { architecture, folder: `${folder}/${name}` });
        return path;
      };
      const [first, second, foreign] = await Promise.all([
        write("first", "amd64"),
        write("second", "amd64"),
        write("foreign", "arm64"),
      ]);
      assertEquals(await hashOf(first), await hashOf(second));
      await check(first, "x86_64-linux-gnu", 0x3e);
      await check(foreign, "aarch64-linux-gnu", 0xb7);
    }),
});

/** Looks at every entry of a runtime base. */
async function check(path: string, triplet: string, machine: number) {
  const entries = new Map<string, { mode: number; uid: number }>();
  const texts = new Map<string, string>();
  let size = 0;
  let libc = 0;
  using file = await Deno.open(path);
  for await (const entry of readTar(file.readable)) {
    const { name, type, mode, uid } = entry;
    assert(!entries.has(name), `${name} is there twice`);
    entries.set(name, { mode, uid });
    assert(
      ["file", "directory", "symlink", "link"].includes(type),
      `${name} is a ${type}`,
    );
    assertEquals(mode & 0o6000, 0, `${name} is setuid or setgid`);
    if (type === "symlink") texts.set(name, entry.linkname ?? "");
    size += entry.size;
    if (type !== "file") continue;
    const bytes = await buffer(entry.content);
    if (name.startsWith("etc/")) {
      texts.set(name, new TextDecoder().decode(bytes));
    }
    if (name.endsWith("/libc.so.6")) {
      libc = new DataView(bytes.buffer).getUint16(0x12, true);
    }
  }
  assertEquals(libc, machine);
  const names = [...entries.keys()];
  assertEquals(
    names.filter((name) => /(^|\/)s?bin\/[^/]+$/.test(name)),
    [],
    "no program at all",
  );
  for (const absent of ["usr/share/perl5", "etc/resolv.conf", "etc/apt"]) {
    assert(!entries.has(absent), absent);
  }
  for (
    const library of [
      "libc.so.6",
      "libgcc_s.so.1",
      "libstdc++.so.6",
      "libm.so.6",
    ]
  ) {
    assert(entries.has(`usr/lib/${triplet}/${library}`), library);
  }
  assertEquals(texts.get("lib"), "usr/lib");
  assertEquals(entries.get("tmp")?.mode, 0o1777);
  assertEquals(entries.get("home/nonroot"), { mode: 0o700, uid: 65532 });
  assertStringIncludes(texts.get("etc/passwd") ?? "", "nonroot:x:65532:65532:");
  const bundle = texts.get("etc/ssl/certs/ca-certificates.crt") ?? "";
  const certificates = bundle.match(/^-----BEGIN CERTIFICATE-----$/gm) ?? [];
  assert(certificates.length > 100, `${certificates.length} certificates`);
  assert(entries.has("usr/share/zoneinfo/Europe/Berlin"));
  const status = names.filter((name) => /status\.d\/[^/]*[^/]$/.test(name))
    .filter((name) => !name.endsWith(".md5sums"))
    .map((name) => name.slice(name.lastIndexOf("/") + 1));
  assertEquals(
    status,
    RUNTIME_PACKAGES.filter((name) => name !== "ca-certificates").sort(),
  );
  // Libraries for arm64 are padded to pages of 64 KiB.
  assert(size > 20e6 && size < 40e6, `${size} bytes`);
}

Deno.test({
  ...named("the pinned denort runs, and misses its program", !pip && "no pip"),
  fn: () =>
    withFolder(async (folder) => {
      assert(pip);
      const pin = DENORT[HOST];
      const wheel = await fetchWheel(pin, pip);
      const path = `${folder}/denort`;
      {
        using file = await Deno.open(path, {
          write: true,
          createNew: true,
          mode: 0o755,
        });
        for await (const chunk of readProgram(wheel, pin)) {
          await new Blob([chunk.slice()]).stream().pipeTo(file.writable, {
            preventClose: true,
          });
        }
      }
      assertEquals((await Deno.stat(path)).size, pin.size);
      // A process that another test starts may hold it open for a moment.
      const { code, stderr } = await retry(() =>
        new Deno.Command(path).output()
      );
      assertEquals(code, 1);
      assertStringIncludes(
        new TextDecoder().decode(stderr),
        "Could not find standalone binary section",
      );
    }),
});

async function retry<T>(work: () => Promise<T>, tries = 20): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (tries === 0 || !/text file busy/i.test(String(error))) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return await retry(work, tries - 1);
  }
}

/** Processes that were started with an environment which names a folder. */
function startedIn(folder: string): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${name}/environ`)
        .includes(`TMPDIR=${folder}`);
    } catch {
      return false; // No process, or one that is gone.
    }
  }).map(({ name }) => name);
}

Deno.test({
  ...named(
    "a wheel that cannot be had ends the assembly of its base",
    !mmdebstrap && "no mmdebstrap",
  ),
  fn: () =>
    withFolder(async (folder) => {
      const error = new Error("the index has no such wheel");
      const wheels = Promise.withResolvers<never>();
      const written = writeBuilder(
        `${folder}/rootfs.tar`,
        wheels.promise,
        { architecture: HOST, folder, onLine: () => wheels.reject(error) },
      );
      await assertRejects(() => written, Error, error.message);
      assertEquals(startedIn(folder), []);
    }),
});
