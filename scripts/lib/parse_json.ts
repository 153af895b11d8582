/**
 * JSON that people write or keep (a contract, a budget, an earlier report), held
 * against its schema, with messages that say where and what was meant.
 *
 * @module
 */
import { z } from "zod";
import { messageOf, UserError } from "./errors.ts";
import { suggest } from "./suggest.ts";

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
