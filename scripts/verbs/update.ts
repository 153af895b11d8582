/**
 * `deno task image update`: whether the base images of a context are what their
 * tags stand for now, whether newer versions are tagged, and pins them.
 *
 * @module
 */
import { basename } from "node:path";
import { baseImages, pinImages } from "../bases/base_images.ts";
import type { UpdateConfig } from "../config.ts";
import { EXIT, UserError } from "../errors.ts";
import { findVariants, type VariantFile } from "../find_variants.ts";
import type { Io } from "../io.ts";
import { newerTag, versionOf } from "../registry/newer_tag.ts";
import { parseReference } from "../registry/parse_reference.ts";
import { readCredentials } from "../registry/read_credentials.ts";
import { Registry } from "../registry/registry.ts";
import { RegistryError } from "../registry/registry_error.ts";
import { type ChangedLine, updateTerminal } from "../report/update_terminal.ts";
import type { Update, UpdateImage } from "../update_schema.ts";

/**
 * Asks the registries for every base image.
 *
 * @returns The exit code: 3 when one of them did not answer, 1 when something is
 * newer and `--exit-code` was given.
 */
export async function update(config: UpdateConfig, io: Io): Promise<number> {
  const files = await findVariants(config.context, config.files);
  const registry = new Registry(await readCredentials(), io.signal);
  const images: UpdateImage[] = [];
  for (const [reference, dockerfiles] of usedBy(files)) {
    images.push({
      reference,
      dockerfiles,
      ...await io.progress.step(
        `Ask for ${reference}`,
        () => find(reference, registry),
      ),
    });
  }
  const changes = config.write ? await pin(files, images) : [];
  const found: Update = { schemaVersion: 1, images };
  io.print(
    config.json
      ? JSON.stringify(found, null, 2) + "\n"
      : updateTerminal(found, changes, {
        columns: io.columns,
        color: io.color,
      }),
  );
  if (images.some(({ problem }) => problem !== undefined)) {
    io.note(
      "next:  check the names and the network, or name a mirror in the Dockerfiles; what was answered is above",
    );
    return EXIT.environment;
  }
  if (images.some(isUnpinned) && !config.write) {
    io.note("next:  --write pins each to the digest its tag has now");
  }
  const newer = images.some((image) =>
    image.newerTag !== undefined ||
    image.status === "newer" && image.written === undefined
  );
  return config.exitCode && newer ? EXIT.checkFailed : EXIT.ok;
}

function isUnpinned({ status }: UpdateImage): boolean {
  return status === "unpinned" || status === "newer";
}

/** Names of images, and of the Dockerfiles that are built on them. */
function usedBy(files: VariantFile[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { dockerfile, text } of files) {
    for (const { reference } of baseImages(text)) {
      const users = found.get(reference) ?? [];
      found.set(reference, [...users, basename(dockerfile)]);
    }
  }
  return found;
}

type Answer = Omit<UpdateImage, "reference" | "dockerfiles">;

async function find(name: string, registry: Registry): Promise<Answer> {
  const reference = parseReference(name);
  if (reference === undefined) {
    return { status: "unknown", problem: "this is no name of an image" };
  }
  const { digest: pinned } = reference;
  // As engines do, where there is neither tag nor digest.
  const tag = reference.tag ?? (pinned === undefined ? "latest" : undefined);
  if (tag === undefined) return { status: "current", pinned };
  const known = { tag, ...pinned === undefined ? {} : { pinned } };
  try {
    const current = await registry.digestOf(reference, tag);
    const status = pinned === undefined
      ? "unpinned"
      : pinned === current
      ? "current"
      : "newer";
    const newest = versionOf(tag) === undefined
      ? undefined
      : newerTag(tag, await registry.tagsOf(reference));
    return {
      status,
      ...known,
      current,
      ...newest === undefined ? {} : { newerTag: newest },
    };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const problem = `${reference.registry} ${error.message}`;
    return { status: "unknown", ...known, problem };
  }
}

/** Writes the digests into the Dockerfiles; what cannot be pinned is a problem. */
async function pin(
  files: VariantFile[],
  images: UpdateImage[],
): Promise<ChangedLine[]> {
  const pins = new Map<string, string>();
  for (const { reference, tag, current, status } of images) {
    if (tag === undefined || current === undefined || status === "current") {
      continue;
    }
    const name = parseReference(reference)?.name;
    pins.set(reference, `${name}:${tag}@${current}`);
  }
  const changes: ChangedLine[] = [];
  for (const { dockerfile, text } of files) {
    const pinned = pinImages(text, pins);
    if (pinned === text) continue;
    try {
      await Deno.writeTextFile(dockerfile, pinned);
    } catch (cause) {
      throw new UserError(`Cannot write "${dockerfile}"`, {
        next:
          "Make the file writable; --json without --write gives the digests",
        cause,
      });
    }
    const after = pinned.split("\n");
    text.split("\n").forEach((before, index) => {
      if (before === after[index]) return;
      changes.push({ dockerfile, before, after: after[index] });
    });
  }
  for (const image of images) {
    const to = pins.get(image.reference);
    if (to === undefined) continue;
    if (changes.some(({ after }) => after.includes(to))) image.written = to;
    else {
      image.problem =
        "it cannot be pinned in place: its name is put together from arguments";
    }
  }
  return changes;
}
