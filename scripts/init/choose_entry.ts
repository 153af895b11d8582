/**
 * Which module of a service is the one that serves, and how it is run.
 *
 * @module
 */
import { isAbsolute, join, normalize, relative } from "node:path";
import {
  type DenoCommand,
  MODULE,
  readDenoCommand,
  splitCommands,
  USUAL_ENTRIES,
} from "../dockerfile/deno_command.ts";
import { UserError } from "../lib/errors.ts";
import { isFile } from "../lib/files.ts";
import { exportsFetch, listens } from "./read_hints.ts";
import { readModules } from "./read_modules.ts";
import { type Member, type Project, readConfig } from "./read_project.ts";

export interface Entry {
  /** The folder that it is run in. */
  member: Member;
  /** Path from there. */
  entry: string;
  /** What told so. */
  source: string;
  command?: DenoCommand;
  isNode: boolean;
}

/** An entry point that is there, with what it consists of. */
export type Chosen = Exclude<Awaited<ReturnType<typeof look>>, undefined>;

/** The likeliest first. */
const TASKS = ["compile", "start", "serve", "preview", "dev"];
/** Tasks that are not about serving. */
const OTHER = /^(?:test|bench|lint|fmt|check|build|update|deploy|init|prepare)/;

/**
 * @param wanted A path from the top or from the member that was asked for, or an
 * absolute one.
 * @throws {UserError} If there is none, or more than one that serves.
 */
export async function chooseEntry(
  project: Project,
  wanted?: string,
): Promise<Chosen> {
  const members = project.asked ? [project.asked] : project.members;
  const tasks = members.flatMap(tasksOf);
  if (wanted !== undefined) return await chooseWanted(project, tasks, wanted);
  const lookAll = async (entries: Entry[]) =>
    (await Promise.all(entries.map((entry) => look(project.root, entry))))
      .filter((found) => found !== undefined);
  const ran = await lookAll(tasks);
  const first = ran.filter(({ serves }) => serves);
  // A task says that its module serves, so the first one of a folder does.
  const perMember = [...Map.groupBy(first, ({ member }) => member).values()]
    .map(([chosen]) => chosen);
  const named = perMember.length > 0
    ? []
    : await lookAll(members.flatMap(namesOf));
  const serving = named.filter(({ serves }) => serves);
  // Without those that another one of them imports.
  const tops = serving.filter((one) =>
    !serving.some((other) =>
      other !== one && other.modules.paths.includes(fullPath(one))
    )
  );
  const found = [...perMember, ...tops];
  if (found.length > 1) throw several(found);
  if (found.length + ran.length === 0 && tasks.length > 0) {
    throw notBuilt(tasks[0]);
  }
  // A framework may hide that it listens.
  const [chosen] = [...found, ...ran, ...named];
  if (chosen !== undefined) {
    const other = first.find(({ entry }) => entry !== chosen.entry);
    const more = other && `; --entry ${other.entry} takes ${other.source}`;
    const note = found.length === 0 ? "; nothing in it listens" : more ?? "";
    return { ...chosen, source: chosen.source + note };
  }
  const where = members.map(({ folder }) => folder).filter(Boolean);
  const tried =
    "tasks, exports, main, server, app, index and mod, also in src/" +
    (where.length > 0 ? `, of ${where.join(", ")} too` : "");
  throw new UserError("Cannot tell which module serves", {
    next: `Name it with --entry FILE; tried ${tried}`,
  });
}

async function chooseWanted(
  { root, asked, members }: Project,
  tasks: Entry[],
  wanted: string,
): Promise<Chosen> {
  const path = isAbsolute(wanted) ? relative(root, wanted) : normalize(wanted);
  for (const full of [join(asked?.folder ?? "", path), path]) {
    // The member that it lies in; the top comes first, so the last one is it.
    const member = members.findLast(({ folder }) =>
      folder === "" || full.startsWith(`${folder}/`)
    ) ?? members[0];
    const task = tasks.find((task) =>
      fullPath(task) === full
    ) ??
      { member, entry: relative(member.folder, full), isNode: isNode(member) };
    const found = await look(root, { ...task, source: "--entry" });
    if (found !== undefined) return found;
  }
  throw new UserError(`Cannot find the entry point "${wanted}"`, {
    next: "Give its path from the service's folder with --entry FILE",
  });
}

