/**
 * The JSON Schemas of what `--json` and `report.json` hold, for those who read
 * them in other languages. Run as a program it writes them to `docs/`; a test
 * holds the files to it.
 *
 * @module
 */
import { z } from "zod";
import { imageDiffSchema, reportSchema } from "../schema.ts";

/** The published schemas, by file below `docs/`. */
export const SCHEMAS = {
  "report.schema.json": {
    title: "What deno-small-image found out about the variants of an image",
    schema: reportSchema,
  },
  "diff.schema.json": {
    title: "What differs between two images",
    schema: imageDiffSchema,
  },
};

/** Where the published schemas are. */
export const DOCS = new URL("../../docs/", import.meta.url);

/**
 * A published schema.
 *
 * @param file Its name below `docs/`.
 * @returns JSON, two spaces, with a line break at its end.
 */
export function reportJsonSchema(file: keyof typeof SCHEMAS): string {
  const { title, schema } = SCHEMAS[file];
  // As read: a later version may add what this one does not know.
  const published = z.toJSONSchema(schema, { io: "input" });
  return JSON.stringify({ title, ...published }, null, 2) + "\n";
}

if (import.meta.main) {
  for (const file of Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[]) {
    await Deno.writeTextFile(new URL(file, DOCS), reportJsonSchema(file));
  }
}
