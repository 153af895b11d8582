/** Files of this project, on disk or in a package from a registry. @module */
import { fileURLToPath } from "node:url";
import own from "../../deno.json" with { type: "json" };
import { EXIT, messageOf, UserError } from "./errors.ts";

const ROOT = new URL("../../", import.meta.url);

/** Reads a file of this project; throws where a package's registry does not answer. */
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

/** Where the package has a schema of this version: editors check by it. */
export function schemaAddress(of: "contract" | "budget"): string {
  return `https://jsr.io/${own.name}/${own.version}/docs/${of}.schema.json`;
}

interface Call {
  /** Address of the project's or the package's root. */
  root: string;
  folder: string;
  /** Where the user stood, if it was called as a task. */
  from?: string;
}

function ownCall(): Call {
  const from = Deno.env.get("INIT_CWD");
  return { root: ROOT.href, folder: Deno.cwd(), ...from && { from } };
}

/** The project's folder; none in a package. */
function folderOf({ root }: Call): string | undefined {
  if (root.startsWith("file:")) return fileURLToPath(root).replace(/\/$/, "");
}

/** What the user types to call this tool once more. */
export function programName(call: Call = ownCall()): string {
  const { folder, from } = call;
  const path = folderOf(call);
  if (path === undefined) return `deno run -A jsr:${own.name}@${own.version}`;
  if ((from ?? folder) === path) return "deno task image";
  return from === undefined
    ? `deno run -A ${path}/scripts/image.ts`
    : `deno task --config ${path}/deno.json image`;
}

/** Where a page of the documentation is, for who called this tool. */
export function pageAddress(page: string, call: Call = ownCall()): string {
  const { root, folder, from } = call;
  const path = folderOf(call);
  if (path === undefined) return new URL(`docs/${page}`, root).href;
  return (from ?? folder) === path ? `docs/${page}` : `${path}/docs/${page}`;
}
