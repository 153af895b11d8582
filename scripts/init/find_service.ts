/**
 * Finds out about the service in a folder, and how it is told to its owner. Nothing
 * of it is run.
 *
 * @module
 */
import { basename, join, normalize } from "node:path";
import { UserError } from "../lib/errors.ts";
import { isThere, textOf } from "../lib/files.ts";
import { chooseEntry, type Chosen, type Entry } from "./choose_entry.ts";
import {
  ENV_EXAMPLES,
  findCopies,
  findData,
  findLeftOut,
  findState,
  findTests,
  mentionsOf,
  readPrivate,
} from "./find_files.ts";
import { codeFlags, type Hints, readHints } from "./read_hints.ts";
import {
  type DenoConfig,
  findPermissions,
  lockFile,
  mayAsk,
  type Project,
  reachableHosts,
  readProject,
} from "./read_project.ts";

export type Found = Awaited<ReturnType<typeof findService>>;
/** A Deno service, as the templates ask for it. */
export type Service = Found["service"];

/** Packages whose servers are those of `node:http`. */
const NODE_SERVERS =
  /["'`](?:node:https?|https?|express|fastify|koa|connect|restify|polka|@hapi\/hapi|@nestjs\/core|@hono\/node-server)["'`]/;

/**
 * Paths of a service are relative to its folder unless told otherwise.
 *
 * @param wanted Its entry point, if it was named.
 * @throws {UserError} If it has none, or one that cannot be built as it is.
 */
export async function findService(folder: string, wanted?: string) {
  const project = await readProject(folder);
  const { root } = project;
  const chosen = await chooseEntry(project, wanted);
  const { member, command, modules, isServed } = chosen;
  const inRoot = (path: string) => join(member.folder, path);
  const top = project.members[0].config;
  const config: DenoConfig = {
    lock: top.lock,
    nodeModulesDir: top.nodeModulesDir,
    vendor: top.vendor,
    ...member.config,
    ...chosen.config,
    permissions: {
      ...top.permissions,
      ...member.config.permissions,
      ...chosen.config?.permissions,
    },
  };
  const permissions = findPermissions(
    config,
    command,
    chosen.isNode,
    codeFlags(modules),
  );
  const port = command?.options.get("port");
  const hints = readHints(modules.sources, [
    ...command?.args ?? [],
    ...port === undefined ? [] : ["--port", port],
  ]);

  const mentions = mentionsOf(modules, member.folder);
  const { state, written: writes } = findState(permissions, mentions);
  const whyPrivate = await readPrivate(root, writes.map(inRoot));
  const data = await findData(
    chosen,
    permissions,
    mentions,
    root,
    whyPrivate,
  );
  if (permissions.isGuess) {
    permissions.flags.push(...fileFlags(data.beside, state, hints.readsAny));
  }

  /** Modules to write beside it: name of a template to path from the top. */
  const written: { template: string; path: string }[] = [];
  const write = (template: string, name: string) => {
    written.push({ template, path: inRoot(name) });
    return name;
  };
  const entry = isServed ? write("serve", "container_serve.ts") : chosen.entry;
  const preloads: string[] = [];
  const asks = !hints.healthcheck && mayAsk(permissions, hints.port);
  if (asks) preloads.push(write("health", "container_health.ts"));
  if (hints.unhandled.length > 0) {
    const isNode = !isServed && NODE_SERVERS.test(modules.sources.join("\n"));
    preloads.push(write(isNode ? "stop_node" : "stop", "container_stop.ts"));
  }

  const lock = lockFile(config);
  const locked = lock !== undefined && await isThere(join(root, lock));
  const tests = await findTests(root, member, modules, whyPrivate);
  const needed = [
    ...modules.paths,
    ...[...data.includes, ...data.beside].map(inRoot),
    ...chosen.optionFiles,
    ...top.importMap ? [normalize(top.importMap)] : [],
    ...written.map(({ path }) => path),
  ];
  const { files, folders } = await findCopies(project, needed, [
    ...project.members.flatMap(({ files }) => files),
    ...locked ? [lock] : [],
  ]);
  if (modules.packages.has("npm")) folders.push("node_modules");
  if (config.vendor && modules.packages.has("remote")) folders.push("vendor");
  const leftOut = [
    ...data.leftOut,
    ...tests.leftOut,
    ...await findLeftOut(root, folders, needed, whyPrivate),
  ].filter(({ path }, at, all) =>
    all.findIndex((other) => other.path === path) === at
  );
  refuseSpaces([...files, ...folders, ...tests.files, entry]);

  const named = config.name ?? member.npm.name;
  const name = binaryName(named ?? basename(join(root, member.folder)));
  const env = await exampleEnv(join(root, member.folder), chosen, hints);
  const service = {
    /** Of the binary, and the image's title. */
    name,
    description: "A Deno service",
    /** An SPDX expression. */
    license: config.license ?? member.npm.license,
    /** It is run in it; empty for the top. */
    folder: member.folder,
    entry,
    /** The module that a written `entry` serves. */
    ...isServed ? { served: chosen.entry } : {},
    /** The program's own. */
    args: command?.args ?? [],
    /** How modules are found: `--node-modules-dir=manual` and its like. */
    resolution: resolutionOf(project, chosen, config),
    /** Permissions and unstable features. */
    flags: permissions.flags,
    /** Modules that are written beside it and loaded first. */
    preloads,
    /** Signals that it does not handle: one of the preloads does. */
    stopsOn: hints.unhandled,
    /** Embedded. */
    includes: data.includes,
    /** What lies beside the program in the image. */
    beside: data.beside,
    /** Folders that it writes: each is a volume's place. */
    state,
    locked,
    /** Go to the build, from the top: configuration first, then modules. */
    files,
    folders: folders.sort(),
    /** Paths in them that do not. */
    leftOut,
    /** From the top; none: no test stage. */
    tests: tests.files,
    testFlags: tests.flags ?? permissions.flags,
    port: hints.port,
    /** Whether `<binary> healthcheck` asks the running service. */
    healthcheck: hints.healthcheck || asks,
    healthPath: hints.healthPath,
    /** Whether HEAD is known to be answered as GET is. */
    answersHead: !hints.looksAtMethod,
    egress: reachableHosts(permissions),
    /** Variables that it does not start without, and values to try it with. */
    env,
  };
  const sources = {
    name: named === undefined ? "the folder's name" : "its configuration",
    entry: chosen.source,
    permissions: permissions.source,
    port: hints.portSource,
  };
  return { root, service, written, chosen, hints, sources };
}

/** What is read and written has to be permitted where nothing does it. */
function fileFlags(
  beside: string[],
  state: string[],
  readsAny: boolean,
): string[] {
  const reads = [...beside.map((path) => path.replace(/\/$/, "")), ...state];
  const flags: string[] = [];
  if (readsAny) flags.push("--allow-read");
  else if (reads.length > 0) flags.push(`--allow-read=${reads.join(",")}`);
  if (state.length > 0) flags.push(`--allow-write=${state.join(",")}`);
  return flags;
}

/** Flags that make the build find modules as the service's own runs do. */
function resolutionOf(
  { members }: Project,
  { member, command, entry, modules }: Chosen,
  { nodeModulesDir }: DenoConfig,
): string[] {
  const { packages, commonJs, unseen } = modules;
  const hasNpm = packages.has("npm");
  const type = member.npm.type ?? members[0].npm.type;
  const isUntold = type === undefined && !/\.c[jt]s$/.test(entry);
  // Types of Node and of packages may not be installed, and those of workers
  // are others than the program's.
  const lacksTypes = packages.has("node") || unseen.length > 0 ||
    hasNpm &&
      members.some(({ files }) =>
        files.some((file) => file.endsWith("package.json"))
      );
  const given = [...command?.options ?? []]
    .filter(([name]) => name === "config" || name === "import-map").sort();
  return [
    ...given.map(([name, value]) => `--${name}=${value}`),
    ...hasNpm && nodeModulesDir !== "manual"
      ? ["--node-modules-dir=manual"]
      : [],
    ...commonJs && isUntold ? ["--unstable-detect-cjs"] : [],
    ...lacksTypes ? ["--no-check"] : [],
  ];
}

/** Variables of `--env-file` or of an example that are read without a fallback. */
async function exampleEnv(
  folder: string,
  { command }: Entry,
  { env }: Hints,
): Promise<Record<string, string>> {
  const file = command?.options.get("env-file");
  const real = file === undefined ? [] : [file || ".env"];
  const values = new Map<string, string>();
  for (const [at, path] of [...real, ...ENV_EXAMPLES].entries()) {
    const text = await textOf(join(folder, path));
    for (const [, name, value] of text.matchAll(/^(?:export )?(\w+)=(.*)$/gm)) {
      // Of the real one only the names: its values are secrets.
      const shown = at < real.length
        ? ""
        : value.replace(/^(["'])(.*)\1$/, "$2").trim();
      values.set(name, shown || values.get(name) || "example");
    }
  }
  return Object.fromEntries([...values].filter(([name]) => env.includes(name)));
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

export function reasonsOf(
  { service, sources }: Pick<Found, "service" | "sources">,
) {
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
    [
      "embedded",
      includes.join(" "),
      "read relative to a module or nothing tells how, or workers",
    ],
    ["beside it", beside.join(" "), "read relative to the working directory"],
    ["writes", state.map((path) => `${path}/`).join(" "), "state, in no image"],
    ["tests", service.tests.join(" "), "their names"],
    ["port", String(service.port), sources.port],
    [
      "health path",
      service.healthPath,
      service.healthPath === "/"
        ? "its modules name no other"
        : "strings in its modules",
    ],
    [
      "health check",
      service.healthcheck ? `/${name} healthcheck` : "",
      service.preloads.includes("container_health.ts")
        ? "container_health.ts"
        : "strings in its modules",
    ],
  ];
  for (const { path, why } of service.leftOut) {
    rows.push(["left out", path, why]);
  }
  return rows.filter(([, value]) => value !== "")
    .map(([what, value, source]) => ({ what, value, source }));
}

/** What its owner should know. */
export function notesOf(
  { service, hints, chosen }: Pick<Found, "service" | "hints" | "chosen">,
): string[] {
  const { egress, healthcheck, state, beside, folders, env } = service;
  const { loopback, readsPort, cannot } = hints;
  const { command, isNode, modules } = chosen;
  const file = command?.options.get("env-file");
  const names = Object.keys(env);
  const notes = [
    ...modules.missing.map((name) =>
      `Its import ${name} is out of reach here: where it is in reach, set "vendor": true and run deno install`
    ),
    ...cannot,
    file !== undefined &&
    `${file || ".env"} is in no image: give it with docker run --env-file`,
    names.length > 0 &&
    `contract.json sets ${
      names.join(", ")
    } to try the images: check the values`,
    egress === true &&
    "It may connect to any host: name hosts in --allow-net, then egress in contract.json",
    isNode && "Node asks for no permissions: add what it lacks to deno compile",
    loopback &&
    "It listens on 127.0.0.1, where nothing outside its container reaches it: listen on 0.0.0.0",
    !readsPort && service.served === undefined &&
    `PORT does not change its port, ${service.port}: docker and podman check it there, buildah cannot`,
    !healthcheck &&
    "No HEALTHCHECK: its permissions do not let it ask itself; allow 127.0.0.1",
    state.includes(".") && beside.length > 0 &&
    "It writes into its working directory: a volume there hides the files beside it; write into a folder of its own",
    folders.includes("node_modules") &&
    "node_modules/ is filled by this tool where it is missing; before a plain build: deno install --node-modules-dir=manual",
  ];
  return notes.filter((note) => note !== false);
}
