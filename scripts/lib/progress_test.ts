import { assertEquals, assertRejects } from "@std/assert";
import { plain } from "./progress.ts";

function recorded() {
  const lines: string[] = [];
  const progress = plain((line) =>
    lines.push(line.replace(/[\d.]+ m?s$/, "T"))
  );
  return { lines, progress };
}

Deno.test("plain() says when a step begins, what it does, and when it ends", async () => {
  const { lines, progress } = recorded();
  const result = await progress.step("Build x", (say) => {
    say("a\x1b[31mb");
    return Promise.resolve(7);
  });
  assertEquals(result, 7);
  assertEquals(lines, ["Build x ...", "  a\\x1b[31mb", "Build x: T"]);
});

Deno.test("plain() says that a step failed, and passes the error on", async () => {
  const { lines, progress } = recorded();
  await assertRejects(
    () => progress.step("Build x", () => Promise.reject(new Error("no"))),
    Error,
    "no",
  );
  assertEquals(lines, ["Build x ...", "Build x: failed after T"]);
});
