/** Command lines that run or compile a module with Deno. @module */

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

const MODULE = /\.[cm]?[jt]sx?$/;
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
      if (dashed === "include") command.includes.push(trimmed(value ?? ""));
      else command.options.set(LONG[dashed] ?? dashed, value ?? "");
    } else if (/^(npm|jsr|https?|data):/.test(word)) return;
    else if (MODULE.test(word)) {
      command.entry = trimmed(word);
      command.args = words.slice(i + 1);
      return command;
    }
  }
}

function trimmed(path: string): string {
  return path.replace(/^(?:\.\/)+/, "");
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
