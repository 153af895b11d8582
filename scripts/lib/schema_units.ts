/** The units that the schemas of reports and of diffs are made of. @module */
import { z } from "zod";

export const bytes = z.int().nonnegative().describe("Bytes.");
export const count = z.int().nonnegative();
/** As registries write it. */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const milliseconds = z.number().nonnegative().describe("Milliseconds.");
