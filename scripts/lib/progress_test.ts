import { assertEquals, assertRejects } from "@std/assert";
import { createProgress } from "./progress.ts";

function recorded(options: { columns?: number; verbose?: boolean } = {}) {
  let text = "";
  const progress = createProgress({
    write: (part) => text += part,
    verbose: false,
    ...options,
  });
  return {
    progress,
    lines: () => text.replace(/[\d.]+ m?s$/gm, "T").split("\n").slice(0, -1),
  };
}

Deno.test("in a pipe, a step is one line, however much it says", async () => {
  const { progress, lines } = recorded();
  const result = await progress.step("Build x", (say) => {
    say("sha256:abc");
    return Promise.resolve(7);
  });
  assertEquals(result, 7);
  progress.note("done");
  assertEquals(lines(), ["Build x: T", "done"]);
});

Deno.test("verbose, it says when a step begins, what it does, and its end", async () => {
  const { progress, lines } = recorded({ verbose: true, columns: 80 });
  await progress.step("Build x", (say) => {
    say("a\x1b[31mb");
    return Promise.resolve();
  });
  assertEquals(lines(), ["Build x ...", "  a\\x1b[31mb", "Build x: T"]);
});

Deno.test("a step that failed says so, and passes the error on", async () => {
  for (const columns of [undefined, 80]) {
    const { progress, lines } = recorded({ columns });
    await assertRejects(
      () => progress.step("Build x", () => Promise.reject(new Error("no"))),
      Error,
      "no",
    );
    assertEquals(lines(), [
      columns ? "✖ Build x  T" : "Build x: failed after T",
    ]);
  }
});

Deno.test("on a terminal, notes stay above the steps that are under way", async () => {
  const { progress, lines } = recorded({ columns: 12 });
  await progress.step("Build x", (say) => {
    say("a line that is too long");
    progress.note("note");
    return Promise.resolve();
  });
  assertEquals(lines(), [
    "note",
    "⠋ Build x  ",
    "  › a line ",
    "\r\x1b[2A\x1b[J✔ Build x  T",
  ]);
});
