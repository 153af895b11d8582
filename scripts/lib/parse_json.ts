/**
 * Files that people write: read whole, and as JSON by a schema, with a message
 * that names the place and what was meant.
 *
 * @module
 */
import { z } from "zod";
import { messageOf, UserError } from "./errors.ts";
import { suggest } from "./suggest.ts";
import { formatBytes } from "./format.ts";

/**
 * Parses JSON and holds it against a schema.
 *
 * @param text The JSON.
 * @param file Its path, for messages.
 * @param schema What it has to look like.
 * @returns The parsed value, defaults filled in.
 * @throws {UserError} That lists every problem with its place.
 */
export function parseJson<T extends z.ZodType>(
  text: string,
  file: string,
  schema: T,
): z.output<T> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`Cannot parse "${file}": ${messageOf(cause)}`, {
      next: "Mend the JSON, or give another file",
      cause,
    });
  }
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describe(issue, schema)
  );
  throw new UserError(`Cannot use "${file}": ${problems[0]}`, {
    next: "Mend the file; its $schema lets an editor check it while you type",
    output: problems.length > 1 ? problems.join("\n") : undefined,
    cause: result.error,
  });
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  const place = issue.path.map(String).join(".") || "the top level";
  if (issue.code !== "unrecognized_keys") return [`${place}: ${issue.message}`];
  const known = keysAt(schema, issue.path);
  return issue.keys.map((key) => {
    const meant = suggest(key, known);
    return `${place}: unknown key "${key}"${
      meant ? `, did you mean "${meant}"?` : ""
    }`;
  });
}

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node;
  items?: Node;
  anyOf?: Node[];
}

/** The keys that the schema knows at a place in the data. */
function keysAt(schema: z.ZodType, path: PropertyKey[]): string[] {
  let nodes = [
    z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node,
  ];
  for (const step of path) {
    nodes = nodes.flatMap((node) => [node, ...node.anyOf ?? []])
      .map((node) =>
        typeof step === "number"
          ? node.items
          : node.properties?.[String(step)] ?? node.additionalProperties
      )
      .filter((node) => node !== undefined);
  }
  return nodes.flatMap((node) => [node, ...node.anyOf ?? []])
    .flatMap((node) => Object.keys(node.properties ?? {}));
}

/** Far beyond any contract, budget or report; text is held in memory. */
const LARGEST = 50_000_000;

/**
 * Reads a file.
 *
 * @param file Its path.
 * @throws {UserError} When it is no file, too large or cannot be read.
 */
export async function readText(file: string): Promise<string> {
  let why: string;
  try {
    const { isFile, isFifo, size } = await Deno.stat(file);
    // A pipe may be meant, as with --baseline <(git show main:report.json).
    if (isFifo || isFile && size <= LARGEST) {
      return await Deno.readTextFile(file);
    }
    why = isFile
      ? `it has ${formatBytes(size)}, more than ${formatBytes(LARGEST)}`
      : "it is no file";
  } catch (cause) {
    throw new UserError(`Cannot read "${file}"`, {
      next: "Check the path",
      cause,
    });
  }
  throw new UserError(`Cannot read "${file}": ${why}`, {
    next: "Check the path",
  });
}
