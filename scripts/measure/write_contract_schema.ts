/**
 * The JSON Schema that editors check a `contract.json` with. Run as a program it
 * writes `docs/contract.schema.json`; a test holds that file to it.
 *
 * @module
 */
import { z } from "zod";
import { contractSchema } from "./contract_schema.ts";

/** Where the published schema is. */
export const SCHEMA_FILE = new URL(
  "../../docs/contract.schema.json",
  import.meta.url,
);

/**
 * The schema of a contract as people write it: what has a default is optional.
 *
 * @returns JSON, two spaces, with a line break at its end.
 */
export function contractJsonSchema(): string {
  const schema = {
    title: "What a service promises over HTTP",
    ...z.toJSONSchema(contractSchema, { io: "input" }),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) {
  await Deno.writeTextFile(SCHEMA_FILE, contractJsonSchema());
}
