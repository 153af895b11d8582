/** The documents in an archive, checked by their digests and read without trust. @module */
import type { ImageConfig } from "./model.ts";
import { maskText } from "../lib/secret_text.ts";
import { ArchiveError } from "./archive_error.ts";
import { type BlobStore, LARGEST_DOCUMENT } from "./blob_reader.ts";

/** What an image runs on, in Go's words: `linux`, `amd64`, `v8`. */
export interface ImagePlatform {
  os: string;
  architecture: string;
  variant: string;
}

export interface ConfigDocument extends ImagePlatform {
  created?: string;
  config: ImageConfig;
  document: unknown;
  /** Diff IDs, lowest layer first. */
  diffIds: string[];
  /** One for each layer; none where the history is of other layers. */
  instructions: string[];
}

export function readConfig(bytes: Uint8Array, what: string): ConfigDocument {
  const document = fieldsOf(parseDocument(bytes, what));
  const rootfs = fieldsOf(document.rootfs);
  // Docker leaves an empty list out, others write null for it.
  const diffs = rootfs.diff_ids ?? (rootfs.type === "layers" ? [] : undefined);
  if (!Array.isArray(diffs) && rootfs.diff_ids !== null) {
    throw new ArchiveError(`${what} is not the config of an image`);
  }
  const diffIds = textsOf(rootfs.diff_ids);
  const instructions = listOf(document.history).map(fieldsOf)
    .filter((line) => line.empty_layer !== true)
    .map((line) => maskText(instruction(textOf(line.created_by))));
  return {
    architecture: textOf(document.architecture),
    os: textOf(document.os),
    variant: textOf(document.variant),
    created: textOf(document.created) || undefined,
    config: configOf(document.config),
    document,
    diffIds,
    // A squashed or rebased image may have kept the lines of other layers.
    instructions: instructions.length === diffIds.length ? instructions : [],
  };
}

/** What `config` says, in a document or in the words of an engine. */
export function configOf(value: unknown): ImageConfig {
  const config = fieldsOf(value);
  return {
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
  };
}

/** `RUN make` for `RUN /bin/sh -c make # buildkit`, on one line. */
export function instruction(createdBy: string): string {
  return parseHistory(createdBy).instruction;
}

export function historyOf(document: unknown): string[] {
  return listOf(fieldsOf(document).history).flatMap((line) => {
    const { args, instruction } = parseHistory(
      textOf(fieldsOf(line).created_by),
    );
    return args === "" ? [instruction] : [`ARG ${args}`, instruction];
  });
}

/** Bounded, as a hostile history may be long. */
const SHELL = String
  .raw`\/[\w.\/-]{0,60}sh(?: [\w-]{1,30}){0,6}? -\w{0,6}c `;

function parseHistory(
  createdBy: string,
): { args: string; instruction: string } {
  let line = createdBy.replace(/\s+/g, " ").trim();
  line = line.replace(/ # buildkit$/, "");
  // In place of names, some write the digest of what was copied.
  line = line.replace(
    /\b(file|dir|multi):([0-9a-f]{12})[0-9a-f]{52}\b/g,
    "$1:$2",
  );
  // Arguments of the build come first: `|2 A=1 B=2 /bin/sh -c make`. Without a
  // shell, the command follows the last of them.
  const [before, args] = new RegExp(
    `^(?:RUN )?\\|[0-9]+ (.*?(?= ?${SHELL})|(?:\\w+=\\S* ?)*)`,
  ).exec(line) ?? ["", ""];
  if (before !== "") line = `RUN ${line.slice(before.length).trim()}`;
  const nop = new RegExp(`^(?:RUN )?${SHELL}#\\(nop\\) *`).exec(line);
  const shell = new RegExp(`^(?:RUN )?${SHELL} *`).exec(line);
  if (nop !== null) line = line.slice(nop[0].length);
  else if (shell !== null) line = `RUN ${line.slice(shell[0].length)}`;
  return { args: args.trim(), instruction: line.trim() };
}

/** @throws {ArchiveError} when it is missing, too large or has another digest. */
export async function readDocument(
  store: BlobStore<unknown>,
  path: string,
  expected?: string,
): Promise<{ bytes: Uint8Array; digest: string }> {
  const blob = await store.blob(path);
  if (blob === undefined) {
    throw new ArchiveError(`it lacks the blob ${JSON.stringify(path)}`);
  }
  const digest = `sha256:${blob.sha256}`;
  checkDigest(blob.path, digest, expected);
  if (blob.document !== undefined) return { bytes: blob.document, digest };
  throw new ArchiveError(
    blob.bytes > LARGEST_DOCUMENT
      ? `${JSON.stringify(path)} is longer than ${LARGEST_DOCUMENT} bytes`
      : `${JSON.stringify(path)} is not valid JSON`,
  );
}

/** @throws {ArchiveError} unless the digest of a blob is the stated one. */
export function checkDigest(
  path: string,
  actual: string,
  expected: string | undefined,
): void {
  if (expected === undefined || expected === actual) return;
  throw new ArchiveError(
    `blob ${
      JSON.stringify(path)
    } is damaged: its digest is ${actual}, not ${expected}`,
  );
}

// What is not of the expected shape reads as empty, as the engines do.

export function parseDocument(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ArchiveError(`${what} is not valid JSON`, { cause });
  }
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function textsOf(value: unknown): string[] {
  return (typeof value === "string" ? [value] : listOf(value))
    .filter((item) => typeof item === "string");
}
