import { assertEquals, assertStringIncludes } from "@std/assert";
import { buildahImageInfo } from "./buildah.ts";
import { type Dialect, dockerImageInfo, DockerLike } from "./docker_like.ts";

const ID = "a".repeat(64);
const DIFF = `sha256:${"b".repeat(64)}`;
const CONFIG = {
  User: "65532",
  ExposedPorts: { "9090/tcp": {}, "8080/tcp": {} },
  Env: ["PATH=/bin", "A=b=c"],
  Cmd: null,
  Healthcheck: { Test: ["CMD", "/hello", "healthcheck"], Interval: 3e10 },
  Volumes: null,
  WorkingDir: "/app",
  Entrypoint: ["/hello"],
  OnBuild: null,
  Labels: { a: "b" },
  StopSignal: "SIGTERM",
};
const READ = {
  user: "65532",
  entrypoint: ["/hello"],
  cmd: [],
  env: ["PATH=/bin", "A=b=c"],
  workingDir: "/app",
  exposedPorts: ["8080/tcp", "9090/tcp"],
  labels: { a: "b" },
  stopSignal: "SIGTERM",
  healthcheck: ["CMD", "/hello", "healthcheck"],
  volumes: [],
};

Deno.test("dockerImageInfo() reads docker's words", () => {
  const json = JSON.stringify([{
    Id: `sha256:${ID}`,
    RepoTags: ["hello:latest"],
    Architecture: "amd64",
    Os: "linux",
    Size: 3964512,
    Config: CONFIG,
    RootFS: { Type: "layers", Layers: [DIFF] },
  }]);
  assertEquals(dockerImageInfo(json), {
    id: `sha256:${ID}`,
    architecture: "amd64",
    sizeBytes: 3964512,
    diffIds: [DIFF],
    config: READ,
  });
});

Deno.test("dockerImageInfo() reads podman's: no algorithm, the check apart", () => {
  const { Healthcheck, ...config } = CONFIG;
  const json = JSON.stringify([{
    Id: ID,
    Architecture: "arm64",
    Size: 1,
    Config: config,
    HealthCheck: Healthcheck,
    RootFS: { Type: "layers", Layers: [DIFF] },
  }]);
  const info = dockerImageInfo(json);
  assertEquals(info.id, `sha256:${ID}`);
  assertEquals(info.config, READ);
});

Deno.test("dockerImageInfo() of an image with nothing in it", () => {
  const json = JSON.stringify([{
    Id: `sha256:${ID}`,
    Architecture: "amd64",
    Size: 0,
    Config: {},
    RootFS: { Type: "layers" },
  }]);
  const info = dockerImageInfo(json);
  assertEquals([info.sizeBytes, info.diffIds], [0, []]);
  assertEquals(info.config, {
    user: "",
    entrypoint: [],
    cmd: [],
    env: [],
    workingDir: "",
    exposedPorts: [],
    labels: {},
    stopSignal: "",
    healthcheck: [],
    volumes: [],
  });
});

Deno.test("buildahImageInfo() reads the docker part, which keeps the health check", () => {
  const { Healthcheck: _, ...oci } = CONFIG;
  const json = JSON.stringify({
    Type: "buildah 0.0.1",
    FromImage: "localhost/hello:latest",
    FromImageID: ID,
    OCIv1: { architecture: "amd64", config: oci },
    Docker: {
      architecture: "amd64",
      config: CONFIG,
      rootfs: { type: "layers", diff_ids: [DIFF] },
    },
  });
  assertEquals(buildahImageInfo(json), {
    id: `sha256:${ID}`,
    architecture: "amd64",
    diffIds: [DIFF],
    config: READ,
  });
});

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
