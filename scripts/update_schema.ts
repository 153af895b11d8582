/**
 * The shape of what `deno task image update --json` writes: types, published JSON
 * Schema and renderer follow it.
 *
 * @module
 */
import { z } from "zod";
import { digest } from "./schema_units.ts";

const baseImage = z.object({
  reference: z.string().describe("As the Dockerfiles name it by default."),
  dockerfiles: z.array(z.string()).describe("Those that are built on it."),
  tag: z.string().optional(),
  pinned: digest.optional().describe("Digest that the name holds it to."),
  current: digest.optional().describe("Digest of the tag in the registry."),
  newerTag: z.string().optional().describe(
    "Newest tag of the same shape, if it is newer than the one that is named.",
  ),
  status: z.enum(["current", "newer", "unpinned", "unknown"]).describe(
    "current: pinned to what the tag is; newer: the tag is another image by now; unpinned: no digest; unknown: see problem.",
  ),
  problem: z.string().optional().describe("Why something is not known."),
  written: z.string().optional().describe(
    "Name that --write put in its place.",
  ),
});

/** What `deno task image update --json` writes. */
export const updateSchema = z.object({
  schemaVersion: z.literal(1),
  images: z.array(baseImage),
});

/** The base images of a context, and what a registry says of them. */
export type Update = z.infer<typeof updateSchema>;
/** One base image. */
export type UpdateImage = Update["images"][number];
