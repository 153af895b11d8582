/**
 * Every engine that works on this machine, for real: an image of nothing but a
 * shell is built, looked at, run, restricted, ended, exported and removed.
 * Engines that do not work here are skipped, and say why.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { attempt, run } from "../scripts/lib/command.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, UserError } from "../scripts/lib/errors.ts";
import type {
  Container,
  Engine,
  EngineName,
} from "../scripts/engine/engine.ts";
import { INSTANCE, owner } from "../scripts/lib/owner.ts";
import { copyPrograms } from "./copy_programs.ts";
import { containersOf, traces } from "./traces.ts";

const NAME = `localhost/deno-small-image-engine-test-${Deno.pid}`;
const LABEL = "deno-small-image.test";

/** Says who it is and waits; ends with 7 when told to. */
const SERVICE = [
  // buildah may lose what is written right before the end.
  "trap 'echo bye; sleep 0.2; exit 7' TERM",
  'while read -r line; do echo "$line"; done < /proc/self/status',
  'echo "PORT=$PORT GREETING=$GREETING OTHER=$OTHER"',
  "echo ready",
  "while :; do sleep 0.05; done",
].join("; ");

const BASE = `FROM scratch AS base
COPY shell/ /
`;

/** One file each, as docker's legacy builder runs all stages up to the target. */
const DOCKERFILES = {
  "Dockerfile": `${BASE}FROM base
ARG GREETING=none
ENV GREETING=$GREETING
ARG MARK=none
LABEL ${LABEL}=$MARK
USER 65532:65532
EXPOSE 8080
HEALTHCHECK CMD ["/bin/sleep", "0"]
ENTRYPOINT ["/bin/sh", "-c"]
CMD [${JSON.stringify(SERVICE)}]
`,
  "Dockerfile.stages": `${BASE}FROM base AS passing
ARG MARK=none
LABEL ${LABEL}-stage=$MARK
RUN echo all tests passed
FROM base AS beyond
RUN echo not to be run; exit 1
`,
  "Dockerfile.broken": `${BASE}RUN echo a test failed; exit 3
`,
  "Dockerfile.slow": `${BASE}RUN echo waiting; sleep 60
`,
  "Dockerfile.nothing": `${BASE}ENTRYPOINT ["/no/such/program"]
`,
  "Dockerfile.unknown": `FROM localhost:1/no/such:image
`,
};

const SERVER = `
Deno.serve(
  { port: Number(Deno.env.get("PORT")) },
  () => new Response("hello"),
);
`;

const SERVER_DOCKERFILE = `FROM scratch
COPY server/ /
ENTRYPOINT ["/bin/deno", "run", "-A", "--no-code-cache", "/server.js"]
`;

async function makeContext(): Promise<string> {
  const context = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  await copyPrograms(["/bin/sh", "/bin/sleep"], join(context, "shell"));
  for (const [name, text] of Object.entries(DOCKERFILES)) {
    await Deno.writeTextFile(join(context, name), text);
  }
  // Apart, as the legacy builder sends the whole context each time.
  const server = join(context, "with-server");
  await copyPrograms([Deno.execPath()], join(server, "server"));
  await Deno.writeTextFile(join(server, "server/server.js"), SERVER);
  await Deno.writeTextFile(join(server, "Dockerfile"), SERVER_DOCKERFILE);
  await Deno.writeTextFile(join(context, ".dockerignore"), "with-server\n");
  return context;
}

/** Tries until it succeeds, for at most 30 seconds. */
async function eventually<T>(what: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 30_000;
  while (true) {
    const value = await what();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error("It never happened");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What the service has written once it is ready. */
function ready(container: Container): Promise<string> {
  return eventually(async () => {
    const log = await container.logs();
    return log.includes("ready\n") ? log : undefined;
  });
}

/** A field of `/proc/<pid>/status`. */
function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1].trim();
}

/** Whether a line is a step's own output, which BuildKit gives a prefix. */
function says(line: string, words: string): boolean {
  return line.replace(/^#\d+ [\d.]+ /, "") === words;
}

const ours = (engine: Engine) => containersOf(engine, `${owner()}-${INSTANCE}`);

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
      if (engine === undefined) return;
      const context = await makeContext();
      try {
        await proveBuild(t, engine, context);
        await proveRun(t, engine, context);
        await proveRestrictions(t, engine);
        await proveCleanup(t, engine, context);
        await proveImages(t, engine);
        await t.step("nothing of ours is left", async () => {
          assertEquals(await ours(engine), []);
          assertEquals(traces(`${owner()}-${INSTANCE}`), []);
        });
      } finally {
        if (await engine.inspect(NAME)) await engine.remove(NAME);
        await Deno.remove(context, { recursive: true });
      }
    },
  });
}

