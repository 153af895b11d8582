import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fakeEngine, serving } from "../../testing/fake_engine.ts";
import { configOf } from "../image/image_documents.ts";
import { findLeft } from "./clean.ts";
import { recordMade } from "../build/image_names.ts";

/** An engine with images, of which one is in use. */
function engineWith(...names: string[]) {
  const images = new Map(names.map((name) => [name, `sha256:${name}`]));
  const steps = { removed: false };
  return {
    images,
    steps,
    engine: {
      ...fakeEngine(() => serving(() => new Response())),
      list: () => Promise.resolve([...images.keys()]),
      inspect: (name: string) => {
        const id = images.get(name);
        return Promise.resolve(
          id === undefined ? undefined : {
            id,
            architecture: "amd64",
            sizeBytes: 9,
            diffIds: [],
            config: configOf({}),
          },
        );
      },
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
    const others = ["localhost/shop:mine", "localhost/shop:multi-stage"];
    const base = "localhost/deno-small-image/builder:1";
    const { engine, images, steps } = engineWith(
      "localhost/shop:single-stage",
      "localhost/shop:scratch-arm64",
      base,
      ...others,
    );
    const own = ["localhost/shop:single-stage", "localhost/shop:scratch-arm64"];
    for (const name of [...own, "localhost/shop:multi-stage"]) {
      await recordMade(name, { engine, context, folder });
    }
    // Another folder of this name has built it since.
    images.set("localhost/shop:multi-stage", "sha256:other");
    const elsewhere = { engine, context: join(place, "x/shop"), folder };
    await recordMade("localhost/shop:multi-stage", elsewhere);
    const find = (bases: boolean) =>
      findLeft(context, engine, { bases, folder });
    const [none] = await findLeft(join(place, "y/shop"), engine, {
      bases: false,
      folder,
    });
    assertEquals(none.what, "steps");
    const left = await find(false);
    assertEquals(left.map(({ what, bytes }) => [what, bytes]), [
      ["image", 9],
      ["image", 9],
      ["steps", undefined],
      ["cache", 5],
    ]);
    for (const { remove } of left) await remove();
    assertEquals([...images.keys()], [base, ...others]);
    assertEquals(steps.removed, true);
    assertEquals(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["deno.whl", "made", "steps"],
    );
    const bases = await find(true);
    assertEquals(
      bases.filter(({ what }) => what === "base").map(({ bytes }) => bytes),
      [9, 7],
    );
  } finally {
    await Deno.remove(place, { recursive: true });
  }
});

Deno.test("findLeft() says why something stays", async () => {
  const context = await Deno.makeTempDir();
  try {
    const name = "localhost/shop:in-use";
    const { engine, images } = engineWith(name);
    const folder = join(context, "cache");
    await recordMade(name, { engine, context, folder });
    const [image] = await findLeft(context, engine, { bases: false, folder });
    assertEquals(image.name, name);
    await assertRejects(image.remove, Error, "a container uses it");
    assertEquals(images.size, 1);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
});
