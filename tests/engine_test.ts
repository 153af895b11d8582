/**
 * Every engine that works on this machine, for real: an image of nothing but
 * Deno and a small server is built, looked at, run, restricted, ended, exported
 * and removed. Engines that do not work here are skipped, and say why.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { dirname, join } from "node:path";
import { EXIT, UserError } from "../scripts/errors.ts";
import type { Container, Engine, EngineName } from "../scripts/model.ts";
import { attempt, run } from "../scripts/engine/command.ts";
import { findEngine, sweep } from "../scripts/engine/find_engine.ts";

const NAME = `localhost/deno-small-image-engine-test-${Deno.pid}`;

/** Says who it is; ends with 7 when told to. */
const SERVER = `
if (Deno.args[0] === "exit") Deno.exit(Number(Deno.args[1]));
if (Deno.args[0] === "eat") {
  const eaten = [];
  for (let i = 0; i < 1024; i++) eaten.push(new Uint8Array(1 << 20).fill(1));
  Deno.exit(0);
}
if (Deno.args[0] === "write") {
  try {
    Deno.writeTextFileSync("/written", "x");
    Deno.exit(0);
  } catch (error) {
    console.log(error.name, error.message);
    Deno.exit(9);
  }
}
Deno.addSignalListener("SIGTERM", () => {
  console.log("bye");
  Deno.exit(7);
});
Deno.serve({
  port: Number(Deno.env.get("PORT")),
  onListen: () => console.log("listening"),
}, () => Response.json({
  status: Deno.readTextFileSync("/proc/self/status"),
  env: Deno.env.toObject(),
}));
`;

const DOCKERFILE = `FROM scratch AS base
COPY root/ /
FROM base AS broken
RUN ["/bin/deno", "eval", "console.log('a test failed'); Deno.exit(3)"]
FROM base AS passing
RUN ["/bin/deno", "eval", "console.log('all tests passed')"]
FROM base AS nothing-to-start
ENTRYPOINT ["/no/such/program"]
FROM base
ARG GREETING=none
ENV GREETING=$GREETING DENO_DIR=/tmp/deno
USER 65532:65532
EXPOSE 8080
HEALTHCHECK CMD ["/bin/deno", "--version"]
ENTRYPOINT ["/bin/deno", "run", "-A", "--no-code-cache", "/server.js"]
`;

