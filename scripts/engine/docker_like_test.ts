import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Dialect, DockerLike } from "./docker_like.ts";

Deno.test("DockerLike.cannotDate() minds the bases that only the engine has", async () => {
  const engine = (
    name: Dialect["name"],
    how: Awaited<ReturnType<Dialect["build"]>>,
  ) => new DockerLike({ name, version: "1", cannot: {}, build: () => how });
  const docker = engine("docker", { builder: "buildkit" });
  assertEquals(await docker.cannotDate(false), undefined);
  assertStringIncludes(await docker.cannotDate(true) ?? "", "does not have");
  // podman builds where its images are.
  const podman = engine("podman", { builder: "podman" });
  assertEquals(await podman.cannotDate(true), undefined);
  const old = { builder: "buildkit", cannotDate: "too old" } as const;
  assertEquals(await engine("docker", old).cannotDate(true), "too old");
});