async function proveBuild(
  t: Deno.TestContext,
  engine: Engine,
  context: string,
) {
  const file = (name: string) => ({
    context,
    dockerfile: join(context, `Dockerfile.${name}`),
  });
  const whole = {
    context,
    dockerfile: join(context, "Dockerfile"),
    tag: NAME,
    buildArgs: { GREETING: "a=b c", MARK: String(Deno.pid) },
  };

  await t.step("build streams lines, takes arguments", async () => {
    const lines: string[] = [];
    await engine.build({ ...whole, onLine: (line) => lines.push(line) });
    assert(lines.some((line) => line.includes("COPY shell/ /")), `${lines}`);
    const info = await engine.inspect(NAME);
    assertMatch(info?.id ?? "", /^sha256:[0-9a-f]{64}$/);
    assertEquals(info?.diffIds.length, 1);
    assertEquals(info?.config.user, "65532:65532");
    assertEquals(info?.config.exposedPorts, ["8080/tcp"]);
    assertEquals(info?.config.healthcheck, ["CMD", "/bin/sleep", "0"]);
    assertEquals(info?.config.labels[LABEL], String(Deno.pid));
    assert(info?.config.env.includes("GREETING=a=b c"));
  });

  await t.step("building the same again gives the same image", async () => {
    const before = await engine.inspect(NAME);
    await engine.build(whole);
    assertEquals((await engine.inspect(NAME))?.id, before?.id);
  });

  await t.step(
    "builds of a context keep the steps of the last one",
    async () => {
      if (engine.pruneCommand !== undefined) return; // Its cache is its own.
      const tag = `${NAME}-steps`;
      const place = join(context, "shell/step");
      const filter = `label=${LABEL}=${Deno.pid}`;
      const list = ["images", "--all", "--quiet", "--filter", filter];
      const all = async () => (await run(engine.name, list)).split("\n").length;
      try {
        const counts: number[] = [];
        for (const text of ["one", "two", "three"]) {
          await Deno.writeTextFile(place, text);
          await engine.build({ ...whole, tag });
          counts.push(await all());
        }
        assertEquals(counts[2], counts[1]);
        assertGreater(await engine.steps(context, { remove: false }), 0);
        assertGreater(await engine.steps(context, { remove: true }), 0);
        assertEquals(await engine.steps(context, { remove: false }), 0);
        // What has a name stays.
        assert(await engine.inspect(tag));
      } finally {
        await Deno.remove(place);
        await engine.remove(tag);
      }
    },
  );

  await t.step("a build that takes the tag removes the old image", async () => {
    const tag = `${NAME}-twice`;
    // A file and not an argument: buildah's cache gives ENV its earlier value
    // when only the ARG behind it has changed.
    const change = (text: string) =>
      Deno.writeTextFile(join(context, "shell/version"), text);
    try {
      await change("old");
      await engine.build({ ...whole, tag });
      const old = await engine.inspect(tag);
      await change("new");
      await engine.build({ ...whole, tag });
      assert(old !== undefined);
      assertNotEquals((await engine.inspect(tag))?.id, old.id);
      const bare = old.id.replace("sha256:", "");
      assertEquals(await engine.inspect(bare), undefined);
    } finally {
      await Deno.remove(join(context, "shell/version"));
      await engine.remove(tag);
    }
  });

  await t.step("a step that fails is shown", async () => {
    const error = await assertRejects(
      () => engine.build(file("broken")),
      UserError,
      'Cannot build "Dockerfile.broken"',
    );
    assertEquals(error.exitCode, EXIT.checkFailed);
    assertStringIncludes(error.output ?? "", "\na test failed\n");
    assertEquals((error.output ?? "").includes("COPY shell/"), false);
  });

  await t.step("a test stage runs, and leaves no image", async () => {
    const lines: string[] = [];
    await engine.build({
      ...file("stages"),
      target: "passing",
      buildArgs: { MARK: String(Deno.pid) },
      noCache: true, // Or an earlier run of this test may have run it.
      onLine: (line) => lines.push(line),
    });
    assert(lines.some((line) => says(line, "all tests passed")), `${lines}`);
    const filter = `label=${LABEL}-stage=${Deno.pid}`;
    const left = await run(engine.name, ["images", "-q", "--filter", filter]);
    const buildKit = engine.name === "docker" && lines[0].startsWith("#");
    if (buildKit) assertEquals(left, "");
    // Without BuildKit, the untagged image is itself the cache.
    else await run(engine.name, ["rmi", ...left.trim().split("\n")]);
  });

  await t.step("a base image nobody has is the registry's fault", async () => {
    const error = await assertRejects(
      () => engine.build(file("unknown")),
      UserError,
      'Cannot build "Dockerfile.unknown": the registry',
    );
    assertEquals(error.exitCode, EXIT.environment);
  });

  await t.step("an abort ends the step that runs", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const error = await assertRejects(() =>
      engine.build({
        ...file("slow"),
        signal,
        onLine: (line) => {
          if (says(line, "waiting")) controller.abort();
        },
      })
    );
    assertEquals(error, signal.reason);
    assertEquals(await ours(engine), []);
  });
}

