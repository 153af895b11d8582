import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { type Engine, type EngineName, Unusable } from "./engine.ts";
import { CommandNotFound } from "../lib/command.ts";
import {
  builderOf,
  cannotDate,
  findEngine,
  limitsOf,
  podmanFacts,
  probeArgs,
  socketOf,
} from "./find_engine.ts";
import { owner } from "../lib/owner.ts";

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

Deno.test("builderOf() takes BuildKit wherever the client can drive it", () => {
  assertEquals(builderOf("20.10.24+dfsg1", false), "buildkit");
  assertEquals(builderOf("28.2.2", true), "buildkit");
  assertEquals(builderOf("23.0.0", true), "buildkit");
  assertEquals(builderOf("28.2.2", false), "legacy");
  assertEquals(builderOf("", false), "legacy");
});

Deno.test("limitsOf() names only what the daemon cannot limit", () => {
  assertEquals(limitsOf('{"MemoryLimit":true,"PidsLimit":true}'), {});
  assertEquals(limitsOf("{}"), {});
  assertEquals(
    Object.keys(limitsOf('{"MemoryLimit":false,"PidsLimit":false}')),
    ["memoryBytes", "pids"],
  );
});

Deno.test("socketOf() takes nothing but a Unix socket", () => {
  assertEquals(
    socketOf("unix:///var/run/docker.sock\n"),
    "/var/run/docker.sock",
  );
  assertEquals(socketOf("tcp://127.0.0.1:2375"), undefined);
  assertEquals(socketOf("ssh://somewhere"), undefined);
  assertEquals(socketOf("npipe:////./pipe/docker_engine"), undefined);
  assertEquals(socketOf(""), undefined);
});

Deno.test("cannotDate() knows builders that take the option and do nothing", () => {
  const builder = (driver: string, version: string) =>
    `Name:   b\nDriver: ${driver}\n\nNodes:\nName:   b0\n${version}\nPlatforms: linux/amd64\n`;
  const says = (inspected?: string) => cannotDate(inspected) ?? "";
  assertEquals(
    cannotDate(builder("docker-container", "BuildKit version: v0.13.2")),
    undefined,
  );
  assertEquals(cannotDate(builder("remote", "BuildKit:  v1.0.0")), undefined);
  assertStringIncludes(says(), "buildx");
  assertStringIncludes(
    says(builder("docker", "BuildKit version: v0.20.0")),
    "docker's own BuildKit",
  );
  assertStringIncludes(
    says(builder("docker-container", "Buildkit:  v0.12.5")),
    "BuildKit 0.12.5 does not",
  );
  assertStringIncludes(
    says(builder("docker-container", "Status: inactive")),
    "does not",
  );
  assertStringIncludes(says(""), "docker's own BuildKit");
});

Deno.test("podmanFacts() reads the version and the control groups", () => {
  const info = (cgroupControllers: string[]) =>
    JSON.stringify({
      host: { cgroupControllers },
      store: { graphRoot: "/var/lib/x", graphDriverName: "overlay" },
      version: { Version: "4.3.1" },
    });
  assertEquals(podmanFacts(info(["cpu", "memory", "pids"])), {
    version: "4.3.1",
    working: "/var/lib/x/overlay-containers",
    cannot: {},
  });
  assertEquals(
    Object.keys(podmanFacts(info([])).cannot),
    ["memoryBytes", "pids"],
  );
});

Deno.test("probeArgs() runs the host's own program without a network", () => {
  assertEquals(probeArgs("/tmp/root", ["/usr"], "c-1"), [
    "run",
    "--rm",
    "--name",
    "c-1",
    "--label",
    `deno-small-image.owner=${owner()}`,
    "--network",
    "none",
    "-v",
    "/usr:/usr:ro",
    "--rootfs",
    "/tmp/root",
    "/bin/true",
  ]);
});
