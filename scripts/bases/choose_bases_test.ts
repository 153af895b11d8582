import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { UserError } from "../lib/errors.ts";
import type { Engine, ImageInfo } from "../engine/engine.ts";
import { baseNames, chooseBases } from "./choose_bases.ts";

const defaults = { builder: "a.test/builder:1", runtime: "a.test/runtime:1" };

/** An engine that has some images, and can pull some others. */
function engineWith(
  { here = [], pullable = [], env = [] }: {
    here?: string[];
    pullable?: string[];
    env?: string[];
  },
) {
  const pulled: string[] = [];
  const not = () => Promise.reject(new Error("not needed"));
  const info: ImageInfo = {
    id: "sha256:0",
    architecture: "amd64",
    diffIds: [],
    config: {
      user: "",
      entrypoint: [],
      cmd: [],
      env,
      workingDir: "",
      exposedPorts: [],
      labels: {},
      stopSignal: "",
      healthcheck: [],
      volumes: [],
    },
  };
  const engine: Engine = {
    name: "docker",
    version: "0",
    cannot: {},
    build: not,
    run: not,
    list: not,
    sweep: not,
    steps: not,
    remove: not,
    export: () => new ReadableStream(),
    inspect: (image) =>
      Promise.resolve([...here, ...pulled].includes(image) ? info : undefined),
    pull: (image) => {
      if (!pullable.includes(image)) {
        const message = `Cannot pull "${image}": no answer\nmore`;
        return Promise.reject(new UserError(message, { next: "…" }));
      }
      pulled.push(image);
      return Promise.resolve();
    },
  };
  return { engine, pulled };
}

const { builder, runtime } = baseNames("amd64");
const assembled = { here: [builder, runtime] };
const architecture = "amd64" as const;

Deno.test("chooseBases() takes the registry's bases when they are here", async () => {
  const { engine, pulled } = engineWith({
    here: Object.values(defaults),
    env: ["PATH=/bin", "DENO_VERSION=9.8.7"],
  });
  const bases = await chooseBases({ wanted: "auto", engine, defaults });
  assertEquals(bases, {
    source: "registry",
    reason: "registry: a.test/builder:1 and a.test/runtime:1 are here",
    ...defaults,
    deno: "9.8.7",
    buildArgs: {},
  });
  assertEquals(pulled, []);
});

Deno.test("chooseBases() pulls what is not here", async () => {
  const { engine, pulled } = engineWith({
    here: [defaults.runtime],
    pullable: [defaults.builder],
  });
  const bases = await chooseBases({ wanted: "auto", engine, defaults });
  assertEquals(bases.source, "registry");
  assertEquals(bases.reason, "registry: pulled a.test/builder:1");
  assertEquals(pulled, [defaults.builder]);
});

Deno.test("chooseBases() takes packages when a base cannot be pulled, and says which", async () => {
  const { engine } = engineWith({
    ...assembled,
    pullable: [defaults.builder],
  });
  const options = { wanted: "auto", engine, defaults, architecture } as const;
  const bases = await chooseBases({ ...options, denoFlags: "--no-lock" });
  assertEquals(bases.source, "packages");
  assertStringIncludes(
    bases.reason,
    'Cannot pull "a.test/runtime:1": no answer',
  );
  assertEquals(bases.reason.includes("\n"), false);
  assertEquals(bases.buildArgs, {
    BUILDER_IMAGE: builder,
    RUNTIME_IMAGE: runtime,
    DENO_FLAGS: "--no-lock",
  });
});

Deno.test("chooseBases() pulls nothing when packages are asked for", async () => {
  const { engine, pulled } = engineWith({
    ...assembled,
    pullable: Object.values(defaults),
  });
  const options = { engine, defaults, architecture };
  const bases = await chooseBases({ wanted: "packages", ...options });
  assertEquals(bases.buildArgs, {
    BUILDER_IMAGE: builder,
    RUNTIME_IMAGE: runtime,
  });
  assertEquals(pulled, []);
});

Deno.test("chooseBases() leaves Dockerfiles alone that name their own bases", async () => {
  const { engine } = engineWith({});
  const own = { builder: "", runtime: "" };
  const bases = await chooseBases({ wanted: "auto", engine, defaults: own });
  assertEquals(bases.source, "registry");
  assertEquals(bases.buildArgs, {});
});

Deno.test("chooseBases() stops when told, rather than assembling", async () => {
  const { engine } = engineWith(assembled);
  const stop = new AbortController();
  engine.pull = () => {
    stop.abort(new Error("stopped"));
    return Promise.reject(new UserError("stopped", { next: "" }));
  };
  const options = { wanted: "auto", engine, defaults } as const;
  await assertRejects(
    () => chooseBases({ ...options, signal: stop.signal }),
    Error,
    "stopped",
  );
});

Deno.test("baseNames() differ by architecture, and the builder's by its host", () => {
  const native = baseNames("amd64", "amd64");
  const foreign = baseNames("arm64", "amd64");
  assertMatch(
    native.builder,
    /^localhost\/deno-small-image\/builder:[0-9a-f]{12}$/,
  );
  assertNotEquals(native.builder, foreign.builder);
  assertNotEquals(native.runtime, foreign.runtime);
  const elsewhere = baseNames("arm64", "arm64");
  assertNotEquals(elsewhere.builder, foreign.builder);
  assertEquals(elsewhere.runtime, foreign.runtime);
});
