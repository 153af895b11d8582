import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { fakeEngine, serving } from "../../testing/fake_engine.ts";
import { folder } from "../../testing/folder.ts";
import { directory, file, image, layer } from "../../testing/image.ts";
import { minimalVariant } from "../../testing/report.ts";
import { variantFile } from "../dockerfile/find_variants.ts";
import { configOf } from "../image/image_documents.ts";
import type { Layer } from "../image/model.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import type { Variant } from "../report/report_schema.ts";
import {
  addNextDeploy,
  compareBuilds,
  compareDocuments,
  compareLayers,
  reproduce,
  withChange,
} from "./build_again.ts";
import type { BuiltRun, RunContext } from "./build_variants.ts";

const FILES = {
  Dockerfile: "RUN deno compile main.ts",
  "main.ts": "console.log(1);",
};

/** Changes a context of these files. */
async function change(
  files: Record<string, string>,
  use: (copy: string, context: string) => Promise<void>,
  signal?: AbortSignal,
) {
  await using context = await folder(files);
  let copy = "";
  try {
    await withChange(
      context.path,
      variantFile(`${context.path}/Dockerfile`, files.Dockerfile),
      signal,
      async (changed) => {
        copy = changed.context;
        assertEquals(changed.dockerfile, `${copy}/Dockerfile`);
        await use(copy, context.path);
      },
    );
  } finally {
    assert(copy === "" || !exists(copy));
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("withChange() makes a change that is a valid program, and no other", () =>
  change(FILES, async (copy, context) => {
    const text = await Deno.readTextFile(`${copy}/main.ts`);
    assert(text.startsWith(`${FILES["main.ts"]}\n`));
    await import(
      `data:application/typescript,${encodeURIComponent(text)}`
    );
    assertEquals(Reflect.get(globalThis, "nextDeploy"), 1);
    assertEquals(
      await Deno.readTextFile(`${context}/main.ts`),
      FILES["main.ts"],
    );
  }));

Deno.test("withChange() cleans up when the build fails or is ended", async () => {
  const failing = change(FILES, () => Promise.reject(new Error("enough")));
  await assertRejects(() => failing, Error, "enough");
  const ended = AbortSignal.abort(new Error("interrupted"));
  const never = change(FILES, () => Promise.resolve(), ended);
  await assertRejects(() => never, Error, "interrupted");
});

Deno.test("withChange() needs a module to change", async () => {
  const error = await assertRejects(
    () => change({ Dockerfile: "FROM scratch" }, () => Promise.resolve()),
    UserError,
    "Cannot tell which module",
  );
  assertStringIncludes(error.next, "deno compile");
});

Deno.test("withChange() copies what the engine would send, as it is", async () => {
  await using context = await folder({
    ...FILES,
    ".dockerignore": "*\n!main.ts\n!keep\nkeep/not.txt\n",
    "keep/a.txt": "a",
    "keep/not.txt": "x",
    "node_modules/big.js": "x",
    ".git/config": "x",
  });
  const { path } = context;
  await Deno.symlink("a.txt", `${path}/keep/link`);
  await Deno.chmod(`${path}/keep/a.txt`, 0o750);
  const then = new Date(1_000_000_000_000);
  await Deno.utime(`${path}/keep/a.txt`, then, then);
  const dockerfile = variantFile(`${path}/Dockerfile`, FILES.Dockerfile);
  await withChange(path, dockerfile, undefined, async (changed) => {
    const at = (path: string) => `${changed.context}/${path}`;
    const names = await Array.fromAsync(
      Deno.readDir(changed.context),
      ({ name }) => name,
    );
    assertEquals(names.sort(), [
      ".dockerignore",
      "Dockerfile",
      "keep",
      "main.ts",
    ]);
    assertEquals(exists(at("keep/not.txt")), false);
    assertEquals(await Deno.readLink(at("keep/link")), "a.txt");
    const info = await Deno.stat(at("keep/a.txt"));
    assertEquals((info.mode ?? 0) & 0o777, 0o750);
    assertEquals(info.mtime?.getTime(), then.getTime());
  });
});

Deno.test("addNextDeploy() sums up the layers that a changed line makes new", () => {
  const deploy = (sizes: Record<string, number>) => {
    const variant: Variant = {
      ...minimalVariant("scratch"),
      layers: ["a", "b"].map((digest) => ({
        digest,
        instruction: "COPY",
        sizeBytes: 1,
        files: 1,
      })),
    };
    addNextDeploy(variant, sizes);
    const again = variant.layers.map(({ pulledAgain }) => pulledAgain);
    return [variant.nextDeployBytes, ...again];
  };
  assertEquals(deploy({ a: 90, changed: 7 }), [7, false, true]);
  assertEquals(deploy({}), [0, true, true]);
});

Deno.test("reproduce() takes a second build that fails for a failed check, and leaves no image", async () => {
  const images = new Set<string>();
  const config = configOf({});
  const info = { id: "x", architecture: "amd64", diffIds: [], config };
  const engine = {
    ...fakeEngine(() => serving(() => new Response())),
    build: ({ tag = "" }) => {
      images.add(tag);
      const how = { next: "", exitCode: EXIT.checkFailed, output: "the log" };
      return Promise.reject(new UserError("no room", how));
    },
    inspect: (name: string) =>
      Promise.resolve(images.has(name) ? info : undefined),
    remove: (name: string) => Promise.resolve(void images.delete(name)),
  };
  const io = {
    signal: new AbortController().signal,
    progress: {
      step: (_: string, work: (say: () => void) => unknown) => work(() => {}),
    },
  } as unknown as Io;
  const variant = minimalVariant("scratch");
  const run = { variant, file: {}, options: {} } as unknown as BuiltRun;
  await reproduce([run], { config: {}, engine, io } as unknown as RunContext);
  assertEquals(images.size, 0);
  assertEquals(run.variant.reproducible, [{
    name: "second build",
    kind: "reproducible",
    status: "fail",
    detail: "no room\nthe log",
  }]);
});

const BASE = layer("ADD base", file("base", 1));
const CANNOT = "it cannot date files";

function compiled(...entries: Parameters<typeof layer>[1][]): Layer {
  return layer("RUN deno compile", ...entries);
}

Deno.test("compareBuilds() passes what is the same to the digest", () => {
  const built = image([BASE, compiled(file("hello", 9))]);
  assertEquals(compareBuilds(built, built), [
    { name: "layers", status: "pass" },
    { name: "config", status: "pass" },
    { name: "image ID", status: "pass" },
  ]);
});

Deno.test("compareBuilds() names layer, path and reason", () => {
  const [layers, config] = compareBuilds(
    image([BASE, compiled(file("hello", 9), directory("tmp"))]),
    image([BASE, compiled(file("hello", 8), directory("tmp", { mtime: 5 }))]),
  );
  assertEquals(layers, {
    name: "layers",
    status: "fail",
    detail: "layer 2 (RUN deno compile): /hello (content); 1 by mtime alone",
  });
  assertEquals(config.status, "pass");
});

Deno.test("compareBuilds() sums up what it cannot name", () => {
  const files = (size: number) =>
    Array.from({ length: 20 }, (_, index) => file(`f${index + 10}`, size));
  const [layers] = compareBuilds(
    image([compiled(...files(1))]),
    image([compiled(...files(2))]),
  );
  assertStringIncludes(layers.detail ?? "", "/f17 (content) and 12 more");
});

Deno.test("dates alone are no failure of an engine that cannot set them", () => {
  const dated = (mtime: number) =>
    image([compiled(file("hello", 9, { mtime }))]);
  assertEquals(compareBuilds(dated(1), dated(2))[0].status, "fail");
  const [layers, config, ...rest] = compareBuilds(
    dated(1),
    dated(2),
    CANNOT,
  );
  assertEquals(layers, {
    name: "layers",
    status: "skip",
    detail: `${CANNOT}: layer 1 (RUN deno compile): /hello (mtime)`,
  });
  assertEquals(config.status, "pass");
  assertEquals(rest, []);
});

Deno.test("content fails on every engine", () => {
  const [layers] = compareBuilds(
    image([compiled(file("hello", 1))]),
    image([compiled(file("hello", 2))]),
    CANNOT,
  );
  assertEquals(layers.status, "fail");
});

Deno.test("the same records in another order are not the same layer", () => {
  const [a, b] = [file("a", 1), file("b", 1)];
  const [layers] = compareBuilds(
    image([compiled(a, b)]),
    image([compiled(b, a)]),
    CANNOT,
  );
  assertEquals(layers.status, "fail");
  assertStringIncludes(layers.detail ?? "", "another order");
});

Deno.test("a layer more or less is a failure", () => {
  const [layers] = compareBuilds(image([BASE]), image([BASE, BASE]));
  assertEquals(layers.detail, "1 layers, then 2");
});

Deno.test("what no builder repeats is told, but does not fail", () => {
  const built = (moment: string, id: string) => ({
    ...image([BASE]),
    id: `sha256:${id.repeat(64)}`,
    document: {
      created: moment,
      container: id,
      config: { Hostname: id, Env: ["A=1"] },
      history: [{ created: moment }, {
        created: moment,
        comment: `FROM ${id}`,
      }],
    },
  });
  assertEquals(compareBuilds(built("now", "1"), built("later", "2")), [
    { name: "layers", status: "pass" },
    { name: "config", status: "pass" },
    {
      name: "image ID",
      status: "skip",
      detail:
        "no builder repeats what its config states of the build: created, container, Hostname and comment",
    },
  ]);
});

Deno.test("what the service sees of the config has to be the same", () => {
  const built = (value: string) => ({
    ...image([BASE]),
    document: { config: { Env: ["A=1", value], Labels: { built: value } } },
  });
  const [layers, config, ...rest] = compareBuilds(built("1"), built("2"));
  assertEquals(layers.status, "pass");
  assertEquals(config, {
    name: "config",
    status: "fail",
    detail: "config.Env[1] and config.Labels.built",
  });
  assertEquals(rest, []);
});

Deno.test("compareDocuments() names each place that differs", () => {
  assertEquals(
    compareDocuments(
      { a: 1, b: { c: [1, 2], d: "x" }, e: null, same: [{ f: true }] },
      { a: 1, b: { c: [1, 3, 4], d: "y" }, g: 0, same: [{ f: true }] },
    ),
    ["b.c[1]", "b.c[2]", "b.d", "e", "g"],
  );
});

Deno.test("compareDocuments() tells lists, objects and null apart", () => {
  assertEquals(compareDocuments([], []), []);
  assertEquals(compareDocuments([], {}), [""]);
  assertEquals(compareDocuments({ a: null }, { a: {} }), ["a"]);
  assertEquals(compareDocuments({ a: [1] }, { a: 1 }), ["a"]);
});

Deno.test("compareLayers() says why each record differs", () => {
  const same = file("same", 1);
  const first = layer(
    "RUN",
    same,
    file("content", 1),
    file("mode", 1),
    file("owner", 1),
    file("date", 1),
    file("gone", 1),
  );
  const second = layer(
    "RUN",
    file("new", 1),
    { ...file("date", 1), mtime: 7 },
    { ...file("owner", 1), uid: 7 },
    { ...file("mode", 1), mode: 0o755 },
    { ...file("content", 1), sha256: "0".repeat(64), mtime: 7 },
    same,
  );
  assertEquals(compareLayers(first, second), [
    { path: "/content", changes: ["content", "mtime"] },
    { path: "/date", changes: ["mtime"] },
    { path: "/gone", changes: ["only in the first build"] },
    { path: "/mode", changes: ["mode"] },
    { path: "/new", changes: ["only in the second build"] },
    { path: "/owner", changes: ["owner"] },
  ]);
});

Deno.test("compareLayers() finds nothing in the same records in another order", () => {
  const [a, b] = [file("a", 1), file("b", 1)];
  assertEquals(compareLayers(layer("RUN", a, b), layer("RUN", b, a)), []);
});
