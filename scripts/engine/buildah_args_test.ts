import { assertEquals } from "@std/assert";
import { HOST } from "../lib/platform.ts";
import {
  budArgs,
  fromArgs,
  mostFiles,
  pullArgs,
  runArgs,
} from "./buildah_args.ts";

const build = { context: "/ctx", dockerfile: "/ctx/Dockerfile" };
const config = { entrypoint: ["/hello"], cmd: ["serve", "--now"] };

Deno.test("budArgs() isolates with chroot and takes bases that are there", () => {
  assertEquals(budArgs(build, "mark", "1.23.1"), [
    "bud",
    "--isolation",
    "chroot",
    "--format",
    "docker",
    "--layers",
    "--force-rm",
    "--cgroup-parent",
    "mark",
    "--file",
    "/ctx/Dockerfile",
    "--pull=false",
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
  assertEquals(args.slice(9), [
    "--retry",
    "1",
    "--file",
    "/ctx/Dockerfile",
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
    "--pull=false",
    "/ctx",
  ]);
});

Deno.test("pullArgs() limits the attempts where buildah can be told", () => {
  assertEquals(pullArgs("x:1", "2.0.0", "linux/arm64"), [
    "pull",
    "--quiet",
    "--retry",
    "1",
    "--platform",
    "linux/arm64",
    "x:1",
  ]);
  assertEquals(pullArgs("x:1", "1.23.1"), ["pull", "--quiet", "x:1"]);
  assertEquals(pullArgs("x:1", "unknown"), ["pull", "--quiet", "x:1"]);
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