async function proveRun(t: Deno.TestContext, engine: Engine, context: string) {
  await t.step("it answers on its port", async () => {
    const tag = `${NAME}-server`;
    const folder = join(context, "with-server");
    const dockerfile = join(folder, "Dockerfile");
    await engine.build({ context: folder, dockerfile, tag });
    try {
      await using container = await engine.run({ image: tag, port: 8080 });
      assertMatch(container.url ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
      const body = await eventually(() =>
        fetch(`${container.url}/`).then((response) => response.text())
          .catch(() => undefined)
      );
      assertEquals(body, "hello");
    } finally {
      await engine.remove(tag);
    }
  });

  await t.step("it runs as its user until it is told to end", async () => {
    const before = performance.now();
    await using container = await engine.run({
      image: NAME,
      port: 8080,
      env: { OTHER: "x y" },
    });
    assertGreater(container.startedAt, before);
    const log = await ready(container);
    assertEquals(field(log, "Uid"), "65532\t65532\t65532\t65532");
    assertMatch(log, /^PORT=\d+ GREETING=a=b c OTHER=x y$/m);
    const pid = await container.pid();
    if (pid !== undefined) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
      assert(command.startsWith("/bin/sh\0-c\0"), command);
    }
    const seen = await container.processStartedAt();
    if (pid !== undefined) {
      assert(seen !== undefined && seen > before, `${seen} after ${before}`);
      assert(seen < performance.now(), `${seen} lies in the future`);
    }
    const beside = (line: string) => container.exec(["/bin/sh", "-c", line]);
    assertEquals(await beside('echo "$PORT $OTHER"; sleep 0.2; exit 3'), {
      code: 3,
      output: `${/^PORT=(\d+)/m.exec(log)?.[1]} x y\n`,
    });
    assertEquals((await beside("exit 0")).code, 0);
    const missing = await container.exec(["/no/such/program"]);
    assertGreater(missing.code, 0);
    assertEquals(await container.pid(), pid);
    await container.kill("SIGTERM");
    assertEquals(await container.exited, 7);
    assertEquals(await container.logs(), `${log}bye\n`);
    assertEquals(await container.pid(), undefined);
    await container.kill("SIGTERM");
  });

  await t.step("the exit code of a short command passes through", async () => {
    const options = { image: NAME, args: ["exit 42"] };
    await using container = await engine.run(options);
    assertEquals(await container.exited, 42);
    assertEquals(container.url, undefined);
    await using other = await engine.run({
      image: NAME,
      entrypoint: ["/bin/sh", "-c", "exit 43"],
    });
    assertEquals(await other.exited, 43);
  });

  await t.step("what cannot start says so", async () => {
    const tag = `${NAME}-broken`;
    const dockerfile = join(context, "Dockerfile.nothing");
    await engine.build({ context, dockerfile, tag });
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
}

async function proveRestrictions(t: Deno.TestContext, engine: Engine) {
  await t.step("any user, no capabilities, no new privileges", async () => {
    const noNewPrivileges = engine.cannot.noNewPrivileges === undefined;
    await using container = await engine.run({
      image: NAME,
      user: "4321:4321",
      dropCapabilities: true,
      noNewPrivileges,
    });
    const log = await ready(container);
    assertEquals(field(log, "Uid"), "4321\t4321\t4321\t4321");
    assertEquals(field(log, "Gid"), "4321\t4321\t4321\t4321");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assertEquals(field(log, set), "0000000000000000", set);
    }
    assertEquals(field(log, "NoNewPrivs"), noNewPrivileges ? "1" : "0");
    await container.kill("SIGKILL");
    assertEquals(await container.exited, 137);
  });

  await t.step("root without capabilities has none", async () => {
    const options = { image: NAME, user: "0", dropCapabilities: true };
    await using container = await engine.run(options);
    assertEquals(field(await ready(container), "CapEff"), "0000000000000000");
  });

  await t.step("read-only files", async () => {
    const args = ["echo x > /written || exit 9"];
    const options = { image: NAME, user: "0", args };
    await using writing = await engine.run(options);
    assertEquals(await writing.exited, 0, await writing.logs());
    if (engine.cannot.readOnly !== undefined) return;
    await using container = await engine.run({ ...options, readOnly: true });
    assertGreater(await container.exited, 0);
    assertMatch(await container.logs(), /read-only file system/i);
  });

  await t.step("a memory limit ends what exceeds it", async () => {
    if (engine.cannot.memoryBytes !== undefined) return;
    await using container = await engine.run({
      image: NAME,
      args: ["x=12345678; while :; do x=$x$x; done"],
      memoryBytes: 64 * 1024 * 1024,
    });
    assertEquals(await container.exited, 137);
  });
}

async function proveCleanup(
  t: Deno.TestContext,
  engine: Engine,
  context: string,
) {
  await t.step("a run that is aborted leaves nothing", async () => {
    for (const milliseconds of [0, 100, 300, 500]) {
      const signal = AbortSignal.timeout(milliseconds);
      try {
        await using container = await engine.run({ image: NAME, signal });
        assertGreater(container.startedAt, 0);
      } catch (error) {
        assertEquals(error, signal.reason);
      }
      assertEquals(await ours(engine), []);
    }
  });

  await t.step("sweep takes what a killed run left, no more", async () => {
    await using alive = await engine.run({ image: NAME });
    const path = join(context, "killed.ts");
    const module = import.meta.resolve("../scripts/engine/find_engine.ts");
    await Deno.writeTextFile(
      path,
      `import { findEngine } from ${JSON.stringify(module)};
      const engine = await findEngine({ engine: "${engine.name}" });
      await engine.run({ image: "${NAME}" });
      console.log("pid " + Deno.pid);
      Deno.kill(Deno.pid, "SIGKILL");`,
    );
    const config = new URL("../deno.json", import.meta.url).pathname;
    const args = ["run", "-A", "--no-lock", "--config", config, path];
    const killed = await attempt(Deno.execPath(), args);
    assertEquals(killed.code, 137, killed.output);
    const pid = /^pid (\d+)$/m.exec(killed.stdout)?.[1];
    const found = await engine.sweep({ remove: false });
    const swept = await engine.sweep({ remove: true });
    for (const { container } of [found, swept]) {
      assert(
        container.some((name) => name.includes(`-${pid}-`)),
        `${container}`,
      );
    }
    assertEquals((await ours(engine)).length, 1);
    assert(await ready(alive));
    assertEquals(traces(`-${pid}-`), []);
  });
}

async function proveImages(t: Deno.TestContext, engine: Engine) {
  await t.step("an export is an archive, or an error", async () => {
    const bytes = new Uint8Array(
      await new Response(engine.export(NAME)).arrayBuffer(),
    );
    const magic = new TextDecoder("latin1").decode(bytes.subarray(257, 262));
    assertEquals(magic, "ustar");
    assertEquals(bytes.length % 512, 0);
    await assertRejects(
      () => new Response(engine.export(`${NAME}-none`)).arrayBuffer(),
      UserError,
      "Cannot export",
    );
  });

  await t.step("tag and remove", async () => {
    await run(engine.name, ["tag", NAME, `${NAME}-two`]);
    assert((await engine.list()).includes(`${NAME}-two:latest`));
    await engine.remove(`${NAME}-two`);
    assertEquals(await engine.inspect(`${NAME}-two`), undefined);
    assert(await engine.inspect(NAME));
  });

  await t.step("a pull of what cannot be had says so", async () => {
    const error = await assertRejects(
      () => engine.pull("localhost:1/no/such:image"),
      UserError,
      'Cannot pull "localhost:1/no/such:image": the registry',
    );
    assertEquals(error.exitCode, EXIT.environment);
  });
}
