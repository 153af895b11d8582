/**
 * The part of a service's `deno.json` that its Dockerfiles depend on.
 *
 * @module
 */
import { join } from "node:path";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";
import { messageOf, UserError } from "../lib/errors.ts";

/** What is not listed is Deno's own business. */
const configSchema = z.object({
  name: z.string().optional(),
  license: z.string().optional(),
  exports: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  imports: z.record(z.string(), z.string()).default({}),
  tasks: z.record(
    z.string(),
    z.union([z.string(), z.object({ command: z.string().optional() })]),
  ).default({}),
  permissions: z.record(z.string(), z.unknown()).default({}),
  importMap: z.string().optional(),
  nodeModulesDir: z.union([z.string(), z.boolean()]).optional(),
  vendor: z.boolean().optional(),
});
/** What {@linkcode readConfig} returns. */
export type DenoConfig = z.output<typeof configSchema>;

/**
 * Reads `deno.json` or `deno.jsonc`.
 *
 * @param folder Folder of the service.
 * @param name The file's name; absent if the service has none.
 * @throws {UserError} If it is not what Deno would take.
 */
export async function readConfig(
  folder: string,
  name: string | undefined,
): Promise<DenoConfig> {
  if (name === undefined) return configSchema.parse({});
  const file = join(folder, name);
  const errors: ParseError[] = [];
  const data = parse(await read(file), errors, { allowTrailingComma: true });
  if (errors.length > 0) {
    const { error, offset } = errors[0];
    throw unusable(file, `${printParseErrorCode(error)} at offset ${offset}`);
  }
  const result = configSchema.safeParse(data);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw unusable(file, `${path.join(".") || "the top level"}: ${message}`);
}

function unusable(file: string, problem: string): UserError {
  return new UserError(`Cannot use "${file}": ${problem}`, {
    next: "Mend the file until `deno check` takes it",
  });
}

async function read(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new UserError(`Cannot read "${file}": ${messageOf(cause)}`, {
      next: "Check the path and its permissions",
      cause,
    });
  }
}
