/** `deno task image sbom`: a CycloneDX bill of an image's materials. @module */
import { basename } from "node:path";
import type { Command } from "commander";
import { inventory, inventoryProbe } from "../sbom/inventory.ts";
import { rootfs } from "../image/rootfs.ts";
import { readImage } from "../image/read_image.ts";
import type { ImageSource } from "../image/model.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import type { Io } from "../lib/progress.ts";
import { billOfMaterials } from "../sbom/bill_of_materials.ts";
import { findSources } from "../build/look.ts";
import {
  collect,
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description("List what an image consists of, as CycloneDX 1.6.")
    .argument("<image>", IMAGE)
    .option(
      "--from <image>",
      "image that libraries were copied from, to trace them to its packages (repeatable)",
      collect,
      [],
    );
  withExamples(
    command,
    "sbom hello:scratch > bom.json",
    "sbom image.tar --from base.tar",
  );
}

/** Reads the image, and those it was made from, and prints the bill. */
export async function run(
  options: PlatformOptions & { image: string; from: string[] },
  io: Io,
): Promise<number> {
  const time = timeOf(Deno.env.get("SOURCE_DATE_EPOCH"));
  const images = [options.image, ...options.from];
  const sources = await findSources(images, options, io);
  const [read, ...origins] = await Promise.all(
    sources.map((source) => readClosely(source, io)),
  );
  const found = inventory(read.image, read.rootfs, origins);
  const untraced = found.binaries.filter(({ library }) => library);
  if (untraced.length > 0) {
    const paths = untraced.map(({ path }) => printable(path));
    io.note(
      `No package is known for ${paths.join(", ")}; ` +
        "--from IMAGE looks for them in the image they were copied from",
    );
  }
  io.print(JSON.stringify(billOfMaterials(found, time), null, 2) + "\n");
  return EXIT.ok;
}

async function readClosely(source: ImageSource, io: Io) {
  const { signal } = io;
  const image = await readImage(source, { probe: inventoryProbe(), signal });
  // Where an archive lies says nothing about what is in it.
  const reference = "path" in source
    ? basename(source.reference)
    : source.reference;
  return { image: { ...image, reference }, rootfs: rootfs(image) };
}

/** The time of the bill; seconds since 1970, as reproducible builds set them. */
function timeOf(epoch: string | undefined): Date {
  if (epoch === undefined || epoch === "") return new Date();
  const time = new Date(/^\d+$/.test(epoch) ? Number(epoch) * 1000 : NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new UserError(
    `Cannot use SOURCE_DATE_EPOCH "${epoch}": expected seconds since 1970`,
    { next: "Unset it, or set it as with: date +%s" },
  );
}
