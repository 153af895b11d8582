import { assertEquals, assertRejects } from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { type Engine, type EngineName, Unusable } from "./engine.ts";
import { CommandNotFound } from "../lib/command.ts";
import { findEngine } from "./find_engine.ts";

const found = (name: EngineName) => () =>
  Promise.resolve({ name, version: "1" } as Engine);
const absent = (name: string) => () =>
  Promise.reject(new CommandNotFound(name));
const broken = (why: string) => () => Promise.reject(new Unusable(why));

const none = {
  docker: absent("docker"),
  podman: absent("podman"),
  buildah: absent("buildah"),
};

Deno.test("findEngine() takes the first that works", async () => {
  const all = {
    docker: broken("no daemon"),
    podman: found("podman"),
    buildah: found("buildah"),
  };
  assertEquals((await findEngine({}, all)).name, "podman");
  assertEquals((await findEngine({ engine: "buildah" }, all)).name, "buildah");
});

Deno.test("findEngine() with none names one command and each reason", async () => {
  const finders = { ...none, docker: broken("no daemon answers") };
  const error = await assertRejects(
    () => findEngine({}, finders),
    UserError,
    "Cannot find an engine that builds and runs images",
  );
  assertEquals(error.exitCode, EXIT.environment);
  assertEquals(
    error.output,
    "docker: no daemon answers\npodman: not installed\nbuildah: not installed",
  );
  assertEquals(
    error.next,
    "Run again with --setup, or: apt-get update && apt-get install -y --no-install-recommends buildah",
  );
});

Deno.test("findEngine() does not replace the one that was asked for", async () => {
  const finders = { ...none, buildah: found("buildah") };
  const error = await assertRejects(
    () => findEngine({ engine: "podman" }, finders),
    UserError,
    'Cannot use the engine "podman"',
  );
  assertEquals(error.output, "podman: not installed");
  assertEquals(
    error.next,
    "Run: apt-get update && apt-get install -y --no-install-recommends podman",
  );
});

Deno.test("findEngine() says how to start docker when only its daemon is missing", async () => {
  const error = await assertRejects(
    () =>
      findEngine({ engine: "docker" }, {
        ...none,
        docker: broken("no daemon answers"),
      }),
    UserError,
  );
  assertEquals(error.next.includes("systemctl start docker"), true);
});

Deno.test("findEngine() passes over a docker that cannot build, and says so", async () => {
  const passed: string[] = [];
  const finders = {
    ...none,
    docker: (_signal?: AbortSignal, needs?: string) =>
      Promise.reject(
        new Unusable(`no "${needs}"`, "Install BuildKit"),
      ),
  };
  const options = {
    needs: "RUN --mount",
    onPassed: (reason: string) => passed.push(reason),
  };
  const other = { ...finders, buildah: found("buildah") };
  assertEquals((await findEngine(options, other)).name, "buildah");
  assertEquals(passed, ['docker: no "RUN --mount"']);
  const error = await assertRejects(
    () => findEngine({ ...options, engine: "docker" }, finders),
    UserError,
  );
  assertEquals(error.exitCode, EXIT.environment);
  assertEquals(error.next, "Install BuildKit");
});

Deno.test("findEngine() lets bugs and interruptions through", async () => {
  const finders = {
    ...none,
    docker: () => Promise.reject(new TypeError("a bug")),
  };
  await assertRejects(() => findEngine({}, finders), TypeError, "a bug");
});
