import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  EngineGone,
  EXIT,
  explainFiles,
  isOfEnvironment,
  messageOf,
  rootOf,
  UserError,
  whyUnreadable,
} from "./errors.ts";

const NEXT = { full: "Free some space", readOnly: "Choose another folder" };

Deno.test("a UserError is wrong use unless it says otherwise", () => {
  const error = new UserError("x", { next: "y" });
  assertEquals([error.exitCode, isOfEnvironment(error)], [EXIT.usage, false]);
  const lacks = new UserError("x", { next: "y", exitCode: EXIT.environment });
  assertEquals(isOfEnvironment(lacks), true);
  assertEquals(isOfEnvironment(new Error("x")), false);
});

Deno.test("rootOf() is what failed first, or the engine that is gone", () => {
  const first = new Error("first");
  const later = new SuppressedError(new Error("cleaning up"), first);
  assertEquals(rootOf(new SuppressedError(new Error("again"), later)), first);
  const gone = new EngineGone("gone", { next: "" });
  assertEquals(rootOf(new SuppressedError(gone, first)), gone);
  assertEquals(rootOf(first), first);
});

Deno.test("explainFiles() tells a full disk and a read-only one from the rest", () => {
  const explain = (text: string) =>
    explainFiles("Cannot write", new Error(text), NEXT);
  for (
    const text of ["No space left on device (os error 28)", "os error 122"]
  ) {
    assertEquals(explain(text)?.next, NEXT.full);
    assertStringIncludes(explain(text)?.message ?? "", "the disk is full");
  }
  const readOnly = explain("Read-only file system (os error 30)");
  assertEquals([readOnly?.next, readOnly?.exitCode], [
    NEXT.readOnly,
    EXIT.environment,
  ]);
  assertEquals(explain("os error 2"), undefined);
  const known = new UserError("the disk is full", { next: "" });
  assertEquals(explainFiles("x", known, NEXT), undefined);
});

Deno.test("whyUnreadable() has words for what is usual", async () => {
  const why = async (path: string) =>
    whyUnreadable(await Deno.readTextFile(path).catch((error) => error));
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("loop", `${folder}/loop`);
    assertEquals(await why(folder), "it is a folder");
    assertEquals(await why(`${folder}/x`), "there is nothing of that name");
    assertEquals(await why(`${folder}/file/x`), "it is no folder");
    assertEquals(await why(`${folder}/loop`), "its links run in a circle");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const denied = new Deno.errors.PermissionDenied("os error 13");
  assertEquals(whyUnreadable(denied), "this user may not read it");
  assertEquals(whyUnreadable(new Error("os error 5")), "os error 5");
});

Deno.test("messageOf() is a text, whatever was thrown", () => {
  assertEquals(messageOf(new TypeError("x")), "x");
  assertEquals(messageOf("x"), "x");
  assertEquals(messageOf(undefined), "undefined");
});
