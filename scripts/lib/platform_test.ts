import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT, UserError } from "./errors.ts";
import {
  type Architecture,
  architectureOf,
  cannotRun,
  HOST,
  parsePlatforms,
} from "./platform.ts";

Deno.test("parsePlatforms() reads a list, each platform once", () => {
  assertEquals(parsePlatforms("linux/arm64"), ["linux/arm64"]);
  assertEquals(parsePlatforms("linux/amd64, linux/arm64,linux/amd64"), [
    "linux/amd64",
    "linux/arm64",
  ]);
});

Deno.test("parsePlatforms() says which platforms there are", () => {
  for (const word of ["arm64", "linux/arm64/v8", "linux/s390x", ""]) {
    const error = assertThrows(() => parsePlatforms(word), UserError);
    assertEquals(error.exitCode, EXIT.usage);
    assertStringIncludes(error.message, `"${word}"`);
    assertStringIncludes(error.message, "linux/amd64 or linux/arm64");
  }
});

Deno.test("architectureOf() a platform", () => {
  assertEquals(architectureOf("linux/arm64"), "arm64");
  assertEquals(architectureOf("linux/amd64"), "amd64");
});

const FOREIGN: Architecture = HOST === "amd64" ? "arm64" : "amd64";
const MACHINE = { amd64: "3e00", arm64: "b700" };

/** What `/proc/sys/fs/binfmt_misc` holds when some entries are registered. */
async function binfmt(entries: Record<string, string>) {
  const path = await Deno.makeTempDir();
  for (
    const [name, text] of Object.entries({ status: "enabled", ...entries })
  ) {
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

function entry(machine: string, flags: string, state = "enabled"): string {
  return `${state}\ninterpreter /usr/libexec/qemu-binfmt/x\nflags: ${flags}\n` +
    `offset 0\nmagic 7f454c460201010000000000000000000200${machine}\n` +
    "mask ffffffffffffff00fffffffffffffffffeffffff\n";
}

Deno.test({
  name:
    "cannotRun() says what keeps programs of another architecture from running",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const own = MACHINE[FOREIGN];
    const cases: [Record<string, string>, string | undefined][] = [
      [{}, "no emulator is registered"],
      [{ other: entry("2800", "POCF") }, "no emulator is registered"],
      [{ qemu: entry(own, "POCF", "disabled") }, "no emulator is registered"],
      [{ qemu: entry(own, "OC") }, "without the flag F"],
      [{ qemu: entry(own, "POCF") }, undefined],
    ];
    for (const [entries, reason] of cases) {
      await using folder = await binfmt(entries);
      const found = cannotRun(FOREIGN, folder.path);
      if (reason === undefined) assertEquals(found, undefined);
      else assertStringIncludes(found ?? "", reason);
    }
    assertEquals(cannotRun(HOST, "/nowhere"), undefined);
    assertStringIncludes(cannotRun(FOREIGN, "/nowhere") ?? "", FOREIGN);
  },
});
