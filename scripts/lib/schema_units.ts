/**
 * The units that the schemas of reports and of diffs are made of.
 *
 * @module
 */
import { z } from "zod";

/** A count of bytes. */
export const bytes = z.int().nonnegative().describe("Bytes.");
/** A count of things. */
export const count = z.int().nonnegative();
/** A digest as registries write it. */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
/** A duration in milliseconds. */
export const milliseconds = z.number().nonnegative().describe("Milliseconds.");
