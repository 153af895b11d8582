/**
 * The config of an image: how to run it, what its layers are, and how they came
 * about. Docker and OCI write the same document.
 *
 * @module
 */
import type { ImageConfig } from "./model.ts";
import { ArchiveError } from "./archive_error.ts";
import type { ImagePlatform } from "./choose_image.ts";

/** What a config document says. */
export interface ConfigDocument extends ImagePlatform {
  created?: string;
  config: ImageConfig;
  /** All of it, as it was parsed. */
  document: unknown;
  /** Diff IDs, lowest layer first. */
  diffIds: string[];
  /** One for each layer; none where the history is of other layers. */
  instructions: string[];
}

/**
 * Reads a config document.
 *
 * @param what Names the document in messages.
 * @throws {ArchiveError} when it is no config of an image.
 */
export function readConfig(bytes: Uint8Array, what: string): ConfigDocument {
  const document = fieldsOf(parseDocument(bytes, what));
  const rootfs = fieldsOf(document.rootfs);
  // Docker leaves an empty list out, others write null for it.
  const diffs = rootfs.diff_ids ?? (rootfs.type === "layers" ? [] : undefined);
  if (!Array.isArray(diffs) && rootfs.diff_ids !== null) {
    throw new ArchiveError(`${what} is not the config of an image`);
  }
  const config = fieldsOf(document.config);
  const diffIds = textsOf(rootfs.diff_ids);
  const instructions = listOf(document.history).map(fieldsOf)
    .filter((line) => line.empty_layer !== true)
    .map((line) => instruction(textOf(line.created_by)));
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
    diffIds,
    // A squashed or rebased image may have kept the lines of other layers.
    instructions: instructions.length === diffIds.length ? instructions : [],
  };
}

/**
 * The instruction of a history line.
 *
 * @param createdBy The `created_by` of an image's history.
 * @returns For example `RUN apt-get update`, on one line.
 *
 * @example
 * ```ts
 * instruction("/bin/sh -c #(nop)  USER nobody"); // USER nobody
 * instruction("RUN /bin/sh -c make # buildkit"); // RUN make
 * ```
 */
export function instruction(createdBy: string): string {
  let line = createdBy.replace(/\s+/g, " ").trim();
  line = line.replace(/ # buildkit$/, "");
  // In place of names, some write the digest of what was copied.
  line = line.replace(
    /\b(file|dir|multi):([0-9a-f]{12})[0-9a-f]{52}\b/g,
    "$1:$2",
  );
  // Arguments of the build come first: `|2 A=1 B=2 /bin/sh -c make`.
  line = line.replace(/^(RUN )?\|[0-9]+ (.*? )?(?=\/bin\/(?:ba)?sh -c )/, "$1");
  const nop = /^\/bin\/sh -c #\(nop\) */.exec(line);
  if (nop !== null) return line.slice(nop[0].length).trim();
  const shell = /^(?:RUN )?\/bin\/(?:ba)?sh -c */.exec(line);
  if (shell !== null) return `RUN ${line.slice(shell[0].length)}`;
  return line;
}

// JSON of unknown origin: what is not of the expected shape reads as empty, as the
// engines do.

/**
 * Bytes as JSON.
 *
 * @param what Names the document in the message.
 * @throws {ArchiveError} when it is none.
 */
export function parseDocument(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ArchiveError(`${what} is not valid JSON`, { cause });
  }
}

/** The fields of an object; none for anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

/** The items of an array; none for anything else. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A string; `""` for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The strings of an array, or a single string. */
export function textsOf(value: unknown): string[] {
  return (typeof value === "string" ? [value] : listOf(value))
    .filter((item) => typeof item === "string");
}
