import { assertEquals } from "@std/assert";
import {
  contextSteps,
  StepImages,
  stepOf,
  type Untagged,
} from "./step_images.ts";

Deno.test("stepOf() is the image of a step", () => {
  const id = "a".repeat(64);
  assertEquals(stepOf("--> 30366bdad13"), { id: "30366bdad13", made: true });
  assertEquals(stepOf(`--> Using cache ${id}`), { id, made: false });
  for (const line of ["STEP 2/13: WORKDIR /app", "COMMIT localhost/a:b", id]) {
    assertEquals(stepOf(line), undefined);
  }
});

/** Untagged images, some of which others are built upon. */
function store(...ids: string[]) {
  const images = new Set(ids);
  const needed = new Set<string>();
  const untagged: Untagged = {
    list: () => Promise.resolve([...images]),
    remove: (id) =>
      Promise.resolve(!needed.has(id) && images.delete(id.padEnd(64, "0"))),
  };
  return { images, needed, untagged };
}

const ID = (letter: string) => letter.repeat(11);
const WHOLE = (letter: string) => ID(letter).padEnd(64, "0");

/** Builds once, with some of the steps made and some taken from the cache. */
async function build(
  folder: string,
  untagged: Untagged,
  lines: string[],
  more: { discardSteps?: boolean; dockerfile?: string; before?: string } = {},
) {
  const { before, ...options } = more;
  const steps = new StepImages("buildah", {
    context: "/ctx",
    dockerfile: "/ctx/Dockerfile",
    ...options,
  }, folder);
  lines.forEach(steps.onLine);
  await steps.settle(untagged, before);
  return steps;
}

async function withFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("StepImages keeps the last build's steps, and removes older ones", () =>
  withFolder(async (folder) => {
    const { images, untagged } = store(...["a", "b", "c"].map(WHOLE));
    await build(folder, untagged, [`--> ${ID("a")}`, `--> ${ID("b")}`]);
    assertEquals(images.size, 3);
    const steps = await build(folder, untagged, [
      `--> Using cache ${WHOLE("a")}`,
      `--> ${ID("c")}`,
      WHOLE("d"),
    ]);
    assertEquals(steps.built, WHOLE("d"));
    assertEquals([...images], [WHOLE("a"), WHOLE("c")]);
  }));

Deno.test("StepImages tries again what another build was built upon", () =>
  withFolder(async (folder) => {
    const { images, needed, untagged } = store(...["a", "b"].map(WHOLE));
    await build(folder, untagged, [`--> ${ID("a")}`]);
    needed.add(ID("a"));
    await build(folder, untagged, [`--> ${ID("b")}`]);
    assertEquals(images.size, 2);
    needed.clear();
    await build(folder, untagged, [`--> ${ID("b")}`]);
    assertEquals([...images], [WHOLE("b")]);
  }));

Deno.test("StepImages discards what one build made, and the image that lost its name", () =>
  withFolder(async (folder) => {
    const { images, untagged } = store(...["a", "b", "c"].map(WHOLE));
    const lines = [
      `--> Using cache ${WHOLE("a")}`,
      `--> ${ID("a")}`,
      `--> ${ID("b")}`,
    ];
    await build(folder, untagged, lines, {
      discardSteps: true,
      before: `sha256:${WHOLE("c")}`,
    });
    assertEquals([...images], [WHOLE("a")]);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("contextSteps() counts and removes those of one context", () =>
  withFolder(async (folder) => {
    const { images, untagged } = store(...["a", "b", "c"].map(WHOLE));
    await build(folder, untagged, [`--> ${ID("a")}`]);
    await build(folder, untagged, [`--> ${ID("b")}`], {
      dockerfile: "/ctx/Dockerfile.other",
    });
    const steps = (context: string, remove: boolean) =>
      contextSteps("buildah", context, { remove, folder }, untagged);
    assertEquals(await steps("/elsewhere", true), 0);
    assertEquals(await steps("/ctx", false), 2);
    assertEquals(await steps("/ctx", true), 2);
    assertEquals([...images], [WHOLE("c")]);
    assertEquals([...Deno.readDirSync(folder)], []);
    assertEquals(await steps("/ctx", false), 0);
    await Deno.remove(folder);
    assertEquals(await steps("/ctx", true), 0);
    await Deno.mkdir(folder);
  }));