/** A build context with this Deno and the libraries it is linked with. */
async function makeContext(): Promise<string> {
  const context = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  const deno = await Deno.realPath(Deno.execPath());
  const add = async (path: string, as: string) => {
    const to = join(context, "root", as);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.copyFile(path, to);
  };
  await add(deno, "bin/deno");
  const linked = await run("ldd", [deno]);
  for (const [library] of linked.matchAll(/\/\S+(?= \()/g)) {
    await add(library, library);
  }
  await Deno.writeTextFile(join(context, "root/server.js"), SERVER);
  await Deno.writeTextFile(join(context, "Dockerfile"), DOCKERFILE);
  return context;
}

/** The service's answer, once it gives one. */
async function answer(
  container: Container,
): Promise<{ status: string; env: Record<string, string> }> {
  const deadline = performance.now() + 20_000;
  while (true) {
    try {
      return await (await fetch(`${container.url}/`)).json();
    } catch (error) {
      if (performance.now() > deadline) {
        throw new Error(`No answer; its log: ${await container.logs()}`, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A field of `/proc/<pid>/status`. */
function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1].trim();
}

/** Containers that this process has made and that are still there. */
async function ours(engine: Engine): Promise<string[]> {
  const listed = engine.name === "buildah"
    ? await run("buildah", ["containers", "--format", "{{.ContainerName}}"])
    : await run(engine.name, ["ps", "--all", "--format", "{{.Names}}"]);
  return listed.split("\n").filter((name) => name.includes(`-${Deno.pid}-`));
}

async function findHere(name: EngineName): Promise<Engine | undefined> {
  try {
    return await findEngine({ engine: name });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.warn(`skipped: ${error.output}`);
  }
}

for (const name of ["docker", "podman", "buildah"] as const) {
  const engine = await findHere(name);
  Deno.test({
    name: `${name} builds, runs, restricts, ends, exports and removes`,
    ignore: engine === undefined,
    fn: async (t) => {
      if (engine !== undefined) await proveEngine(t, engine);
    },
  });
}

async function proveEngine(t: Deno.TestContext, engine: Engine) {
  const context = await makeContext();
  const dockerfile = join(context, "Dockerfile");
  const build = { context, dockerfile };
  const marker = { "deno-small-image.test": String(Deno.pid) };
  try {
    await t.step(
      "build: streams lines, takes arguments and labels",
      async () => {
        const lines: string[] = [];
        await engine.build({
          ...build,
          tag: NAME,
          buildArgs: { GREETING: "a=b c" },
          labels: marker,
          onLine: (line) => lines.push(line),
        });
        assert(lines.some((line) => line.includes("COPY root/ /")), `${lines}`);
        const info = await engine.inspect(NAME);
        assertMatch(info?.id ?? "", /^sha256:[0-9a-f]{64}$/);
        assertEquals(info?.diffIds.length, 1);
        assertEquals(info?.config.user, "65532:65532");
        assertEquals(info?.config.exposedPorts, ["8080/tcp"]);
        assertEquals(info?.config.healthcheck, [
          "CMD",
          "/bin/deno",
          "--version",
        ]);
        assertEquals(
          info?.config.labels["deno-small-image.test"],
          marker["deno-small-image.test"],
        );
        assert(info?.config.env.includes("GREETING=a=b c"));
      },
    );

    await t.step("build: the same again is the same image", async () => {
      const before = await engine.inspect(NAME);
      await engine.build({
        ...build,
        tag: NAME,
        buildArgs: { GREETING: "a=b c" },
        labels: marker,
      });
      assertEquals((await engine.inspect(NAME))?.id, before?.id);
    });

    await t.step("build: a failing step is shown", async () => {
      const error = await assertRejects(
        () => engine.build({ ...build, target: "broken" }),
        UserError,
        'Cannot build "Dockerfile"',
      );
      assertEquals(error.exitCode, EXIT.checkFailed);
      assertStringIncludes(error.output ?? "", "a test failed");
      assertEquals((error.output ?? "").includes("COPY root/"), false);
    });

    await t.step("build: a test stage runs, and leaves no image", async () => {
      const lines: string[] = [];
      const labels = { "deno-small-image.test-stage": String(Deno.pid) };
      await engine.build({
        ...build,
        target: "passing",
        labels,
        onLine: (line) => lines.push(line),
      });
      assert(lines.some((line) => line.includes("all tests passed")));
      // The others have no cache but the untagged image itself.
      if (engine.name !== "docker") return;
      const [[label, value]] = Object.entries(labels);
      const filter = `label=${label}=${value}`;
      const left = await run("docker", ["images", "-q", "--filter", filter]);
      assertEquals(left, "");
    });

    await t.step(
      "build: a base image that nobody has is the registry's",
      async () => {
        const path = join(context, "Dockerfile.unknown");
        await Deno.writeTextFile(
          path,
          "FROM localhost:1/deno-small-image/none\n",
        );
        const error = await assertRejects(
          () => engine.build({ context, dockerfile: path }),
          UserError,
          'Cannot build "Dockerfile.unknown": the registry',
        );
        assertEquals(error.exitCode, EXIT.environment);
      },
    );

    await t.step(
      "run: as its user, on its port, until it is told to end",
      async () => {
        const before = performance.now();
        await using container = await engine.run({
          image: NAME,
          port: 8080,
          env: { OTHER: "x y" },
        });
        assertGreater(container.startedAt, before);
        assertMatch(container.url ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
        const { status, env } = await answer(container);
        assertEquals(field(status, "Uid"), "65532\t65532\t65532\t65532");
        assertEquals(env.GREETING, "a=b c");
        assertEquals(env.OTHER, "x y");
        const pid = await container.pid();
        if (pid !== undefined) {
          const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
          assert(command.startsWith("/bin/deno\0run\0"), command);
        }
        await container.kill("SIGTERM");
        assertEquals(await container.exited, 7);
        assertEquals(await container.logs(), "listening\nbye\n");
        await container.kill("SIGTERM");
      },
    );

    await t.step("run: what it is restricted to is what it gets", async () => {
      await using container = await engine.run({
        image: NAME,
        port: 8080,
        user: "4321:4321",
        dropCapabilities: true,
        noNewPrivileges: engine.cannot.noNewPrivileges === undefined,
      });
      const { status } = await answer(container);
      assertEquals(field(status, "Uid"), "4321\t4321\t4321\t4321");
      assertEquals(field(status, "Gid"), "4321\t4321\t4321\t4321");
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
        assertEquals(field(status, set), "0000000000000000", set);
      }
      if (engine.cannot.noNewPrivileges === undefined) {
        assertEquals(field(status, "NoNewPrivs"), "1");
      }
      await container.kill("SIGKILL");
      assertEquals(await container.exited, 137);
    });

    await t.step("run: root without capabilities has none", async () => {
      const options = { image: NAME, port: 8080, user: "0" };
      await using container = await engine.run({
        ...options,
        dropCapabilities: true,
      });
      const { status } = await answer(container);
      assertEquals(field(status, "CapEff"), "0000000000000000");
    });

    await t.step("run: read-only", async () => {
      const options = { image: NAME, user: "0", args: ["write"] };
      await using writing = await engine.run(options);
      assertEquals(await writing.exited, 0, await writing.logs());
      if (engine.cannot.readOnly !== undefined) return;
      await using container = await engine.run({ ...options, readOnly: true });
      assertEquals(await container.exited, 9);
      assertMatch(await container.logs(), /read-only file system/i);
    });

    await t.step("run: a memory limit ends what exceeds it", async () => {
      if (engine.cannot.memoryBytes !== undefined) return;
      await using container = await engine.run({
        image: NAME,
        args: ["eat"],
        memoryBytes: 256 * 1024 * 1024,
      });
      assertEquals(await container.exited, 137);
    });

    await t.step(
      "run: the exit code of a short command passes through",
      async () => {
        const options = { image: NAME, args: ["exit", "42"] };
        await using container = await engine.run(options);
        assertEquals(await container.exited, 42);
        assertEquals(container.url, undefined);
        assertEquals(await container.pid(), undefined);
      },
    );

    await t.step("run: what cannot start says so", async () => {
      const tag = `${NAME}-broken`;
      await engine.build({ ...build, tag, target: "nothing-to-start" });
      try {
        const error = await assertRejects(
          () => engine.run({ image: tag }),
          UserError,
          "Cannot start a container of",
        );
        assertStringIncludes(error.output ?? "", "/no/such/program");
      } finally {
        await engine.remove(tag);
      }
      const image = `${NAME}-never-built`;
      await assertRejects(() => engine.run({ image }), UserError, image);
    });

    await t.step("an abort leaves nothing, whenever it comes", async () => {
      for (const milliseconds of [0, 100, 300, 500]) {
        const signal = AbortSignal.timeout(milliseconds);
        try {
          await using container = await engine.run({
            image: NAME,
            port: 8080,
            signal,
          });
          assert(container.url);
        } catch (error) {
          assertEquals(error, signal.reason);
        }
      }
      const signal = AbortSignal.timeout(150);
      const error = await assertRejects(() =>
        engine.build({ ...build, noCache: true, signal })
      );
      assertEquals(error, signal.reason);
    });

    await t.step(
      "sweep: takes what a killed run left, and nothing else",
      async () => {
        await using alive = await engine.run({ image: NAME, port: 8080 });
        const script = `
        import { findEngine } from ${
          JSON.stringify(
            import.meta.resolve("../scripts/engine/find_engine.ts"),
          )
        };
        const engine = await findEngine({ engine: "${engine.name}" });
        await engine.run({ image: "${NAME}", port: 8080 });
        Deno.kill(Deno.pid, "SIGKILL");
      `;
        const path = join(context, "killed.ts");
        await Deno.writeTextFile(path, script);
        const flags = Deno.env.get("DENO_SMALL_IMAGE_TEST_FLAGS")?.split(" ") ??
          [];
        const killed = await attempt(Deno.execPath(), [
          ...["run", "-A", "--no-lock", "--config", configPath()],
          ...flags,
          path,
        ]);
        assertEquals(killed.code, 137, killed.output);
        const swept = await sweep(engine);
        assertGreater(swept.length, 0);
        assertEquals(
          swept.some((name) => name.includes(`-${Deno.pid}-`)),
          false,
        );
        assertEquals(await sweep(engine), []);
        assert((await answer(alive)).status);
      },
    );

    await t.step("export: an archive as it streams, or an error", async () => {
      const bytes = new Uint8Array(
        await new Response(engine.export(NAME)).arrayBuffer(),
      );
      const text = new TextDecoder("latin1").decode(bytes.subarray(257, 262));
      assertEquals(text, "ustar");
      assertEquals(bytes.length % 512, 0);
      const error = await assertRejects(
        () => new Response(engine.export(`${NAME}-none`)).arrayBuffer(),
        UserError,
      );
      assertStringIncludes(error.message, "Cannot export");
    });

    await t.step("tag, remove, and an image that is not there", async () => {
      await engine.tag(NAME, `${NAME}-two`);
      await engine.remove(`${NAME}-two`);
      assertEquals(await engine.inspect(`${NAME}-two`), undefined);
      assert(await engine.inspect(NAME));
      const error = await assertRejects(
        () => engine.pull("localhost:1/deno-small-image/none"),
        UserError,
      );
      assertEquals(error.exitCode, EXIT.environment);
    });

    await t.step("nothing of ours is left", async () => {
      assertEquals(await ours(engine), []);
    });
  } finally {
    if (await engine.inspect(NAME)) await engine.remove(NAME);
    await Deno.remove(context, { recursive: true });
  }
}

function configPath(): string {
  return new URL("../deno.json", import.meta.url).pathname;
}
