import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fakeEngine, serving } from "../../testing/fake_engine.ts";
import { findLeft } from "./clean.ts";

/** An engine with images, of which one is in use. */
function engineWith(...names: string[]) {
  const images = new Set(names);
  const steps = { removed: false };
  return {
    images,
    steps,
    engine: {
      ...fakeEngine(() => serving(() => new Response())),
      list: () => Promise.resolve([...images]),
      inspect: () => Promise.resolve(undefined),
      steps: (_context: string, { remove }: { remove: boolean }) => {
        steps.removed ||= remove;
        return Promise.resolve(3);
      },
      remove: (name: string) => {
        if (name.endsWith("in-use")) throw new Error("a container uses it");
        images.delete(name);
        return Promise.resolve();
      },
    },
  };
}

Deno.test("findLeft() takes images of the context, steps and the cache, no more", async () => {
  const place = await Deno.makeTempDir();
  try {
    const context = join(place, "shop");
    const folder = join(place, "cache");
    await Deno.mkdir(context);
    await Deno.mkdir(join(folder, "layers"), { recursive: true });
    await Deno.mkdir(join(folder, "steps"));
    await Deno.writeTextFile(join(folder, "layers", "a.json"), "12345");
    await Deno.writeTextFile(join(folder, "deno.whl"), "1234567");
    for (const name of ["Dockerfile", "Dockerfile.scratch"]) {
      await Deno.writeTextFile(join(context, name), "FROM scratch");
    }
    const others = [
      "localhost/shop:mine",
      "localhost/shop-two:scratch",
      "docker.example/shop:scratch",
    ];
    const base = "localhost/deno-small-image/builder:1";
    const { engine, images, steps } = engineWith(
      "localhost/shop:single-stage",
      "localhost/shop:scratch-arm64",
      base,
      ...others,
    );
    const find = (bases: boolean) =>
      findLeft(context, engine, { bases, folder });
    const left = await find(false);
    assertEquals(left.map(({ what, bytes }) => [what, bytes]), [
      ["image", undefined],
      ["image", undefined],
      ["steps", undefined],
      ["cache", 5],
    ]);
    for (const { remove } of left) assertEquals(await remove(), undefined);
    assertEquals([...images], [base, ...others]);
    assertEquals(steps.removed, true);
    assertEquals(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["deno.whl", "steps"],
    );
    const bases = await find(true);
    assertEquals(
      bases.filter(({ what }) => what === "base").map(({ bytes }) => bytes),
      [undefined, 7],
    );
  } finally {
    await Deno.remove(place, { recursive: true });
  }
});

Deno.test("findLeft() says why something stays", async () => {
  const context = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      join(context, "Dockerfile.in-use"),
      "FROM scratch",
    );
    const name = `localhost/${
      context.split("/").at(-1)!.toLowerCase().replace(/[^a-z0-9]+/g, "-")
    }:in-use`;
    const { engine, images } = engineWith(name);
    const folder = join(context, "no-cache");
    const [image] = await findLeft(context, engine, { bases: false, folder });
    assertEquals(image.name, name);
    assertEquals(await image.remove(), "a container uses it");
    assertEquals(images.size, 1);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
});
