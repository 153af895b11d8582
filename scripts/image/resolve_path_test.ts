import { assertEquals } from "@std/assert";
import { directory, file, image, layer, symlink } from "../../testing/image.ts";
import { isExecutable, resolvePath } from "./resolve_path.ts";
import { rootfs } from "./rootfs.ts";

const root = rootfs(image([layer(
  "",
  directory("usr"),
  file("usr/bin/dash", 9, { mode: 0o755 }),
  symlink("usr/bin/sh", "dash"),
  symlink("bin", "usr/bin"),
  symlink("lib/absolute", "/bin/sh"),
  symlink("lib/up", "../../../../usr/bin/dash"),
  symlink("loop", "loop"),
  symlink("ping", "pong"),
  symlink("pong", "ping/x"),
  symlink("dangling", "nowhere"),
  symlink("empty", ""),
  symlink("long", "x/".repeat(3000)),
)]));

Deno.test("resolvePath: follows links in the middle and at the end", () => {
  for (
    const path of [
      "/bin/sh",
      "bin//./sh",
      "/lib/absolute",
      "lib/up",
      "usr/bin/../bin/dash",
    ]
  ) {
    const resolved = resolvePath(root, path);
    assertEquals(resolved?.path, "usr/bin/dash", path);
    assertEquals(isExecutable(resolved), true);
  }
});

Deno.test("resolvePath: leaves the last link alone when told to", () => {
  assertEquals(resolvePath(root, "/bin/sh", false)?.path, "usr/bin/sh");
});

Deno.test("resolvePath: knows folders without a record", () => {
  assertEquals(resolvePath(root, "/lib")?.path, "lib");
  assertEquals(resolvePath(root, "/../..")?.path, "");
});

Deno.test("resolvePath: ends loops and what leads nowhere", () => {
  for (
    const path of [
      "loop",
      "ping",
      "pong/x",
      "dangling",
      "usr/bin/dash/x",
      "no",
      "long",
    ]
  ) {
    assertEquals(resolvePath(root, path), undefined, path);
  }
});
