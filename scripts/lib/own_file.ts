/**
 * Files of this project that its code reads. In a package from a registry no
 * module is a file, and neither is what lies beside it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import own from "../../deno.json" with { type: "json" };
import { EXIT, messageOf, UserError } from "./errors.ts";

/** The root of the project or package. */
const ROOT = new URL("../../", import.meta.url);

/**
 * Reads a file of this project, from disk or from where the package came from.
 *
 * @param path From the project's root.
 * @throws {UserError} When the package's registry does not answer.
 */
export async function ownFile(path: string, root = ROOT): Promise<string> {
  const url = new URL(path, root);
  if (url.protocol === "file:") return await Deno.readTextFile(url);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.text();
  } catch (cause) {
    throw new UserError(`Cannot read "${url}": ${messageOf(cause)}`, {
      next: "Check the network, or run the tool from a clone",
      exitCode: EXIT.environment,
      cause,
    });
  }
}

/**
 * Where a schema of this version is, which is part of the package: editors check
 * and complete by it.
 */
export function schemaAddress(of: "contract" | "budget"): string {
  return `https://jsr.io/${own.name}/${own.version}/docs/${of}.schema.json`;
}

/** How this tool was called. */
interface Call {
  /** Address of the project's or the package's root. */
  root: string;
  /** Folder of this process. */
  folder: string;
  /** Where the user stood, if it was called as a task. */
  from?: string;
}

function ownCall(): Call {
  const from = Deno.env.get("INIT_CWD");
  return { root: ROOT.href, folder: Deno.cwd(), ...from ? { from } : {} };
}

/** What the user types to call this tool once more. */
export function programName({ root, folder, from }: Call = ownCall()): string {
  if (!root.startsWith("file:")) {
    return `deno run -A jsr:${own.name}@${own.version}`;
  }
  const path = fileURLToPath(root).replace(/\/$/, "");
  if ((from ?? folder) === path) return "deno task image";
  return from === undefined
    ? `deno run -A ${path}/scripts/image.ts`
    : `deno task --config ${path}/deno.json image`;
}

/** Where a page of the documentation is, for who called this tool. */
export function pageAddress(
  page: string,
  { root, folder, from }: Call = ownCall(),
): string {
  const path = root.startsWith("file:")
    ? fileURLToPath(root).replace(/\/$/, "")
    : undefined;
  return (from ?? folder) === path
    ? `docs/${page}`
    : path === undefined
    ? new URL(`docs/${page}`, root).href
    : `${path}/docs/${page}`;
}
