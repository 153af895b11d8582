/**
 * Files fail: the disk is full, a folder is read-only, what was given is
 * garbage. Reports that are there stay as they are.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { attempt, run } from "../scripts/lib/command.ts";
import { SERVES } from "./fault_context.ts";
import { withEngines } from "./fault_engines.ts";
import { Place } from "./fault_place.ts";

/** Why nothing can be mounted here; `undefined` when something can. */
async function noMounts(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["-t", "tmpfs", "-o", "size=4k", "fault", folder];
    const { code } = await attempt("mount", args);
    if (code !== 0) return "nothing can be mounted here";
    await run("umount", [folder]);
  } finally {
    await Deno.remove(folder);
  }
}

const withoutMounts = await noMounts();

/** A small file system on a folder; disposing of it takes it away. */
async function small(folder: string, size: string) {
  await Deno.mkdir(folder, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "fault", folder]);
  return { [Symbol.asyncDispose]: () => unmount(folder) };
}

async function unmount(folder: string): Promise<void> {
  await run("umount", [folder]);
}

withEngines("a full disk keeps the reports that are there", async (engine) => {
  await using place = await Place.make(engine, { Dockerfile: SERVES });
  await using _disk = await small(place.out, "16k");
  await place.writeOldReports();
  const { code, stderr } = await place.run(["--quick"]);
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "the disk is full");
  assertStringIncludes(stderr, "next:  Free some space");
  await place.assertOldReports();
  await place.assertNothingLeft();
}, { without: withoutMounts });

withEngines("without room in TMPDIR it says so", async (engine) => {
  await using place = await Place.make(engine, { Dockerfile: SERVES });
  await using _disk = await small(place.tmp, "16k");
  await place.run(["--runs", "1"]);
  // docker writes elsewhere: only the copy for the next deploy has no room.
  const [variant] = (await place.reports()).variants;
  assert(variant.startMs, "the start was not measured");
  assertEquals(variant.nextDeployBytes, undefined);
  assertStringIncludes(`${variant.notes}`, "the disk is full");
  await place.assertNothingLeft();
}, { only: "docker", without: withoutMounts });

withEngines(
  "without a cache it goes on and says so in a line",
  async (engine) => {
    await using place = await Place.make(engine, { Dockerfile: SERVES });
    await using _disk = await small(place.cache, "4k");
    await Deno.writeFile(join(place.cache, "full"), new Uint8Array(4096));
    const { code, stderr } = await place.run(["--quick"]);
    assertEquals(code, 0, stderr);
    const said = stderr.split("\n").filter((line) =>
      line.includes("for the next run")
    );
    assertEquals(said.length, 1, stderr);
    assertStringIncludes(said[0], "No space left on device");
    await place.reports();
    await place.assertNothingLeft();
  },
  { without: withoutMounts },
);

withEngines(
  "a read-only checkout is built, and not written to",
  async (engine) => {
    await using place = await Place.make(engine, { Dockerfile: SERVES });
    const { context } = place;
    await run("mount", ["--bind", context, context]);
    try {
      await run("mount", ["-o", "remount,bind,ro", context]);
      const inside = await place.run(["--quick"], { cwd: context, out: "" });
      assertEquals(inside.code, 3, inside.stderr);
      assertStringIncludes(inside.stderr, "it is read-only there");
      assertStringIncludes(inside.stderr, "--out DIR");
      assert(!inside.stderr.includes("Build "), "it built something first");

      const beside = await place.run(["--quick"], { cwd: context });
      assertEquals(beside.code, 0, beside.stderr);
      await place.reports();
      await place.assertNothingLeft();
    } finally {
      await run("umount", [context]);
    }
  },
  { without: withoutMounts },
);

Deno.test("garbage is refused before an engine is looked for", async () => {
  await using place = await Place.make(undefined, { Dockerfile: SERVES });
  const at = (name: string) => join(place.context, "..", name);
  await Deno.mkdir(at("folder/Dockerfile"), { recursive: true });
  await Deno.mkdir(at("empty"));
  await Deno.mkdir(at("dangling"));
  await Deno.symlink("nowhere", at("dangling/Dockerfile"));
  await Deno.writeTextFile(at("file"), "x");
  await Deno.writeFile(at("binary"), new Uint8Array([0, 27, 91, 51, 255, 1]));
  await Deno.writeTextFile(at("huge"), "");
  await Deno.truncate(at("huge"), 100_000_000);
  await Deno.writeTextFile(at("port"), '{"port":70000,"requests":[]}');
  await Deno.writeTextFile(at("list"), "[]");
  await Deno.writeTextFile(at("names"), '{"variants":{"x":{},"y":{}}}');
  await Deno.mkdir(at("linked"));
  await Deno.writeTextFile(at("linked/Dockerfile"), "FROM scratch\n");
  await Deno.symlink("nowhere", at("linked/budget.json"));
  const cases: [args: string[], said: string, context?: string][] = [
    [[], 'linked/budget.json": there is nothing of that name', at("linked")],
    [["--budget", at("names")], 'variants "x", "y" among single-stage\n'],
    [[], "Cannot find a Dockerfile", at("empty")],
    [[], "Cannot find a Dockerfile", at("folder")],
    [[], "Cannot read the Dockerfile", at("dangling")],
    [["--contract", at("port")], "2 problems"],
    [["--out", at("file")], "is no folder"],
    [["--junit", at("folder")], "it is a folder"],
    [["--write-baseline", at("file/x")], "is no folder"],
    ...["contract", "budget", "baseline"].flatMap(
      (option): [string[], string][] => [
        [[`--${option}`, at("folder")], "it is a folder"],
        [[`--${option}`, at("none")], "there is nothing of that name"],
        [[`--${option}`, at("file")], "line 1, column 1"],
        [[`--${option}`, at("list")], "expected object, found []"],
        [[`--${option}`, "/dev/zero"], "it is no file"],
        [[`--${option}`, at("binary")], "binary"],
        [[`--${option}`, at("huge")], "100 MB"],
      ],
    ),
  ];
  for (const [args, said, context] of cases) {
    const { code, stdout, stderr } = await place.run(args, { context });
    assertEquals([code, stdout], [2, ""], `${args}: ${stderr}`);
    assertStringIncludes(stderr, said);
    assert(/^next: {2}\S/m.test(stderr), stderr);
    assert(!/^cause: [[{]/m.test(stderr), stderr);
    assert(!stderr.includes("\x1b") && !stderr.includes("Engine"), stderr);
  }
  await place.assertNothingLeft();
});
