/**
 * The config of an image: how to run it, what its layers are, and how they came
 * about. Docker and OCI write the same document.
 *
 * @module
 */
import type { ImageConfig } from "./model.ts";
import { ArchiveError } from "./archive_error.ts";
import { instruction } from "./instruction.ts";
import { fieldsOf, listOf, parseJson, textOf, textsOf } from "./json.ts";
import type { Platform } from "./platform.ts";

/** What a config document says. */
export interface ConfigDocument extends Platform {
  created?: string;
  config: ImageConfig;
  /** All of it, as it was parsed. */
  document: unknown;
  /** Diff IDs, lowest layer first. */
  diffIds: string[];
  /** One for each layer as far as the history goes. */
  instructions: string[];
}

/**
 * Reads a config document.
 *
 * @param what Names the document in messages.
 * @throws {ArchiveError} when it is no config of an image.
 */
export function readConfig(bytes: Uint8Array, what: string): ConfigDocument {
  const document = fieldsOf(parseJson(bytes, what));
  const rootfs = fieldsOf(document.rootfs);
  if (!Array.isArray(rootfs.diff_ids) && rootfs.diff_ids !== null) {
    throw new ArchiveError(`${what} is not the config of an image`);
  }
  const config = fieldsOf(document.config);
  const history = listOf(document.history).map(fieldsOf);
  return {
    architecture: textOf(document.architecture),
    os: textOf(document.os),
    variant: textOf(document.variant),
    created: textOf(document.created) || undefined,
    config: {
      user: textOf(config.User),
      entrypoint: textsOf(config.Entrypoint),
      cmd: textsOf(config.Cmd),
      env: textsOf(config.Env),
      workingDir: textOf(config.WorkingDir),
      exposedPorts: Object.keys(fieldsOf(config.ExposedPorts)).sort(),
      labels: Object.fromEntries(
        Object.entries(fieldsOf(config.Labels))
          .map(([name, value]) => [name, textOf(value)]),
      ),
      stopSignal: textOf(config.StopSignal),
      healthcheck: textsOf(fieldsOf(config.Healthcheck).Test),
      volumes: Object.keys(fieldsOf(config.Volumes)).sort(),
    },
    document,
    diffIds: textsOf(rootfs.diff_ids),
    instructions: history
      .filter((line) => line.empty_layer !== true)
      .map((line) => instruction(textOf(line.created_by))),
  };
}
