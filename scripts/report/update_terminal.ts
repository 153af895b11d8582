/**
 * What `deno task image update` prints: a line for each base image, what could
 * not be found out, and the lines that were changed.
 *
 * @module
 */
import { printable } from "../format.ts";
import type { Update, UpdateImage } from "../update_schema.ts";
import { indent, table, type TerminalStyle, terminalStyle } from "./table.ts";
import { clipMiddle, wrap } from "./text_width.ts";

/** A line of a Dockerfile that was replaced. */
export interface ChangedLine {
  dockerfile: string;
  before: string;
  after: string;
}

/**
 * Renders base images.
 *
 * @param update What is known of them.
 * @param changes What `--write` changed.
 * @param options Width of the terminal, and whether it has colours.
 */
export function updateTerminal(
  { images }: Update,
  changes: ChangedLine[],
  options: { columns: number; color: boolean },
): string {
  const style = terminalStyle(options);
  if (images.length === 0) return "The Dockerfiles are built on no image\n";
  const room = Math.max(24, style.columns - 48);
  const rows = images.map((image) => [
    clipMiddle(printable(image.reference.replace(/@.*/, "")), room),
    short(image.pinned),
    short(image.current),
    stateOf(image, style),
    printable(image.newerTag ?? "–"),
  ]);
  const parts = [
    table(
      ["Base image", "Pinned", "Registry", "", "Newer tag"],
      rows,
      [],
      style,
    ),
    ...images.flatMap(({ reference, problem }) =>
      problem === undefined ? [] : [told(`${reference}: ${problem}`, style)]
    ),
    ...changesOf(changes, style),
  ];
  return parts.join("\n\n") + "\n";
}

/** As engines shorten digests. */
function short(digest: string | undefined): string {
  return digest?.slice("sha256:".length, "sha256:".length + 12) ?? "–";
}

function stateOf(
  { status, written }: UpdateImage,
  { colors }: TerminalStyle,
): string {
  if (written !== undefined) return colors.green("written");
  return status === "current" ? colors.green(status) : colors.yellow(status);
}

function told(text: string, { columns, colors }: TerminalStyle): string {
  const [first, ...rest] = wrap(printable(text), Math.max(20, columns - 9));
  return [
    `${colors.red("PROBLEM")}  ${first}`,
    ...rest.map((line) => indent(line, 9)),
  ].join("\n");
}

function changesOf(
  changes: ChangedLine[],
  { colors }: TerminalStyle,
): string[] {
  const files = new Set(changes.map(({ dockerfile }) => dockerfile));
  return [...files].map((file) =>
    [
      colors.bold(printable(file)),
      ...changes.filter(({ dockerfile }) => dockerfile === file)
        .flatMap(({ before, after }) => [
          colors.red(`- ${printable(before)}`),
          colors.green(`+ ${printable(after)}`),
        ]),
    ].join("\n")
  );
}
