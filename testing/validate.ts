/**
 * Validates documents with the libraries of those who define their formats. They
 * run as programs with a configuration and a lock file of their own: Deno loads
 * every package of a lock file, and the tool itself needs none of these.
 *
 * @module
 */

/** Formats with a program in `schemas/`. */
type Format = "bom" | "kubernetes" | "workflow";

/**
 * Validates documents of one format.
 *
 * @returns What is wrong with each, `null` for a valid one.
 */
export async function validate(
  format: Format,
  documents: unknown[],
): Promise<unknown[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      `${import.meta.dirname}/schemas/${format}.ts`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(documents)));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error(`The validator of ${format} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
