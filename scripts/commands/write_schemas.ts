/** The JSON Schemas of `docs/`: run as a program it writes them. @module */
import { z } from "zod";
import { budgetSchema } from "../budget/budget.ts";
import { contractSchema } from "../check/contract_schema.ts";
import { imageDiffSchema } from "../inspect/diff_images.ts";
import { reportSchema } from "../report/report_schema.ts";

export const DOCS = new URL("../../docs/", import.meta.url);

const PUBLISHED: Record<string, [title: string, schema: z.ZodType]> = {
  "report.schema.json": [
    "What deno-small-image found out about the variants of an image",
    reportSchema,
  ],
  "diff.schema.json": ["What differs between two images", imageDiffSchema],
  "contract.schema.json": ["What a service promises over HTTP", contractSchema],
  "budget.schema.json": ["Limits for images", budgetSchema],
};

/** JSON by file below `docs/`; what has a default is optional. */
export function publishedSchemas(): Map<string, string> {
  return new Map(
    Object.entries(PUBLISHED).map(([file, [title, schema]]) => {
      const published = z.toJSONSchema(schema, { io: "input" });
      return [file, JSON.stringify({ title, ...published }, null, 2) + "\n"];
    }),
  );
}

if (import.meta.main) {
  for (const [file, text] of publishedSchemas()) {
    await Deno.writeTextFile(new URL(file, DOCS), text);
  }
}
