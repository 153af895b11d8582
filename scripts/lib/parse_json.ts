/** Files that people write: JSON by a schema, with messages that help. @module */
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";
import { messageOf, UserError, whyUnreadable } from "./errors.ts";
import { suggest } from "./suggest.ts";
import { formatBytes } from "./format.ts";

/** Problems that are told of one file; a report of another kind has hundreds. */
const MOST_PROBLEMS = 20;

interface ParseOptions {
  /** What to do when it cannot be used. */
  next?: string;
  /** Takes comments and trailing commas, as Deno does in its configuration. */
  lenient?: boolean;
}

/** @throws {UserError} That lists the problems, each with its place and value. */
export function parseJson<T extends z.ZodType>(
  text: string,
  file: string,
  schema: T,
  { next = "Fix the file", lenient = false }: ParseOptions = {},
): z.output<T> {
  let data: unknown;
  try {
    data = parseText(text, lenient);
  } catch (error) {
    throw new UserError(`Cannot parse "${file}": ${messageOf(error)}`, {
      next,
    });
  }
  const result = schema.safeParse(data, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describe(issue, schema)
  );
  const [first, ...others] = problems;
  const more = problems.length - MOST_PROBLEMS;
  throw new UserError(
    `Cannot use "${file}": ${
      others.length > 0 ? `${problems.length} problems` : first
    }`,
    {
      next,
      output: others.length === 0 ? undefined : [
        ...problems.slice(0, MOST_PROBLEMS),
        ...more > 0 ? [`and ${more} more`] : [],
      ].join("\n"),
    },
  );
}

/** @throws {SyntaxError} Whose message is a clause with the place. */
function parseText(text: string, lenient: boolean): unknown {
  // Editors on Windows begin a file with a byte order mark.
  const json = text.replace(/^\ufeff/, "");
  if (json.trim() === "") throw new SyntaxError("it is empty");
  if (json.includes("\0")) throw new SyntaxError("it is binary, not JSON");
  const errors: ParseError[] = [];
  const data = parse(json, errors, {
    disallowComments: !lenient,
    allowTrailingComma: lenient,
  });
  if (errors.length === 0) return lenient ? data : JSON.parse(json);
  const [{ offset, length }] = errors;
  const before = json.slice(0, offset).split("\n");
  throw new SyntaxError(
    `line ${before.length}, column ${before[before.length - 1].length + 1}: ${
      complaint(errors[0], json.slice(offset, offset + length))
    }`,
  );
}

/** A code such as `CommaExpected` as words. */
function complaint({ error }: ParseError, found: string): string {
  const code = printParseErrorCode(error);
  if (code === "InvalidCommentToken") return "JSON has no comments";
  const words = code.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
  return `${words}, found ${found === "" ? "the end" : excerpt(found)}`;
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  const place = issue.path.map(String).join(".") || "the top level";
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const meant = suggest(key, known);
      const hint = meant ? `, did you mean "${meant}"?` : "";
      return `${place}: unknown key "${key}"${hint}`;
    });
  }
  const key = issue.code === "invalid_key" ? issue.path.at(-1) : undefined;
  const found = excerpt(key ?? issue.input);
  return [`${place}: ${expectedBy(issue)}, found ${found}`];
}

/** What an issue says was expected, without the validator's own words. */
function expectedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_key") return expectedBy(issue.issues[0]);
  if (issue.code === "invalid_union" && issue.message === "Invalid input") {
    return issue.errors.map(([first]) => expectedBy(first)).join(" or ");
  }
  return issue.message
    .replace(/^(?:Invalid \w+|Too small|Too big): /, "")
    .replace(/, received .*$/, "");
}

/** A value as JSON, cut to what fits into a message. */
function excerpt(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
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
  const all = () => nodes.flatMap((node) => [node, ...node.anyOf ?? []]);
  for (const step of path) {
    nodes = all().flatMap(({ items, properties, additionalProperties }) =>
      (typeof step === "number"
        ? items
        : properties?.[String(step)] ?? additionalProperties) ?? []
    );
  }
  return all().flatMap(({ properties = {} }) => Object.keys(properties));
}

/** Far beyond any contract, budget or report; text is held in memory. */
const LARGEST = 50_000_000;

/** @throws {UserError} When it is no file, too large or cannot be read. */
export async function readText(file: string): Promise<string> {
  const cannot = (why: string) =>
    new UserError(`Cannot read "${file}": ${why}`, { next: "Check the path" });
  try {
    const { isFile, isDirectory, isFifo, size } = await Deno.stat(file);
    if (isDirectory) throw cannot("it is a folder");
    // A pipe may be meant, as with --baseline <(git show main:report.json).
    if (!isFile && !isFifo) throw cannot("it is no file");
    if (size > LARGEST) {
      const most = formatBytes(LARGEST);
      throw cannot(`it has ${formatBytes(size)}, more than ${most}`);
    }
    return await Deno.readTextFile(file);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw cannot(whyUnreadable(cause));
  }
}
