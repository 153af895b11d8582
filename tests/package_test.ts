/**
 * The tool as a package: uploaded by `deno publish` to a registry of this host,
 * then run from there with an empty cache, in a folder that is not a clone.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { makeDockerArchive } from "../testing/archive.ts";
import { type JsrRegistry, serveJsr } from "../testing/jsr_registry.ts";
import { folder } from "./command_line.ts";

const PROJECT = `${import.meta.dirname}/..`;
const { name, version } = JSON.parse(
  await Deno.readTextFile(`${PROJECT}/deno.json`),
);

const SERVICE = `Deno.serve((request) =>
  new URL(request.url).pathname === "/"
    ? new Response("hello")
    : new Response(null, { status: 404 }));
`;

const archive = makeDockerArchive([{
  layers: [[{ path: "app", content: "hello" }]],
  tags: ["app:1"],
}]);

async function deno(
  args: string[],
  options: { cwd: string; env: Record<string, string> },
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    ...options,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

async function publish(registry: JsrRegistry) {
  const args = ["publish", "--token", "none", "--allow-dirty"];
  const { code, stderr } = await deno(
    [...args, "--no-provenance", "--quiet"],
    {
      cwd: PROJECT,
      env: { JSR_URL: registry.url, NO_COLOR: "1" },
    },
  );
  assertEquals(code, 0, stderr);
}

Deno.test("package and action are called what deno.json calls them", async () => {
  const pages = await Promise.all(
    ["README.md", "docs/your-service.md", "docs/deploy.md", "CONTRIBUTING.md"]
      .map((page) => Deno.readTextFile(`${PROJECT}/${page}`)),
  );
  const names = (shape: RegExp) =>
    pages.flatMap((text) => [...text.matchAll(shape)].map(([found]) => found));
  const packages = new Set(names(/jsr:@[\w-]+\/deno-small-image/g));
  assertEquals([...packages], [`jsr:${name}`]);
  const actions = new Set(names(/uses: [\w-]+\/deno-small-image@\S+/g));
  const [major] = version.split(".");
  assertEquals([...actions], [`uses: ${name.slice(1)}@v${major}`]);
});

Deno.test("the task of a clone works on the folder that it is started in", async () => {
  await using place = await folder({
    "main.ts": SERVICE,
    "deep/Dockerfile": "FROM scratch\n",
  });
  const task = (cwd: string, ...args: string[]) =>
    deno(["task", "--config", `${PROJECT}/deno.json`, "image", ...args], {
      cwd: `${place.path}/${cwd}`,
      // What started these tests was perhaps a task, too.
      env: { NO_COLOR: "1", INIT_CWD: `${place.path}/${cwd}` },
    });
  const none = await task(".");
  assertEquals(none.code, 2, none.stderr);
  assertStringIncludes(none.stderr, 'Cannot find a Dockerfile in "."');
  const written = await task(".", "init", "--json");
  assertEquals(written.code, 0, written.stderr);
  await Deno.stat(`${place.path}/Dockerfile.scratch`);
  const below = await task("deep", "--context", "../deep", "--against", "x");
  assertStringIncludes(below.stderr, "Choose one of single-stage");
});

Deno.test("the package runs from a registry, every command in a foreign folder", async (t) => {
  await using registry = serveJsr([]);
  await publish(registry);
  await using place = await folder({
    "service/main.ts": SERVICE,
    "service/deno.json": JSON.stringify({
      tasks: { start: "deno run --allow-net main.ts" },
    }),
    "image.tar": archive,
  });
  const env = {
    JSR_URL: registry.url,
    DENO_DIR: `${place.path}/.deno`,
    XDG_CACHE_HOME: `${place.path}/.cache`,
    NO_COLOR: "1",
  };
  const tool = (...args: string[]) =>
    deno(["run", "-A", "--quiet", `jsr:${name}@${version}`, ...args], {
      cwd: place.path,
      env,
    });

  await t.step("--help", async () => {
    const { code, stdout, stderr } = await tool("--help");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "init");
  });
  await t.step(
    "init writes Dockerfiles from the package's templates",
    async () => {
      const { code, stderr } = await tool("init", "service");
      assertEquals(code, 0, stderr);
      const text = await Deno.readTextFile(
        `${place.path}/service/Dockerfile.scratch`,
      );
      assertStringIncludes(text, "--allow-net");
      for (const file of ["contract", "budget"]) {
        const { $schema } = JSON.parse(
          await Deno.readTextFile(`${place.path}/service/${file}.json`),
        );
        const path = new URL($schema).pathname;
        const response = await fetch(new URL(path, registry.url));
        const { title, properties } = await response.json();
        assert(title && properties, `${$schema} is no schema`);
      }
    },
  );
  for (
    const args of [
      ["inspect", "image.tar"],
      ["diff", "image.tar", "image.tar"],
      ["sbom", "image.tar"],
      ["compare", "image.tar", "--out", "report"],
    ]
  ) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await tool(...args);
      assertEquals(code, 0, stderr);
      assert(stdout !== "", "it prints its result");
    });
  }
  await t.step("a folder without a Dockerfile says what to do", async () => {
    const { code, stderr } = await tool();
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, "Cannot find a Dockerfile");
  });
  await t.step("deno install gives the command a name", async () => {
    const root = `${place.path}/tools`;
    const installed = await deno(
      ["install", "-gA", "--quiet", "--root", root, `jsr:${name}@${version}`],
      { cwd: place.path, env },
    );
    assertEquals(installed.code, 0, installed.stderr);
    const { success, stdout } = await new Deno.Command(
      `${root}/bin/deno-small-image`,
      {
        args: ["inspect", "image.tar"],
        cwd: place.path,
        // What it installs starts the deno of the path.
        env: {
          ...env,
          PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
        },
      },
    ).output();
    assert(success);
    assertStringIncludes(new TextDecoder().decode(stdout), "image.tar");
  });
});
