/**
 * Files of this project that its code reads. In a package from a registry no
 * module is a file, and neither is what lies beside it.
 *
 * @module
 */
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
