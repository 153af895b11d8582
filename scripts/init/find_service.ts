/**
 * Finds out about the service in a folder: from its `deno.json`, its tasks, its
 * permissions and the modules that it imports. Nothing of it is run.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import { UserError } from "../lib/errors.ts";
import { chooseEntry } from "./choose_entry.ts";
import { findFlags } from "./find_flags.ts";
import { type DenoConfig, readConfig } from "./read_config.ts";
import { readGraph } from "./read_graph.ts";
import { readSource } from "./read_source.ts";
import type { Service } from "./service.ts";

/** A service, and where each thing known about it comes from. */
export interface Found {
  service: Service;
  reasons: { what: string; value: string; source: string }[];
}

/**
 * Finds the service of a folder.
 *
 * @param folder The folder.
 * @param wanted Its entry point, if it was named.
 * @throws {UserError} If it has none, or one that cannot be built as it is.
 */
export async function findService(
  folder: string,
  wanted?: string,
): Promise<Found> {
  const items = await list(folder);
  const config = ["deno.json", "deno.jsonc"].find((name) => items.has(name));
  const settings = await readConfig(folder, config);
  const exists = (path: string) =>
    Deno.stat(join(folder, path)).then((file) => file.isFile, () => false);
  const { entry, source, command } = await chooseEntry(
    settings,
    wanted,
    exists,
  );
  const permissions = findFlags(settings, command);
  const graph = await readGraph(folder, entry);
  const hints = readSource(graph.sources);

  const included = [...command?.includes ?? [], ...permissions.reads]
    .filter((path) => items.has(path.split("/")[0]))
    .map((path) => items.get(path) === "folder" ? `${path}/` : path);
  const includes = [...new Set(included)];
  const vendored = settings.vendor ? ["vendor"] : [];
  if (usesFolder(settings)) vendored.push("node_modules");
  const read = [...graph.modules, ...includes, settings.importMap ?? []].flat()
    .map((path) => path.replace(/^\.\//, "").split("/")[0]);
  const isFolder = (name: string) => items.get(name) === "folder";
  const configuration = [config, "deno.lock"]
    .filter((name) => name !== undefined && items.has(name)) as string[];
  const files = [
    ...configuration,
    ...new Set(read.filter((name) => !isFolder(name)).sort()),
  ];
  const folders = [...new Set([...read.filter(isFolder), ...vendored])].sort();
  const tests = [...items.keys()]
    .filter((name) => /_test\.[cm]?[jt]sx?$/.test(name)).sort();
  refuseSpaces([...files, ...folders, ...tests, ...includes, entry]);

  const name = binaryName(settings.name ?? basename(resolve(folder)));
  const service: Service = {
    name,
    description: "A Deno service",
    license: settings.license,
    entry,
    flags: permissions.flags,
    includes,
    locked: files.includes("deno.lock"),
    files,
    folders,
    tests,
    port: hints.port,
    healthcheck: hints.healthcheck,
    healthPath: hints.healthPath,
  };
  const copied = [...files, ...folders.map((name) => `${name}/`)].join(" ");
  const healthcheck = hints.healthcheck ? `/${name} healthcheck` : "";
  const reasons = [
    ["name", name, settings.name ? `${config}` : "the folder's name"],
    ["entry", entry, source],
    ["permissions", permissions.flags.join(" "), permissions.source],
    ["copied", copied, "what the entry imports and embeds"],
    ["embedded", includes.join(" "), "what it may read, or is compiled with"],
    ["tests", tests.join(" "), "their names"],
    ["port", String(hints.port), hints.portSource],
    ["health path", hints.healthPath, "strings in its modules"],
    ["health check", healthcheck, "strings in its modules"],
  ].filter(([, value]) => value !== "")
    .map(([what, value, source]) => ({ what, value, source }));
  return { service, reasons };
}

/** Whether npm packages come to the build from a folder beside the service. */
function usesFolder(settings: DenoConfig): boolean {
  const { imports, nodeModulesDir = "none", vendor = false } = settings;
  return Object.values(imports).some((target) => target.startsWith("npm:")) &&
    (vendor || !["none", false].includes(nodeModulesDir));
}

async function list(folder: string): Promise<Map<string, "file" | "folder">> {
  try {
    const items = await Array.fromAsync(Deno.readDir(folder));
    return new Map(
      items.map((item) => [item.name, item.isDirectory ? "folder" : "file"]),
    );
  } catch (cause) {
    throw new UserError(`Cannot read the folder "${folder}"`, {
      next: "Give the folder of a Deno service: deno task image init DIR",
      cause,
    });
  }
}

/** `COPY a b ./` takes words; a name with a space would be two. */
function refuseSpaces(paths: string[]): void {
  const odd = paths.find((path) => /[\s"'\\$*?[\]]/.test(path));
  if (odd === undefined) return;
  throw new UserError(`Cannot copy ${JSON.stringify(odd)} in a Dockerfile`, {
    next: "Rename it without spaces, quotes and wildcards",
  });
}

/** `@scope/My Service` is `my-service`. */
function binaryName(name: string): string {
  return name.replace(/^@[^/]*\//, "").toLowerCase()
    .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "service";
}
