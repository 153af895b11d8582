/**
 * Command lines that run or compile a module with Deno, and which module of a
 * context a Dockerfile means by its own. @module
 */
import { normalize } from "node:path";
import type { Dockerfile, Instruction } from "./parse_dockerfile.ts";

export interface DenoCommand {
  verb: "run" | "serve" | "compile" | "bundle";
  /** The module, without `./`. */
  entry: string;
  /** Permissions and unstable features: what a compiled program needs too. */
  flags: string[];
  /** What `deno compile` is told to embed. */
  includes: string[];
  /** Values of the other options by name, without dashes: `import-map`, `port`. */
  options: Map<string, string>;
  args: string[];
}

export const MODULE = /\.[cm]?[jt]sx?$/;
const VERBS = ["run", "serve", "compile", "bundle"];
const KEPT =
  /^(?:-P|-A|-[RWNESI]+(?:=|$)|--permission-set|--allow-|--deny-|--unstable)/;
/** Options whose value is the next word. */
const VALUED =
  /^(?:-[coL]|--(?:config|import-map|cert|location|seed|ext|port|host|include|exclude|output|target|icon|engine|preload|require|import|log-level))$/;
const LONG: Record<string, string> = { c: "config", o: "output" };

/**
 * Reads a command that runs a module; a `bare` one may begin with the verb, as a
 * `CMD`.
 */
export function readDenoCommand(
  words: string[],
  bare = false,
): DenoCommand | undefined {
  if (bare && VERBS.includes(words[0])) return readAfter(words, 0);
  for (let at = words.length - 1; at >= 0; at--) {
    if (!/^(?:.*\/)?deno(?:\.ts|\.exe)?$/.test(words[at])) continue;
    let next = at + 1;
    while (/^-/.test(words[next] ?? "")) next++;
    if (VERBS.includes(words[next])) {
      const found = readAfter(words, next);
      if (found !== undefined) return found;
    } else if (MODULE.test(words[next] ?? "")) {
      return readAfter(words.toSpliced(at + 1, 0, "run"), at + 1);
    }
  }
}

function readAfter(words: string[], verb: number): DenoCommand | undefined {
  const command: DenoCommand = {
    verb: words[verb] as DenoCommand["verb"],
    entry: "",
    flags: [],
    includes: [],
    options: new Map(),
    args: [],
  };
  for (let i = verb + 1; i < words.length; i++) {
    const word = words[i];
    if (KEPT.test(word)) command.flags.push(word);
    else if (word.startsWith("-")) {
      const [, dashed, inline] = /^-+([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const value = inline ?? (VALUED.test(word) ? words[++i] : "");
      if (dashed === "include") command.includes.push(normalize(value ?? ""));
      else command.options.set(LONG[dashed] ?? dashed, value ?? "");
    } else if (/^(npm|jsr|https?|data):/.test(word)) return;
    else if (MODULE.test(word)) {
      command.entry = normalize(word);
      command.args = words.slice(i + 1);
      return command;
    }
  }
}

/** As a shell does, substitutions within their word: `[["a", "b c"], ["d"]]`. */
export function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = "";
  let depth = 0;
  const end = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quote !== "") {
      if (char === quote) quote = "";
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "$" && /[({]/.test(text[i + 1] ?? "")) {
      word = (word ?? "") + char + text[++i];
      depth++;
    } else if (depth > 0) {
      if (/[({]/.test(char)) depth++;
      if (/[)}]/.test(char)) depth--;
      word += char;
    } else if (/[;|&\n]/.test(char)) {
      end();
      commands.push([]);
    } else if (/\s/.test(char)) end();
    else word = (word ?? "") + char;
  }
  end();
  return commands.filter((words) => words.length > 0);
}

/** Where services begin when nothing else says so, the likeliest first. */
export const USUAL_ENTRIES: string[] = ["", "src/"].flatMap((folder) =>
  ["main", "server", "app", "index", "mod"].flatMap((name) =>
    ["ts", "tsx", "js", "mjs"].map((extension) =>
      `${folder}${name}.${extension}`
    )
  )
);

/**
 * The likeliest first: what is compiled, what is run; the last one first. Some may
 * not be there.
 */
export function entryCandidates({ stages }: Dockerfile): string[] {
  const commands = stages.flatMap(({ instructions }) => {
    // The context is copied to the first one; others lie in it.
    const folders: string[] = [];
    return instructions.flatMap((instruction) => {
      const { keyword, text } = instruction;
      if (keyword === "WORKDIR") folders.push(text);
      const [top = "", ...deeper] = folders;
      const place = deeper.at(-1) ?? "";
      const folder = place.startsWith(`${top}/`)
        ? place.slice(top.length + 1)
        : place.startsWith("/")
        ? ""
        : place;
      return commandsOf(instruction).map((command) => ({ ...command, folder }));
    });
  }).reverse();
  const isRun = ({ verb }: DenoCommand) => verb === "run" || verb === "serve";
  const found = commands.sort((a, b) => Number(isRun(a)) - Number(isRun(b)))
    .flatMap(({ entry, folder }) => [
      ...folder === "" ? [] : relatives(`${folder}/${entry}`),
      ...relatives(entry),
    ]);
  return [...new Set([...found, ...USUAL_ENTRIES])];
}

function commandsOf({ keyword, exec, text, heredocs }: Instruction) {
  if (!/^(RUN|CMD|ENTRYPOINT)$/.test(keyword)) return [];
  const lines = exec !== undefined
    ? [exec]
    : [text, ...heredocs].flatMap(splitCommands);
  return lines.map((words) => readDenoCommand(words, keyword === "CMD"))
    .filter((command) => command !== undefined);
}

/** `/app/src/main.ts` may be `app/src/main.ts`, `src/main.ts` or `main.ts` here. */
function relatives(path: string): string[] {
  const parts = path.split("/").filter((part) =>
    part !== "" && part !== "." && !part.startsWith("$")
  );
  if (!path.startsWith("/") && !path.startsWith("$")) {
    return parts.includes("..") ? [] : [parts.join("/")];
  }
  return parts.map((_, from) => parts.slice(from).join("/"));
}
