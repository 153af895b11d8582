import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { UserError } from "../lib/errors.ts";
import type { ImageInfo } from "../engine/engine.ts";
import { buildChanged, type ChangeOptions } from "./next_deploy.ts";

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

  options(changes: Partial<ChangeOptions> = {}): ChangeOptions {
    return {
      engine: {
        inspect: (image) => {
          const diffIds = this.images.get(image);
          return Promise.resolve(diffIds && { diffIds } as ImageInfo);
        },
        remove: (image) => {
          this.images.delete(image);
          return Promise.resolve();
        },
      },
      context: this.context,
      dockerfile: `${this.context}/Dockerfile`,
      diffIds: ["sha256:base", "sha256:app"],
      tag: "next",
      build: async ({ context, dockerfile, tag }) => {
        this.scratch = context;
        assertEquals(dockerfile, `${context}/Dockerfile`);
        this.built = await Deno.readTextFile(`${context}/main.ts`);
        this.images.set(tag, ["sha256:base", "sha256:changed"]);
      },
      ...changes,
    };
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
    await using next = await buildChanged(fixture.options());
    assertEquals(next.newDiffIds, ["sha256:changed"]);
    assertEquals(next.entry, "main.ts");
    assertEquals(next.tag, "next");
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
  await using _next = await buildChanged(fixture.options());
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
  const failing = fixture.options({
    signal: controller.signal,
    build: ({ context, tag, signal }) => {
      fixture.scratch = context;
      fixture.images.set(tag, []);
      controller.abort(new Error("enough"));
      signal?.throwIfAborted();
      return Promise.resolve();
    },
  });
  await assertRejects(() => buildChanged(failing), Error, "enough");
  assertEquals(fixture.images.size, 0);
});

Deno.test("buildChanged() needs a module to change", async () => {
  await using fixture = new Fixture();
  await fixture.write({ Dockerfile: "FROM scratch" });
  const error = await assertRejects(
    () => buildChanged(fixture.options()),
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
  const options = fixture.options();
  await using _next = await buildChanged({
    ...options,
    build: async (build) => {
      const at = (path: string) => `${build.context}/${path}`;
      const names = await Array.fromAsync(
        Deno.readDir(build.context),
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
      await options.build(build);
    },
  });
});
