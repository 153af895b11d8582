import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { containerName } from "../lib/owner.ts";
import type { EngineName } from "./engine.ts";
import {
  CommandEngine,
  contextSteps,
  markIn,
  StepImages,
  type Untagged,
} from "./command_engine.ts";

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

Deno.test("StepImages knows what a build has left that did not end", () =>
  withFolder(async (folder) => {
    const { images, untagged } = store(...["a", "b", "c"].map(WHOLE));
    const options = { context: "/ctx", dockerfile: "/ctx/Dockerfile" };
    await build(folder, untagged, [`--> ${ID("a")}`]);
    for (const discardSteps of [false, true]) {
      const failed = new StepImages(
        "buildah",
        { ...options, discardSteps },
        folder,
      );
      failed.onLine(`--> ${ID(discardSteps ? "b" : "c")}`);
      await failed.fail(untagged);
    }
    const settings = { remove: false, folder };
    const left = () => contextSteps("buildah", "/ctx", settings, untagged);
    assertEquals([...images], [WHOLE("a"), WHOLE("c")]);
    assertEquals(await left(), 2);
    await build(folder, untagged, [`--> Using cache ${WHOLE("c")}`]);
    assertEquals([...images], [WHOLE("c")]);
    assertEquals(await left(), 1);
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

const state = (options: unknown) =>
  JSON.stringify({ CommonBuildOpts: options });

Deno.test("markIn() reads buildah's and podman's marks", () => {
  assertEquals(markIn(state({ CgroupParent: "a-1", Secrets: [] })), "a-1");
  assertEquals(
    markIn(state({ CgroupParent: "", Secrets: ["id=b-2,src=/dev/null"] })),
    "b-2",
  );
});

Deno.test("markIn() of a build without one is nothing", () => {
  assertEquals(markIn(state({ CgroupParent: "", Secrets: null })), undefined);
  assertEquals(markIn(state(null)), undefined);
  assertEquals(markIn("{}"), undefined);
});

/** An engine whose command is another one, with containers in a folder. */
class Store extends CommandEngine {
  readonly name: EngineName;
  readonly version = "1";
  constructor(
    command: string,
    readonly working: string,
    readonly listed: { id: string; name: string }[],
  ) {
    super();
    this.name = command as EngineName;
  }
  inspect = () => Promise.resolve(undefined);
  list = () => Promise.resolve([]);
  untagged = () => Promise.resolve([]);
  containers = () => Promise.resolve(this.listed);
  look = (remove: boolean) => this.sweepContainers({ remove });
}

Deno.test("CommandEngine sweeps what is a gone run's by name or mark, no more", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (id: string, text: string) => {
    const path = `${folder}/${id}/userdata/buildah.json`;
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  };
  const gone = containerName().replace(/-\d+-\d+-/, "-0-1-");
  await write("1", state({ CgroupParent: gone }));
  await write("2", state({ CgroupParent: containerName() }));
  await write("3", "no JSON");
  const names = ["by-mark", "by-nothing", "unreadable", "no-state", gone];
  const listed = names.map((name, i) => ({ id: String(i + 1), name }));
  for (const [command, remove] of [["false", false], ["true", true]] as const) {
    assertEquals(
      await new Store(command, folder, listed).look(remove),
      ["by-mark", gone],
    );
  }
  assertEquals(await new Store("false", folder, listed).look(true), []);
  await Deno.remove(folder, { recursive: true });
});
