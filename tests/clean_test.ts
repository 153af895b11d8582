/**
 * `deno task image clean` through the command line, on real engines.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename } from "node:path";
import { EXIT } from "../scripts/lib/errors.ts";
import { folder, image } from "./command_line.ts";
import { withEngines } from "./fault_engines.ts";

withEngines(
  "clean removes what builds of a context left, no more",
  async (engine) => {
    await using place = await folder({
      "Dockerfile.tiny": 'FROM scratch\nCOPY one /\nCOPY two /\nCMD ["/one"]\n',
      one: "1",
      two: "2",
    });
    await using cache = await folder({});
    const context = ["--engine", engine.name, "--context", place.path];
    const options = { env: { XDG_CACHE_HOME: cache.path } };
    // It starts nothing that serves; its image is there all the same.
    await image(
      [...context, "--quick", "--out", `${place.path}/report`],
      options,
    );
    const own = (names: string[]) =>
      names.filter((name) => name.endsWith(":tiny") && name.includes(base));
    const name = basename(place.path);
    const base = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    assertEquals(own(await engine.list()).length, 1);

    const shown = await image(["clean", ...context, "--dry-run"], options);
    assertEquals(shown.code, EXIT.ok, shown.stderr);
    assertStringIncludes(shown.stdout, `image     localhost/${base}:tiny`);
    assertStringIncludes(shown.stdout, "Nothing was removed");
    assertEquals(own(await engine.list()).length, 1);
    assertEquals(
      shown.stderr.includes("docker builder prune"),
      engine.name === "docker",
    );

    await using beside = await folder({ [`${name}/Dockerfile.tiny`]: "" });
    const other = ["--engine", engine.name, "--context"];
    await image(["clean", ...other, `${beside.path}/${name}`], options);
    assertEquals(own(await engine.list()).length, 1);

    const others = (await engine.list()).filter((name) => !name.includes(base));
    const removed = await image(["clean", ...context], options);
    assertEquals(removed.code, EXIT.ok, removed.stderr);
    const left = await engine.list();
    assertEquals(own(left), []);
    const gone = others.filter((name) => !left.includes(name));
    // Tests beside this one take away what is theirs.
    assert(
      gone.every((name) => !name.includes("deno-small-image/")),
      `${gone}`,
    );
    const again = await image(["clean", ...context], options);
    assertEquals(again.stdout, "Nothing is left\n");
  },
);

Deno.test("clean without an engine, or of no folder, says what to do", async () => {
  await using place = await folder({});
  const lost = await image(["clean", "--context", `${place.path}/none`], {
    env: { PATH: place.path },
  });
  assertEquals(lost.code, EXIT.environment, lost.stderr);
  assertStringIncludes(lost.stderr, "next:");
});

Deno.test("a reader that has enough is no error", async () => {
  await using place = await folder({});
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      '(sleep 0.3; "$0" run -A "$1" --help; echo $? >"$2") | true; cat "$2"',
      Deno.execPath(),
      new URL("../scripts/image.ts", import.meta.url).pathname,
      `${place.path}/code`,
    ],
    stderr: "inherit",
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "0\n");
});
