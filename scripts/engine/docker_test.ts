import { assertEquals, assertStringIncludes } from "@std/assert";
import { builderOf, cannotDate, limitsOf, socketOf } from "./docker.ts";

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
