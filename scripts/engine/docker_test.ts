import { assertEquals } from "@std/assert";
import { builderOf, limitsOf, socketOf } from "./docker.ts";

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
