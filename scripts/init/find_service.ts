/**
 * Finds out about the service in a folder: from its `deno.json`, `package.json`
 * and workspace, its tasks, its permissions and the modules that it imports.
 * Nothing of it is run.
 *
 * @module
 */
import { basename, join } from "node:path";
import { UserError } from "../lib/errors.ts";
import { chooseEntry, type Entry } from "./choose_entry.ts";
import {
  findCopies,
  findData,
  findLeftOut,
  findState,
  findTests,
} from "./find_files.ts";
import {
  findPermissions,
  mayAsk,
  type Permissions,
  reachableHosts,
} from "./permissions.ts";
import { readPrivate } from "./private_files.ts";
import { exportsFetch, type Hints, listens, readHints } from "./read_hints.ts";
import { type Modules, readModules } from "./read_modules.ts";
import {
  type DenoConfig,
  lockFile,
  type Project,
  readConfig,
  readProject,
} from "./read_project.ts";

/**
 * A Deno service, as the templates ask for it. Paths are relative to the top of
 * the project; where it says so, to the folder that the service is run in.
 */
export interface Service {
  /** Name of the binary, and the image's title. */
  name: string;
  description: string;
  /** An SPDX expression, if the configuration states one. */
  license?: string;
  /** The folder that it is run in; empty for the top. */
  folder: string;
  /** Module that is compiled, from {@linkcode folder}. */
  entry: string;
  /** Module that {@linkcode entry} was written for, from there too. */
  served?: string;
  /** The program's own arguments. */
  args: string[];
  /** How modules are found: `--node-modules-dir=manual` and its like. */
  resolution: string[];
  /** What it is run with: permissions and unstable features. */
  flags: string[];
  /** Modules that are written beside it and loaded first. */
  preloads: string[];
  /** Files and folders that are embedded, from {@linkcode folder}. */
  includes: string[];
  /** Files and folders that lie beside it in the image, from there too. */
  beside: string[];
  /** Folders that it writes, from there too: each is a volume's place. */
  state: string[];
  /** Whether there is a lock file, so that the build can insist on it. */
  locked: boolean;
  /** Files that go to the build: configuration first, then modules. */
  files: string[];
  /** Folders that go to the build, without a slash at the end. */
  folders: string[];
  /** Paths in them that do not. */
  leftOut: { path: string; why: string }[];
  /** Test files and the flags they are run with; none: no test stage. */
  tests: string[];
  testFlags: string[];
  port: number;
  /** Whether `<binary> healthcheck` asks the running service. */
  healthcheck: boolean;
  /** Path that tells whether it is well. */
  healthPath: string;
  /** Whether HEAD is known to be answered as GET is. */
  answersHead: boolean;
  /** Hosts that it may reach; `true` for any. */
  egress: true | string[];
  /** Variables that it does not start without, and values to try it with. */
  env: Record<string, string>;
}

/** A service, and where each thing known about it comes from. */
export interface Found {
  /** The context of the build: the folder, or the workspace above it. */
  root: string;
  service: Service;
  /** Modules to write beside it: name of a template to path from the top. */
  written: { template: string; path: string }[];
  reasons: { what: string; value: string; source: string }[];
  /** What its owner should know. */
  notes: string[];
}

