/**
 * Which module of a service is the one that serves, and how it is run.
 *
 * @module
 */
import { join } from "node:path";
import {
  type DenoCommand,
  readDenoCommand,
  splitCommands,
} from "../dockerfile/deno_command.ts";
import { USUAL_ENTRIES } from "../dockerfile/find_entry.ts";
import { UserError } from "../lib/errors.ts";
import type { Member, Project } from "./read_project.ts";

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

/** Looks at the files of a project, by paths from its top. */
interface Look {
  exists(path: string): Promise<boolean>;
  /** The modules of an entry, and whether they listen for requests. */
  serves(entry: Entry): Promise<{ serves: boolean; modules: string[] }>;
}

/** The likeliest first. */
const TASKS = ["compile", "start", "serve", "preview", "dev"];
/** Tasks that are not about serving. */
const OTHER = /^(?:test|bench|lint|fmt|check|build|update|deploy|init|prepare)/;

/**
 * @param wanted A path from the top or from the member that was asked for.
 * @throws {UserError} If there is none, or more than one that serves.
 */
export async function chooseEntry(
  project: Project,
  wanted: string | undefined,
  look: Look,
): Promise<Entry> {
  const members = project.asked ? [project.asked] : project.members;
  const tasks = members.flatMap(tasksOf);
  if (wanted !== undefined) {
    return await chooseWanted(project, tasks, wanted, look);
  }
  const isThere = (entry: Entry) => look.exists(fullPath(entry));
  const ran = await filter(tasks, isThere);
  const named = await filter(members.flatMap(namesOf), isThere);
  const first = await filter(
    ran,
    async (entry) => (await look.serves(entry)).serves,
  );
  // A task says that its module serves, so the first one of a folder does.
  const perMember = members.flatMap(({ folder }) =>
    first.find(({ member }) => member.folder === folder) ?? []
  );
  if (perMember.length > 1) throw several(perMember);
  if (perMember.length === 1) {
    const [chosen] = perMember;
    const other = first.find(({ entry }) => entry !== chosen.entry);
    const source = other
      ? `${chosen.source}; --entry ${other.entry} takes ${other.source}`
      : chosen.source;
    return { ...chosen, source };
  }
  const serving = await onlyTops(named, look);
  if (serving.length > 1) throw several(serving);
  if (serving.length === 1) return serving[0];
  const missing = tasks.find((task) => !ran.includes(task));
  if (missing !== undefined && ran.length === 0) throw notBuilt(missing);
  // A framework may hide that it listens.
  const [entry] = [...ran, ...named];
  if (entry !== undefined) {
    return { ...entry, source: `${entry.source}; nothing in it listens` };
  }
  throw new UserError("Cannot tell which module serves", {
    next: `Name it with --entry FILE; tried ${tried(members)}`,
  });
}

async function chooseWanted(
  project: Project,
  tasks: Entry[],
  wanted: string,
  look: Look,
): Promise<Entry> {
  const path = wanted.replace(/^(?:\.\/)+/, "");
  const asked = project.asked?.folder ?? "";
  for (const full of [join(asked, path), path]) {
    if (!await look.exists(full)) continue;
    const task = tasks.find((task) => fullPath(task) === full);
    if (task !== undefined) return { ...task, source: "--entry" };
    // The member that it lies in; the top comes first, so the last one is it.
    const member = project.members.findLast(({ folder }) =>
      folder === "" || full.startsWith(`${folder}/`)
    ) ?? project.members[0];
    const entry = member.folder === ""
      ? full
      : full.slice(member.folder.length + 1);
    return { member, entry, source: "--entry", isNode: isNode(member) };
  }
  throw new UserError(`Cannot find the entry point "${wanted}"`, {
    next: "Give its path from the service's folder with --entry FILE",
  });
}

/** Modules that tasks and scripts run; those that watch files come last. */
function tasksOf(member: Member): Entry[] {
  const all = [
    ...Object.entries(member.config.tasks).map(([name, task]) => {
      const text = typeof task === "string" ? task : task.command ?? "";
      return { name, text, source: `task "${name}"` };
    }),
    ...Object.entries(member.npm.scripts)
      .map(([name, text]) => ({ name, text, source: `script "${name}"` })),
  ];
  const rank = (name: string) => TASKS.toReversed().indexOf(name);
  const entries = all.filter(({ name }) => !OTHER.test(name))
    .sort((a, b) => rank(b.name) - rank(a.name))
    .flatMap(({ text, source }): Entry[] => {
      for (const words of splitCommands(text).toReversed()) {
        const command = readDenoCommand(words);
        if (command !== undefined) {
          const { entry } = command;
          return [{ member, entry, source, command, isNode: false }];
        }
        const entry = readNodeCommand(words, member);
        if (entry !== undefined) {
          return [{ member, entry, source, isNode: true }];
        }
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
    /\.[cm]?[jt]sx?$/.test(word) || word === "." || word.startsWith("./")
  );
  if (path === ".") return npm.main ?? "index.js";
  const entry = path?.replace(/^(?:\.\/)+/, "");
  return entry === undefined || /\.\w+$/.test(entry) ? entry : `${entry}.js`;
}

/** Modules that are exported, or called as entry points usually are. */
function namesOf(member: Member): Entry[] {
  const { config: { exports }, npm } = member;
  const exported = typeof exports === "string"
    ? [exports]
    : Object.values(exports ?? {});
  const make = (path: string, source: string): Entry => {
    const entry = path.replace(/^(?:\.\/)+/, "");
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

/** Those that serve, without those that another one of them imports. */
async function onlyTops(entries: Entry[], look: Look): Promise<Entry[]> {
  const seen: { entry: Entry; modules: string[] }[] = [];
  for (const entry of entries) {
    const { serves, modules } = await look.serves(entry);
    if (serves) seen.push({ entry, modules });
  }
  return seen.filter((one) =>
    !seen.some((other) =>
      other !== one && other.modules.includes(fullPath(one.entry))
    )
  ).map(({ entry }) => entry);
}

function fullPath({ member, entry }: Entry): string {
  return join(member.folder, entry);
}

async function filter<T>(
  items: T[],
  test: (item: T) => Promise<boolean>,
): Promise<T[]> {
  const results = await Promise.all(items.map(test));
  return items.filter((_, at) => results[at]);
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

function tried(members: Member[]): string {
  const where = members.map(({ folder }) => folder).filter(Boolean);
  const names =
    "tasks, exports, main, server, app, index and mod, also in src/";
  return where.length > 0 ? `${names}, of ${where.join(", ")} too` : names;
}
