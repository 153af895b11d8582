import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { UserError } from "../lib/errors.ts";
import type { BuildOptions, ImageInfo } from "../engine/engine.ts";
import { buildChanged } from "./next_deploy.ts";

/** An engine that knows one image, and a context on disk. */
class Fixture implements AsyncDisposable {
  context = Deno.makeTempDirSync();
  images = new Map<string, string[]>();
  scratch = "";
  built = "";

  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const file = `${this.context}/${path}`;
      await Deno.mkdir(file.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
  }

  inspect(image: string) {
    const diffIds = this.images.get(image);
    return Promise.resolve(diffIds && { diffIds } as ImageInfo);
  }

  remove(image: string) {
    this.images.delete(image);
    return Promise.resolve();
  }

  build = async ({ context, dockerfile, tag = "" }: BuildOptions) => {
    this.scratch = context;
    assertEquals(dockerfile, `${context}/Dockerfile`);
    this.built = await Deno.readTextFile(`${context}/main.ts`);
    this.images.set(tag, ["sha256:base", "sha256:changed"]);
  };

  buildChanged(signal?: AbortSignal) {
    const { context } = this;
    const options = {
      context,
      dockerfile: `${context}/Dockerfile`,
      tag: "next",
      signal,
    };
    return buildChanged(this, options, ["sha256:base", "sha256:app"]);
  }

  exists(path: string): boolean {
    try {
      Deno.lstatSync(path);
      return true;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.context, { recursive: true });
    assert(this.scratch === "" || !this.exists(this.scratch));
  }
}

const FILES = {
  Dockerfile: "RUN deno compile main.ts",
  "main.ts": "console.log(1);",
};

Deno.test("buildChanged() gives the layers that a changed line makes new", async () => {
  await using fixture = new Fixture();
  await fixture.write(FILES);
  {
    await using next = await fixture.buildChanged();
    assertEquals(next.newDiffIds, ["sha256:changed"]);
    assert(fixture.images.has("next"));
  }
  assertEquals(fixture.images.size, 0);
  assert(fixture.built.startsWith("console.log(1);\n"));
  assert(fixture.built.length > FILES["main.ts"].length + 1);
  // The context itself is as it was.
  assertEquals(
    await Deno.readTextFile(`${fixture.context}/main.ts`),
    FILES["main.ts"],
  );
});

Deno.test("buildChanged() makes a change that is a valid program", async () => {
  await using fixture = new Fixture();
  await fixture.write(FILES);
  await using _next = await fixture.buildChanged();
  const url = `data:application/typescript,${
    encodeURIComponent(fixture.built)
  }`;
  await import(url);
  assertEquals(Reflect.get(globalThis, "nextDeploy"), 1);
});

Deno.test("buildChanged() cleans up when the build fails or is ended", async () => {
  await using fixture = new Fixture();
  await fixture.write(FILES);
  const controller = new AbortController();
  fixture.build = ({ context, tag = "", signal }) => {
    fixture.scratch = context;
    fixture.images.set(tag, []);
    controller.abort(new Error("enough"));
    signal?.throwIfAborted();
    return Promise.resolve();
  };
  await assertRejects(
    () => fixture.buildChanged(controller.signal),
    Error,
    "enough",
  );
  assertEquals(fixture.images.size, 0);
});

Deno.test("buildChanged() needs a module to change", async () => {
  await using fixture = new Fixture();
  await fixture.write({ Dockerfile: "FROM scratch" });
  const error = await assertRejects(
    () => fixture.buildChanged(),
    UserError,
    'Cannot tell which module "Dockerfile" compiles',
  );
  assertStringIncludes(error.next, "deno compile");
});

Deno.test("buildChanged() copies what the engine would send, as it is", async () => {
  await using fixture = new Fixture();
  await fixture.write({
    ...FILES,
    ".dockerignore": "*\n!main.ts\n!keep\nkeep/not.txt\n",
    "keep/a.txt": "a",
    "keep/not.txt": "x",
    "node_modules/big.js": "x",
    ".git/config": "x",
  });
  await Deno.symlink("a.txt", `${fixture.context}/keep/link`);
  await Deno.chmod(`${fixture.context}/keep/a.txt`, 0o750);
  const then = new Date(1_000_000_000_000);
  await Deno.utime(`${fixture.context}/keep/a.txt`, then, then);
  const { build } = fixture;
  fixture.build = async (options) => {
    const at = (path: string) => `${options.context}/${path}`;
    const names = await Array.fromAsync(
      Deno.readDir(options.context),
      ({ name }) => name,
    );
    assertEquals(names.sort(), [
      ".dockerignore",
      "Dockerfile",
      "keep",
      "main.ts",
    ]);
    assertEquals(fixture.exists(at("keep/not.txt")), false);
    assertEquals(await Deno.readLink(at("keep/link")), "a.txt");
    const info = await Deno.stat(at("keep/a.txt"));
    assertEquals((info.mode ?? 0) & 0o777, 0o750);
    assertEquals(info.mtime?.getTime(), then.getTime());
    await build(options);
  };
  await using _next = await fixture.buildChanged();
});