/** Packages whose servers are those of `node:http`. */
const NODE_SERVERS =
  /["'`](?:node:https?|https?|express|fastify|koa|connect|restify|polka|@hapi\/hapi|@nestjs\/core|@hono\/node-server)["'`]/;
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
  const project = await readProject(folder);
  const { root } = project;
  const chosen = await chooseEntry(project, wanted, look(root));
  const { member, command } = chosen;
  const inRoot = (path: string) => join(member.folder, path);
  const extra = await optionsOf(root, chosen);
  const top = project.members[0].config;
  const config: DenoConfig = {
    ...member.config,
    ...extra.config,
    permissions: {
      ...top.permissions,
      ...member.config.permissions,
      ...extra.config?.permissions,
    },
  };
  const permissions = findPermissions(config, command, chosen.isNode);
  const modules = await readModules(root, inRoot(chosen.entry), extra.graph);
  const isServed = command?.verb === "serve" ||
    !listens(modules.sources) && exportsFetch(modules.sources[0]);
  const hints = readHints(modules.sources, [
    ...command?.args ?? [],
    ...portOption(command?.options.get("port")),
  ]);

  const state = findState(permissions, modules, member.folder);
  const whyPrivate = await readPrivate(root, state.map(inRoot));
  const data = await findData(chosen, permissions, modules, {
    root,
    whyPrivate,
  });
  permissions.flags.push(...unread(permissions, chosen, data.beside));

  const written: Found["written"] = [];
  const write = (template: string, name: string) => {
    written.push({ template, path: inRoot(name) });
    return name;
  };
  const entry = isServed ? write("serve", "container_serve.ts") : chosen.entry;
  const preloads: string[] = [];
  const asks = !hints.healthcheck && mayAsk(permissions, hints.port);
  if (asks) preloads.push(write("health", "container_health.ts"));
  if (!hints.stops) {
    const isNode = !isServed && NODE_SERVERS.test(modules.sources.join("\n"));
    preloads.push(write(isNode ? "stop_node" : "stop", "container_stop.ts"));
  }

  const lock = lockFile({ ...top, ...config, lock: config.lock ?? top.lock });
  const locked = lock !== undefined && await isThere(join(root, lock));
  const tests = await findTests(root, member, modules, whyPrivate);
  const needed = [
    ...modules.paths,
    ...[...data.includes, ...data.beside].map(inRoot),
    ...extra.files,
    ...top.importMap ? [top.importMap.replace(/^\.\//, "")] : [],
    ...written.map(({ path }) => path),
  ];
  const { files, folders } = await findCopies(project, needed, [
    ...project.members.flatMap(({ files }) => files),
    ...locked ? [lock] : [],
  ]);
  if (modules.packages.has("npm")) folders.push("node_modules");
  const vendors = config.vendor ?? top.vendor ?? false;
  const isRemote = ["jsr", "https"] as const;
  if (vendors && isRemote.some((kind) => modules.packages.has(kind))) {
    folders.push("vendor");
  }
  const leftOut = [
    ...data.leftOut,
    ...tests.leftOut,
    ...await findLeftOut(root, folders, needed, whyPrivate),
  ];
  refuseSpaces([...files, ...folders, ...tests.files, entry]);

  const named = config.name ?? member.npm.name;
  const name = binaryName(named ?? basename(join(root, member.folder)));
  const env = await exampleEnv(join(root, member.folder), chosen, hints);
  const service: Service = {
    name,
    description: "A Deno service",
    license: config.license ?? member.npm.license,
    folder: member.folder,
    entry,
    ...isServed ? { served: chosen.entry } : {},
    args: command?.args ?? [],
    resolution: resolutionOf(project, chosen, config, modules),
    flags: permissions.flags,
    preloads,
    includes: data.includes,
    beside: data.beside,
    state,
    locked,
    files,
    folders: folders.sort(),
    leftOut: leftOut.filter(({ path }, at, all) =>
      all.findIndex((other) => other.path === path) === at
    ),
    tests: tests.files,
    testFlags: tests.flags ?? permissions.flags,
    port: hints.port,
    healthcheck: hints.healthcheck || asks,
    healthPath: hints.healthPath,
    answersHead: !hints.looksAtMethod,
    egress: reachableHosts(permissions),
    env,
  };
  const sources = {
    name: named === undefined ? "the folder's name" : "its configuration",
    entry: chosen.source,
    permissions: permissions.source,
    port: hints.portSource,
  };
  const notes = [
    ...modules.missing.map((name) =>
      `Its import ${name} is out of reach here: where it is in reach, set "vendor": true and run deno install`
    ),
    ...notesOf(service, hints, chosen),
  ];
  return {
    root,
    service,
    written,
    reasons: reasonsOf(service, sources),
    notes,
  };
}

/** What Node reads without asking has to be permitted; so has what it writes. */
function unread(
  { read }: Permissions,
  { isNode }: Entry,
  beside: string[],
): string[] {
  if (!isNode || read === true || beside.length === 0) return [];
  const paths = beside.map((path) => path.replace(/\/$/, ""));
  return [`--allow-read=${paths.join(",")}`];
}

/** What the task says of configuration, import map and lock. */
async function optionsOf(root: string, { member, command }: Entry) {
  const path = (name: string) => command?.options.get(name);
  const [config, map] = [path("config"), path("import-map")];
  const place = (file: string) => join(member.folder, file);
  const files = [config, map].filter((file) => file !== undefined).map(place);
  return {
    files,
    /** For `deno info`, which runs at the top. */
    graph: [
      ...config ? ["--config", join(root, place(config))] : [],
      ...map ? ["--import-map", join(root, place(map))] : [],
    ],
    config: config === undefined
      ? undefined
      : await readConfig(join(root, place(config))),
  };
}

/** Flags that make the build find modules as the service's own runs do. */
function resolutionOf(
  { members: [top, ...others] }: Project,
  { member, command, entry }: Entry,
  { nodeModulesDir }: DenoConfig,
  { packages, commonJs, unseen }: Modules,
): string[] {
  const flag = (name: string) => {
    const value = command?.options.get(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  };
  const hasPackageJson = [top, ...others].some(({ files }) =>
    files.some((file) => file.endsWith("package.json"))
  );
  const isManual = (nodeModulesDir ?? top.config.nodeModulesDir) === "manual";
  const type = member.npm.type ?? top.npm.type;
  return [
    ...flag("config"),
    ...flag("import-map"),
    ...packages.has("npm") && !isManual ? ["--node-modules-dir=manual"] : [],
    ...commonJs && type === undefined && !/\.c[jt]s$/.test(entry)
      ? ["--unstable-detect-cjs"]
      : [],
    // Types of Node and of packages may not be installed, and those of workers
    // are others than the program's.
    ...packages.has("node") || unseen.length > 0 ||
        packages.has("npm") && hasPackageJson
      ? ["--no-check"]
      : [],
  ];
}

/** Variables of `--env-file` or of an example that are read without a fallback. */
async function exampleEnv(
  folder: string,
  { command }: Entry,
  { env }: Hints,
): Promise<Record<string, string>> {
  const read = async (name: string) =>
    await Deno.readTextFile(join(folder, name)).catch(() => "");
  const values = new Map<string, string>();
  const add = (text: string, isExample: boolean) => {
    for (const [, name, value] of text.matchAll(/^(?:export )?(\w+)=(.*)$/gm)) {
      const shown = isExample ? value.replace(/^(["'])(.*)\1$/, "$2") : "";
      values.set(name, shown.trim() || values.get(name) || "example");
    }
  };
  const file = command?.options.get("env-file");
  // Of the real one only the names: its values are secrets.
  if (file !== undefined) add(await read(file || ".env"), false);
  for (const name of [".env.example", ".env.sample", ".env.template"]) {
    add(await read(name), true);
  }
  return Object.fromEntries([...values].filter(([name]) => env.includes(name)));
}

function reasonsOf(
  service: Service,
  sources: Record<"name" | "entry" | "permissions" | "port", string>,
): Found["reasons"] {
  const { name, folder, files, folders, includes, beside, state } = service;
  const rows: [what: string, value: string, source: string][] = [
    ["name", name, sources.name],
    ["folder", folder, "a member of the workspace"],
    ["entry", [service.entry, ...service.args].join(" "), sources.entry],
    ["permissions", service.flags.join(" "), sources.permissions],
    [
      "copied",
      [...files, ...folders.map((path) => `${path}/`)].join(" "),
      "what the entry imports and reads",
    ],
    ["embedded", includes.join(" "), "read relative to a module, or workers"],
    ["beside it", beside.join(" "), "read relative to the working directory"],
    ["writes", state.map((path) => `${path}/`).join(" "), "state, in no image"],
    ["tests", service.tests.join(" "), "their names"],
    ["port", String(service.port), sources.port],
    ["health path", service.healthPath, "strings in its modules"],
    [
      "health check",
      service.healthcheck ? `/${name} healthcheck` : "",
      service.preloads.includes("container_health.ts")
        ? "container_health.ts"
        : "strings in its modules",
    ],
    ...service.leftOut.map(({ path, why }) =>
      ["left out", path, why] as [string, string, string]
    ),
  ];
  return rows.filter(([, value]) => value !== "")
    .map(([what, value, source]) => ({ what, value, source }));
}

/** What its owner should know, or could make tighter. */
function notesOf(
  { egress, healthcheck, state, beside, folders, env, port, served }: Service,
  { loopback, readsPort, cannot }: Hints,
  { command, isNode }: Entry,
): string[] {
  const notes = [...cannot];
  const file = command?.options.get("env-file");
  if (file !== undefined) {
    notes.push(
      `${file || ".env"} is in no image: give it with docker run --env-file`,
    );
  }
  if (Object.keys(env).length > 0) {
    notes.push(
      `contract.json sets ${
        Object.keys(env).join(", ")
      } to try the images: check the values`,
    );
  }
  if (egress === true) {
    notes.push(
      "It may connect to any host: name hosts in --allow-net, then egress in contract.json",
    );
  }
  if (isNode) {
    notes.push(
      "Node asks for no permissions: add what it lacks to deno compile",
    );
  }
  if (loopback) {
    notes.push(
      "It listens on 127.0.0.1, where nothing outside its container reaches it: listen on 0.0.0.0",
    );
  }
  if (!readsPort && served === undefined) {
    notes.push(`PORT does not change its port, ${port}`);
  }
  if (!healthcheck) {
    notes.push(
      "No HEALTHCHECK: its permissions do not let it ask itself; allow 127.0.0.1",
    );
  }
  if (state.includes(".") && beside.length > 0) {
    notes.push(
      "It writes into its working directory: a volume there hides the files beside it; write into a folder of its own",
    );
  }
  if (folders.includes("node_modules")) {
    notes.push(
      "node_modules/ is filled by deno task image where it is missing; before a plain build: deno install",
    );
  }
  return notes;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function portOption(port: string | undefined): string[] {
  return port === undefined ? [] : ["--port", port];
}

/** Looks at a project for {@linkcode chooseEntry}. */
function look(root: string) {
  const isFile = (path: string) =>
    Deno.stat(join(root, path)).then((file) => file.isFile, () => false);
  return {
    exists: isFile,
    async serves(entry: Entry) {
      const { graph } = await optionsOf(root, entry);
      const path = join(entry.member.folder, entry.entry);
      const { paths, sources } = await readModules(root, path, graph);
      const serves = entry.command?.verb === "serve" || listens(sources) ||
        exportsFetch(sources[0]);
      return { serves, modules: paths };
    },
  };
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
