import { assertEquals } from "@std/assert";
import { rootfs } from "../image/rootfs.ts";
import { file, image, layer, symlink } from "../../testing/image.ts";
import type { ImageConfig } from "../image/model.ts";
import { searchPath, startedPrograms } from "./started_programs.ts";

const program = (path: string) => file(path, 1, { mode: 0o755 });

function started(config: Partial<ImageConfig>): [string, string?][] {
  const tested = image([
    layer(
      "",
      program("opt/bin/app"),
      program("usr/bin/tini"),
      symlink("bin", "usr/bin"),
      program("app/serve"),
      file("usr/bin/data", 1),
    ),
  ], config);
  return startedPrograms(tested, rootfs(tested))
    .map(({ name, resolved }) => [name, resolved?.path]);
}

Deno.test("startedPrograms() looks where an engine does", () => {
  assertEquals(started({}), []);
  assertEquals(started({ cmd: ["tini"] }), [["tini", "usr/bin/tini"]]);
  assertEquals(started({ cmd: ["/bin/tini"] }), [[
    "/bin/tini",
    "usr/bin/tini",
  ]]);
  const env = ["PATH=/usr/bin", "PATH=/opt/bin:relative"];
  assertEquals(started({ cmd: ["app"], env }), [["app", "opt/bin/app"]]);
  assertEquals(started({ cmd: ["tini"], env }), [["tini", undefined]]);
  assertEquals(started({ cmd: ["./serve"], workingDir: "/app" }), [
    ["./serve", "app/serve"],
  ]);
  // What cannot be executed is passed over.
  assertEquals(started({ cmd: ["data"] }), [["data", undefined]]);
});

Deno.test("startedPrograms() finds the program that another one starts", () => {
  assertEquals(
    started({
      entrypoint: ["/usr/bin/tini", "--"],
      cmd: ["/app/serve", "/none", "app"],
    }),
    [["/usr/bin/tini", "usr/bin/tini"], ["/app/serve", "app/serve"]],
  );
});

Deno.test("searchPath() is the image's PATH, or the one that engines set", () => {
  assertEquals(searchPath(image([], { env: ["PATH=/a:b:/c"] })), ["/a", "/c"]);
  assertEquals(searchPath(image([])).length, 6);
});
