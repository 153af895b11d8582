/**
 * Holds `@std/testing/bdd` to what the project relies on, by that name, so that
 * the real one is held to it too where jsr.io can be reached.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";

const ran: string[] = [];

describe("describe()", () => {
  it("runs its tests", () => {
    ran.push("first");
  });
  describe("within another", () => {
    it("runs them in order", async () => {
      await Promise.resolve();
      ran.push("second");
    });
  });
  it("runs what comes after a group", () => {
    ran.push("third");
  });
});

it("it() stands alone, after the groups before it", () => {
  assertEquals(ran, ["first", "second", "third"]);
});

Deno.test("a test that fails within a group fails the run", async () => {
  const source = `
    import { describe, it } from "@std/testing/bdd";
    describe("group", () => {
      it("passes", () => {});
      it("fails", () => {
        throw new Error("on purpose");
      });
    });
  `;
  const file = await Deno.makeTempFile({ suffix: "_test.ts" });
  try {
    await Deno.writeTextFile(file, source);
    const project = `${import.meta.dirname}/..`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        `${project}/offline/deno.ts`,
        "test",
        "--no-check",
        `--config=${project}/deno.json`,
        file,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(stdout) + decoder.decode(stderr);
    assertEquals(code, 1, output);
    assertEquals(/0 passed \(1 step\) \| 1 failed/.test(output), true, output);
  } finally {
    await Deno.remove(file);
  }
});
