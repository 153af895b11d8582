import { assertEquals } from "@std/assert";
import { HOST } from "../lib/platform.ts";
import {
  budArgs,
  buildArgs,
  createArgs,
  fromArgs,
  mostFiles,
  pullArgs,
  runArgs,
} from "./command_lines.ts";

const build = { context: "/ctx", dockerfile: "/ctx/Dockerfile" };
const config = { entrypoint: ["/hello"], cmd: ["serve", "--now"] };
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
      "/ctx/Dockerfile",
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
    "/ctx/Dockerfile",
    "--force-rm",
    "/ctx",
  ]);
});

Deno.test("buildArgs() for podman keeps HEALTHCHECK and the steps", () => {
  assertEquals(buildArgs({ ...build, tag: "x" }, "podman", "mark"), [
    "build",
    "--file",
    "/ctx/Dockerfile",
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

Deno.test("budArgs() isolates with chroot and takes bases that are there", () => {
  assertEquals(budArgs(build, "mark", "1.23.1"), [
    "bud",
    "--isolation",
    "chroot",
    "--pull=false",
    "--file",
    "/ctx/Dockerfile",
    "--force-rm",
    "--layers",
    "--format",
    "docker",
    "--cgroup-parent",
    "mark",
    "/ctx",
  ]);
});

Deno.test("budArgs() passes every option on", () => {
  const args = budArgs(
    {
      ...build,
      target: "t",
      platform: "linux/arm64",
      buildArgs: { A: "1" },
      noCache: true,
      timestamp: 0,
    },
    "mark",
    "1.28.2",
  );
  assertEquals(args.slice(4, 6), ["--retry", "1"]);
  assertEquals(args.slice(14), [
    "--target",
    "t",
    "--platform",
    "linux/arm64",
    "--build-arg",
    `BUILDPLATFORM=linux/${HOST}`,
    "--build-arg",
    "A=1",
    "--no-cache",
    "--timestamp",
    "0",
    "/ctx",
  ]);
});

Deno.test("pullArgs() limits the attempts where buildah can be told", () => {
  assertEquals(pullArgs("x:1", "linux/arm64", "2.0.0"), [
    "pull",
    "--quiet",
    "--retry",
    "1",
    "--platform",
    "linux/arm64",
    "x:1",
  ]);
  for (const version of [undefined, "1.23.1", "unknown"]) {
    const args = pullArgs("x:1", undefined, version);
    assertEquals(args, ["pull", "--quiet", "x:1"]);
  }
});

Deno.test("mostFiles() reads the hard limit", () => {
  const text = "Limit  Soft Limit  Hard Limit  Units\n" +
    "Max open files            1024                 20000                files\n";
  assertEquals(mostFiles(text), 20000);
  assertEquals(mostFiles(text.replace("20000", "unlimited")), 1_048_576);
  assertEquals(mostFiles(""), 1024);
});

Deno.test("fromArgs() pulls nothing and passes no proxy on", () => {
  assertEquals(fromArgs("hello", "c-1", 20000), [
    "from",
    "--pull-never",
    "--http-proxy=false",
    "--ulimit",
    "nofile=20000:20000",
    "--name",
    "c-1",
    "hello",
  ]);
});

Deno.test("runArgs() spells the entrypoint and the command out", () => {
  assertEquals(runArgs({ image: "hello", port: 8080 }, "c-1", config, 20001), [
    "run",
    "--isolation",
    "chroot",
    "--env",
    "PORT=20001",
    "c-1",
    "--",
    "/hello",
    "serve",
    "--now",
  ]);
});

Deno.test("runArgs() replaces the command, not the entrypoint", () => {
  const options = {
    image: "hello",
    args: ["healthcheck"],
    writable: ["/data"],
    env: { PORT: "20001" },
    dropCapabilities: true,
    user: "1234",
  };
  assertEquals(runArgs(options, "c-1", config), [
    "run",
    "--isolation",
    "chroot",
    "--env",
    "PORT=20001",
    "--mount",
    "type=tmpfs,destination=/data",
    "--cap-drop",
    "ALL",
    "--user",
    "1234",
    "c-1",
    "--",
    "/hello",
    "healthcheck",
  ]);
});
