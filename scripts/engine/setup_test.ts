import { assertEquals, assertRejects } from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { installCommand, isInstalled, setUp } from "./setup.ts";

Deno.test("isInstalled() looks for programs on the PATH", () => {
  assertEquals(isInstalled("sh"), true);
  assertEquals(isInstalled("deno-small-image-no-such-command"), false);
  // A folder of the PATH holds folders, too, on some systems: not a program.
  assertEquals(isInstalled("."), false);
});

Deno.test("installCommand() is one line to copy", () => {
  assertEquals(
    installCommand(["buildah", "mmdebstrap"]),
    "apt-get update && apt-get install -y --no-install-recommends buildah mmdebstrap",
  );
});

Deno.test("setUp() without apt-get says what to install", async () => {
  const path = Deno.env.get("PATH");
  Deno.env.set("PATH", "/nowhere");
  try {
    const error = await assertRejects(
      () => setUp(["buildah"]),
      UserError,
      "Cannot install buildah: there is no apt-get here",
    );
    assertEquals(error.exitCode, EXIT.environment);
    assertEquals(
      error.next,
      "Install buildah with this system's package manager",
    );
  } finally {
    if (path !== undefined) Deno.env.set("PATH", path);
  }
});
