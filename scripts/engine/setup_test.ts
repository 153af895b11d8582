import { assertEquals, assertRejects } from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { installCommand, missing, setUp } from "./setup.ts";

Deno.test("missing() looks for programs on the PATH", () => {
  const name = "deno-small-image-no-such-command";
  assertEquals(missing(["sh", name]), [name]);
  // A folder of the PATH holds folders, too, on some systems: not a program.
  assertEquals(missing(["."]), ["."]);
});

Deno.test("installCommand() is one line to copy", () => {
  assertEquals(
    installCommand(["buildah", "mmdebstrap"]),
    "apt-get update && apt-get install -y --no-install-recommends buildah mmdebstrap",
  );
});

Deno.test("setUp() of nothing does nothing", async () => {
  await setUp([], {
    onLine: (line) => {
      throw new Error(line);
    },
  });
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
