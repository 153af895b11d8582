/**
 * All that the report says of an image's inside.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { ImageAnalysis } from "./inspect_schema.ts";
import type { Permissions, Program } from "../deno_binary/program_schema.ts";
import { commandPermissions } from "./permissions.ts";
import { contents } from "./contents.ts";
import type { ElfFacts } from "../deno_binary/program_sink.ts";
import { foundIn } from "./found.ts";
import { rootfs } from "../image/rootfs.ts";
import type { Rootfs } from "../image/model.ts";
import { startedPrograms } from "./started_programs.ts";
import { surface } from "./surface.ts";
import { waste } from "./waste.ts";

/**
 * Analyses an image that was read with the {@linkcode probe}.
 *
 * @param files Its root file system, if it is there already.
 */
export function analyseImage(
  image: Image,
  files: Rootfs = rootfs(image),
): ImageAnalysis {
  const { reference, id, architecture, config } = image;
  const program = programOf(image, files);
  const permissions = permissionsOf(image, files);
  return {
    image: { reference, id, architecture },
    ...waste(image, files),
    layers: image.layers.map(({ diffId, instruction }, index) => ({
      digest: diffId,
      instruction,
      sizeBytes: files.layers[index].bytes,
      files: files.layers[index].regularFiles,
    })),
    rootfs: { bytes: files.bytes, files: files.regularFiles },
    config: {
      user: config.user,
      entrypoint: config.entrypoint,
      cmd: config.cmd,
      env: config.env,
      exposedPorts: config.exposedPorts,
    },
    surface: surface(image, files),
    ...(program ? { program } : {}),
    ...(permissions ? { permissions } : {}),
    contents: contents(files),
  };
}

/** The program made by `deno compile` that the image starts, or the largest. */
function programOf(image: Image, rootfs: Rootfs): Program | undefined {
  for (const { resolved } of startedPrograms(image, rootfs)) {
    const program = foundIn(resolved?.file?.inode).elf?.program;
    if (program && resolved) return at(resolved.path, program);
  }
  let largest: Program | undefined;
  for (const [path, { inode, bytes }] of rootfs.files) {
    if (bytes <= (largest?.bytes ?? 0)) continue;
    const program = foundIn(inode).elf?.program;
    if (program) largest = at(path, program);
  }
  return largest;
}

function at(
  path: string,
  { permissions: _, ...program }: NonNullable<ElfFacts["program"]>,
): Program {
  return { path: `/${path}`, ...program };
}

/** What Deno allows the program that the image starts, as far as it can be told. */
function permissionsOf(image: Image, rootfs: Rootfs): Permissions | undefined {
  for (const { resolved } of startedPrograms(image, rootfs)) {
    const { program } = foundIn(resolved?.file?.inode).elf ?? {};
    if (program) return program.permissions;
  }
  const { entrypoint, cmd } = image.config;
  return commandPermissions([...entrypoint, ...cmd]);
}
