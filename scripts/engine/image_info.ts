/**
 * What `inspect` of each engine prints -> {@linkcode ImageInfo}. Pure; absent
 * and `null` fields are common and mean "none".
 *
 * @module
 */
import { z } from "zod";
import type { ImageConfig } from "../image/model.ts";
import type { ImageInfo } from "./engine.ts";

const strings = z.array(z.string()).nullish().transform((list) => list ?? []);
const keys = z.record(z.string(), z.unknown()).nullish()
  .transform((set) => Object.keys(set ?? {}).sort());
const text = z.string().nullish().transform((value) => value ?? "");
const healthcheck = z.object({ Test: strings }).nullish()
  .transform((check) => check?.Test ?? []);

const config = z.object({
  User: text,
  Entrypoint: strings,
  Cmd: strings,
  Env: strings,
  WorkingDir: text,
  ExposedPorts: keys,
  Labels: z.record(z.string(), z.string()).nullish()
    .transform((labels) => labels ?? {}),
  StopSignal: text,
  Healthcheck: healthcheck,
  Volumes: keys,
});

const dockerLike = z.array(z.object({
  Id: z.string(),
  Architecture: z.string(),
  Size: z.number().optional(),
  RootFS: z.object({ Layers: strings }),
  Config: config,
  // podman tells it beside the config.
  HealthCheck: healthcheck,
  Healthcheck: healthcheck,
})).min(1);

const buildah = z.object({
  FromImageID: z.string(),
  Docker: z.object({
    architecture: z.string(),
    rootfs: z.object({ diff_ids: strings }),
    config,
  }),
});

function toConfig(read: z.infer<typeof config>): ImageConfig {
  return {
    user: read.User,
    entrypoint: read.Entrypoint,
    cmd: read.Cmd,
    env: read.Env,
    workingDir: read.WorkingDir,
    exposedPorts: read.ExposedPorts,
    labels: read.Labels,
    stopSignal: read.StopSignal,
    healthcheck: read.Healthcheck,
    volumes: read.Volumes,
  };
}

/** podman and buildah leave the algorithm out. */
function digest(id: string): string {
  return id.includes(":") ? id : `sha256:${id}`;
}

/**
 * Reads `docker image inspect` and `podman image inspect`.
 *
 * @param json What the command printed: a list of one image.
 */
export function dockerImageInfo(json: string): ImageInfo {
  const [image] = dockerLike.parse(JSON.parse(json));
  const info = {
    id: digest(image.Id),
    architecture: image.Architecture,
    sizeBytes: image.Size,
    diffIds: image.RootFS.Layers,
    config: toConfig(image.Config),
  };
  if (info.config.healthcheck.length === 0) {
    info.config.healthcheck = image.HealthCheck.length > 0
      ? image.HealthCheck
      : image.Healthcheck;
  }
  return info;
}

/**
 * Reads `buildah inspect --type image`. It gives no size in bytes.
 *
 * @param json What the command printed: one object.
 */
export function buildahImageInfo(json: string): ImageInfo {
  const image = buildah.parse(JSON.parse(json));
  return {
    id: digest(image.FromImageID),
    architecture: image.Docker.architecture,
    diffIds: image.Docker.rootfs.diff_ids,
    config: toConfig(image.Docker.config),
  };
}
