/**
 * What `inspect` of each engine prints -> {@linkcode ImageInfo}. Pure; absent
 * and `null` fields are common and mean "none".
 *
 * @module
 */
import { z } from "zod";
import { configOf } from "../image/image_documents.ts";
import type { ImageInfo } from "./engine.ts";

const digests = z.array(z.string()).nullish().transform((list) => list ?? []);
const unchecked = z.unknown().optional();

const dockerLike = z.array(z.object({
  Id: z.string(),
  Architecture: z.string(),
  Size: z.number().optional(),
  RootFS: z.object({ Layers: digests }),
  Config: unchecked,
  // podman tells it beside the config.
  HealthCheck: unchecked,
  Healthcheck: unchecked,
})).min(1);

const buildah = z.object({
  FromImageID: z.string(),
  Docker: z.object({
    architecture: z.string(),
    rootfs: z.object({ diff_ids: digests }),
    config: unchecked,
  }),
});

/** podman and buildah leave the algorithm out. */
function digest(id: string): string {
  return id.includes(":") ? id : `sha256:${id}`;
}

/** Reads `docker image inspect` and `podman image inspect`: a list of one image. */
export function dockerImageInfo(json: string): ImageInfo {
  const [image] = dockerLike.parse(JSON.parse(json));
  const config = configOf(image.Config);
  if (config.healthcheck.length === 0) {
    config.healthcheck = [image.HealthCheck, image.Healthcheck]
      .flatMap((Healthcheck) => configOf({ Healthcheck }).healthcheck);
  }
  return {
    id: digest(image.Id),
    architecture: image.Architecture,
    sizeBytes: image.Size,
    diffIds: image.RootFS.Layers,
    config,
  };
}

/** Reads `buildah inspect --type image`, which gives no size in bytes. */
export function buildahImageInfo(json: string): ImageInfo {
  const image = buildah.parse(JSON.parse(json));
  return {
    id: digest(image.FromImageID),
    architecture: image.Docker.architecture,
    diffIds: image.Docker.rootfs.diff_ids,
    config: configOf(image.Docker.config),
  };
}
