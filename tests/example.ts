/**
 * What the tests of the examples share: `deno` in a folder, the tool on a
 * context, and an engine to do it on.
 *
 * @module
 */
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, messageOf, UserError } from "../scripts/lib/errors.ts";
import { parseReport } from "../scripts/report/write_reports.ts";
import type { Report } from "../scripts/report/report_schema.ts";
import { folder, image } from "./command_line.ts";

/** The folder of the examples. */
export const EXAMPLES = join(import.meta.dirname ?? ".", "../examples");

/** Runs this `deno` in a folder; what it says is the error when it fails. */
export async function deno(cwd: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const said = `${decode(stderr)}${decode(stdout)}`;
  throw new Error(`deno ${args.join(" ")} in ${cwd} failed:\n${said}`);
}

/** Builds and checks a context; fails when anything in it fails. */
export async function build(
  context: string,
  ...args: string[]
): Promise<Report> {
  await using out = await folder({});
  const { code, stdout, stderr } = await image([
    ...["--context", context, "--bases", "packages", "--quick"],
    ...["--out", out.path, "--json", ...args],
  ]);
  if (code !== EXIT.ok) throw new Error(stderr + stdout);
  return parseReport(stdout, "stdout");
}

async function prepareEngine() {
  try {
    const engine = await findEngine();
    await assembleBases({ engine });
    return { engine };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: messageOf(error) };
  }
}

/** An engine with bases on it, or the reason why there is none. */
export const { engine, reason: noEngine } = await prepareEngine();

/** Registers a test; it is skipped, and says why, where something is lacking. */
export function test(
  name: string,
  reason: string | undefined,
  fn: () => Promise<void>,
) {
  const skipped = reason ? ` (skipped: ${reason})` : "";
  Deno.test({ name: name + skipped, ignore: reason !== undefined, fn });
}

/** Removes what {@linkcode build} has built. */
export async function removeImages(report: Report): Promise<void> {
  for (const { image } of report.variants) {
    await engine?.remove(image.reference);
  }
}

/** Copies a folder with its links as links. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-r", from, to] })
    .output();
  if (!success) throw new Error(`Cannot copy "${from}"`);
}

/** A copy of a context with another configuration; removed with its scope. */
export async function changed(
  context: string,
  change: (config: Config) => void,
) {
  const copy = await folder({});
  await copyFolder(`${context}/.`, copy.path);
  const config = await readConfig(context);
  change(config);
  const text = JSON.stringify(config);
  await Deno.writeTextFile(join(copy.path, "deno.json"), text);
  return copy;
}

/** What the tests read and change of a `deno.json`. */
interface Config {
  imports: Record<string, string>;
  permissions: { serve: { net: string[] } };
}

/** Reads the `deno.json` of a folder. */
export async function readConfig(folder: string): Promise<Config> {
  return JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
}
