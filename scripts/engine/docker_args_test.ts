import { assertEquals } from "@std/assert";
import { buildArgs, createArgs } from "./docker_args.ts";

const build = { context: "/ctx", dockerfile: "/ctx/Dockerfile.scratch" };
const container = { name: "c-1", owner: "vm-1-2" };

Deno.test("buildArgs() for BuildKit streams plain lines", () => {
  assertEquals(
    buildArgs(
      {
        ...build,
        tag: "hello:scratch",
        target: "run-test-stage",
        platform: "linux/arm64",
        buildArgs: {
          DENO_FLAGS: "--no-lock --import-map offline/x.json",
          A: "",
        },
        noCache: true,
      },
      "buildkit",
      "mark",
    ),
    [
      "build",
      "--file",
      "/ctx/Dockerfile.scratch",
      "--progress",
      "plain",
      "--tag",
      "hello:scratch",
      "--target",
      "run-test-stage",
      "--platform",
      "linux/arm64",
      "--build-arg",
      "DENO_FLAGS=--no-lock --import-map offline/x.json",
      "--build-arg",
      "A=",
      "--no-cache",
      "/ctx",
    ],
  );
});

Deno.test("buildArgs() for the legacy builder has no flag it does not know", () => {
  assertEquals(buildArgs(build, "legacy", "mark"), [
    "build",
    "--file",
    "/ctx/Dockerfile.scratch",
    "--force-rm",
    "/ctx",
  ]);
});

Deno.test("buildArgs() for podman keeps HEALTHCHECK and the steps", () => {
  assertEquals(buildArgs({ ...build, tag: "x" }, "podman", "mark"), [
    "build",
    "--file",
    "/ctx/Dockerfile.scratch",
    "--force-rm",
    "--layers",
    "--format",
    "docker",
    "--secret",
    "id=mark,src=/dev/null",
    "--tag",
    "x",
    "/ctx",
  ]);
});

Deno.test("createArgs() of a bare run publishes nothing and pulls nothing", () => {
  assertEquals(createArgs({ image: "x" }, container), [
    "create",
    "--pull",
    "never",
    "--name",
    "c-1",
    "--no-healthcheck",
    "--stop-timeout",
    "0",
    "--label",
    "deno-small-image.owner=vm-1-2",
    "x",
  ]);
});

Deno.test("createArgs() publishes on 127.0.0.1 only, and restricts", () => {
  assertEquals(
    createArgs({
      image: "x",
      port: 8080,
      env: { GREETING: "a b" },
      writable: ["/data"],
      args: ["healthcheck"],
      readOnly: true,
      dropCapabilities: true,
      noNewPrivileges: true,
      memoryBytes: 134217728,
      pids: 64,
      user: "1234:1234",
    }, { ...container, hostPort: 20001 }),
    [
      "create",
      "--pull",
      "never",
      "--name",
      "c-1",
      "--no-healthcheck",
      "--stop-timeout",
      "0",
      "--label",
      "deno-small-image.owner=vm-1-2",
      "--publish",
      "127.0.0.1:20001:8080",
      "--env",
      "PORT=8080",
      "--env",
      "GREETING=a b",
      "--tmpfs",
      "/data",
      "--read-only",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--memory",
      "134217728",
      "--memory-swap",
      "134217728",
      "--pids-limit",
      "64",
      "--user",
      "1234:1234",
      "x",
      "healthcheck",
    ],
  );
});

Deno.test("buildArgs() dates files in each builder's own way", () => {
  const dated = { ...build, timestamp: 0 };
  assertEquals(buildArgs(dated, "buildkit", "mark").slice(-5), [
    "--build-arg",
    "SOURCE_DATE_EPOCH=0",
    "--output",
    "type=docker,rewrite-timestamp=true",
    "/ctx",
  ]);
  assertEquals(buildArgs(dated, "podman", "mark").slice(-3), [
    "--timestamp",
    "0",
    "/ctx",
  ]);
});

Deno.test("createArgs() gives what is mounted to the user, if it is a number", () => {
  const mounted = (user?: string) =>
    createArgs({ image: "x", writable: ["/data"] }, { ...container, user })
      .slice(-3, -1);
  assertEquals(mounted("1234"), ["--tmpfs", "/data:uid=1234,gid=1234"]);
  assertEquals(mounted("1234:0"), ["--tmpfs", "/data:uid=1234,gid=0"]);
  assertEquals(mounted("nonroot"), ["--tmpfs", "/data"]);
  assertEquals(mounted(), ["--tmpfs", "/data"]);
});

Deno.test("createArgs() puts a command in the place of entrypoint and command", () => {
  const options = { image: "x", entrypoint: ["/hello", "healthcheck"] };
  assertEquals(createArgs(options, container).slice(-4), [
    "--entrypoint",
    "/hello",
    "x",
    "healthcheck",
  ]);
});
