/** Which Dockerfiles a build context holds, and what their variants are called. @module */
import { programName } from "../lib/own_file.ts";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UserError, whyUnreadable } from "../lib/errors.ts";
import { isFile, textOf } from "../lib/files.ts";
import { type Dockerfile, parseDockerfile } from "./parse_dockerfile.ts";

export interface VariantFile extends Dockerfile {
  /** As the reports call it, such as `multi-stage`. */
  name: string;
  dockerfile: string;
  text: string;
}

/** The variant that a Dockerfile's name, such as `Dockerfile.scratch`, stands for. */
export function variantName(file: string): string {
  if (file === "Dockerfile") return "single-stage";
  const suffix = file.replace(/^Dockerfile\./, "");
  return suffix === "multistage" ? "multi-stage" : suffix;
}

export function variantFile(dockerfile: string, text: string): VariantFile {
  const name = variantName(basename(dockerfile));
  return { name, dockerfile, text, ...parseDockerfile(text) };
}

/**
 * `Dockerfile` first, the rest by name; `files` are paths from the context or from
 * here.
 */
export async function findVariants(
  context: string,
  files: string[] = [],
): Promise<VariantFile[]> {
  const found = await list(context);
  const chosen = files.length === 0
    ? found.filter(isDockerfile).sort().map((name) => join(context, name))
    : await Promise.all(files.map((file) => locate(context, file)));
  if (chosen.length === 0) {
    const top = await workspaceTop(context);
    throw new UserError(`Cannot find a Dockerfile in "${context}"`, {
      next: top === undefined
        ? `${programName()} init ${context} writes some; --file names others`
        : `They are at the top of its workspace: ${programName()} --context ${top}`,
    });
  }
  const variants = await Promise.all(
    chosen.map(async (path) => variantFile(path, await read(path))),
  );
  for (const same of Map.groupBy(variants, ({ name }) => name).values()) {
    if (same.length === 1) continue;
    const paths = same.map(({ dockerfile }) => `"${dockerfile}"`);
    throw new UserError(
      `Cannot tell variants apart: ${paths.join(" and ")} are both "${
        same[0].name
      }"`,
      { next: "Rename one of the Dockerfiles" },
    );
  }
  return variants;
}

export async function variantNames(context: string): Promise<string[]> {
  return (await list(context)).filter(isDockerfile).map(variantName);
}

/** The folder above whose workspace it is in, if that has Dockerfiles. */
async function workspaceTop(context: string): Promise<string | undefined> {
  for (let folder = resolve(context); folder !== dirname(folder);) {
    folder = dirname(folder);
    const names = await list(folder).catch(() => []);
    const configs = await Promise.all(
      ["deno.json", "deno.jsonc", "package.json"]
        .map((name) => textOf(join(folder, name))),
    );
    if (configs.some((text) => /"workspaces?"\s*:/.test(text))) {
      return names.some(isDockerfile)
        ? relative(Deno.cwd(), folder) || "."
        : undefined;
    }
  }
}

function isDockerfile(name: string): boolean {
  return /^Dockerfile(\.[A-Za-z0-9][A-Za-z0-9._-]*)?$/.test(name) &&
    !name.endsWith(".dockerignore");
}

async function read(dockerfile: string): Promise<string> {
  try {
    return await Deno.readTextFile(dockerfile);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new UserError(`Cannot read the Dockerfile "${dockerfile}": ${why}`, {
      next: "A Dockerfile is a file of text that this user may read",
    });
  }
}

async function list(context: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(context)))
      .filter((item) => item.isFile || item.isSymlink).map((item) => item.name);
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new UserError(`Cannot read the context "${context}": ${why}`, {
      next: "Give the folder with the Dockerfiles with --context DIR",
    });
  }
}

async function locate(context: string, file: string): Promise<string> {
  for (const path of [join(context, file), file]) {
    if (await isFile(path)) return path;
  }
  throw new UserError(`Cannot find the Dockerfile "${file}"`, {
    next: `Give a path from "${context}" or from here`,
  });
}