/** Reads the modules of an entry point, if it is there. */
async function look(root: string, entry: Entry) {
  const path = fullPath(entry);
  if (!await isFile(join(root, path))) return;
  const { command, member } = entry;
  /** Options that name a file, from the top. */
  const [config, map] = ["config", "import-map"].map((name) => {
    const file = command?.options.get(name);
    return file && join(member.folder, file);
  });
  /** What its command names in place of the member's own configuration. */
  const given = config ? await readConfig(join(root, config)) : undefined;
  const modules = await readModules(root, path, [
    ...config ? ["--config", join(root, config)] : [],
    ...map ? ["--import-map", join(root, map)] : [],
  ]);
  const isListening = listens(modules.sources);
  const isServed = command?.verb === "serve" ||
    !isListening && exportsFetch(modules.sources[0]);
  return {
    ...entry,
    modules,
    config: given,
    optionFiles: [config, map].filter((file) => file !== undefined),
    /** Whether it exports what `deno serve` serves. */
    isServed,
    serves: isServed || isListening,
  };
}

/** Modules that tasks and scripts run; those that watch files come last. */
function tasksOf(member: Member): Entry[] {
  const all = [
    ...Object.entries(member.config.tasks)
      .map(([name, text]) => ({ name, text, source: `task "${name}"` })),
    ...Object.entries(member.npm.scripts)
      .map(([name, text]) => ({ name, text, source: `script "${name}"` })),
  ];
  const rank = (name: string) => TASKS.toReversed().indexOf(name);
  const entries = all.filter(({ name }) => !OTHER.test(name))
    .sort((a, b) => rank(b.name) - rank(a.name))
    .flatMap(({ text, source }): Entry[] => {
      for (const words of splitCommands(text).toReversed()) {
        const command = readDenoCommand(words);
        const entry = command?.entry ?? readNodeCommand(words, member);
        if (entry === undefined) continue;
        return [{ member, entry, source, command, isNode: !command }];
      }
      return [];
    });
  const watches = ({ command }: Entry) =>
    Number(command?.options.has("watch") ?? false);
  return entries.sort((a, b) => watches(a) - watches(b));
}

/** The module that Node and its like are told to run. */
function readNodeCommand(words: string[], { npm }: Member): string | undefined {
  const at = words.findIndex((word) =>
    /^(?:node|tsx|ts-node|nodemon|bun)$/.test(word)
  );
  if (at < 0) return;
  const path = words.slice(at + 1).find((word) =>
    MODULE.test(word) || word === "." || word.startsWith("./")
  );
  if (path === ".") return npm.main ?? "index.js";
  const entry = path && normalize(path);
  return entry === undefined || /\.\w+$/.test(entry) ? entry : `${entry}.js`;
}

/** Modules that are exported, or called as entry points usually are. */
function namesOf(member: Member): Entry[] {
  const { config: { exports = {} }, npm } = member;
  const exported = typeof exports === "string"
    ? [exports]
    : Object.values(exports);
  const make = (path: string, source: string): Entry => {
    const entry = normalize(path);
    return { member, entry, source, isNode: isNode(member) };
  };
  return [
    ...exported.map((path) => make(path, "exports")),
    ...npm.main ? [make(npm.main, "main of package.json")] : [],
    ...USUAL_ENTRIES.map((path) => make(path, "its name")),
  ].filter(({ entry }, at, all) =>
    all.findIndex((other) => other.entry === entry) === at
  );
}

/** Without a `deno.json` and with a `package.json`, Node is what it is for. */
function isNode({ files }: Member): boolean {
  return files.length === 1 && files[0].endsWith("package.json");
}

export function fullPath({ member, entry }: Entry): string {
  return join(member.folder, entry);
}

function several(entries: Entry[]): UserError {
  const paths = entries.map(fullPath);
  return new UserError(
    `Cannot tell which module serves: ${paths.join(" or ")}`,
    { next: `Name it: --entry ${paths[0]}` },
  );
}

function notBuilt(entry: Entry): UserError {
  const { config, npm } = entry.member;
  const path = fullPath(entry);
  return new UserError(`Cannot find "${path}", which ${entry.source} runs`, {
    next: "build" in config.tasks || "build" in npm.scripts
      ? "Build it first: deno task build"
      : "Name the module that serves with --entry FILE",
  });
}
