/**
 * Reads the command of a task, such as `deno run -P=serve main.ts`, for the
 * module it runs and the flags that a compiled program needs too.
 *
 * @module
 */

/** What a task runs. */
export interface RunCommand {
  verb: "run" | "serve" | "compile";
  entry: string;
  /** Permissions and unstable features. */
  flags: string[];
  /** What `deno compile` is told to embed. */
  includes: string[];
}

const MODULE = /^(?!-)[^:]+\.[cm]?[jt]sx?$/;
const VERBS = ["run", "serve", "compile"] as const;
/** What a program may do, and which features it uses; the rest is of the run. */
const KEPT =
  /^(?:-P|-A|-[RWNESI]+(?:=|$)|--permission-set|--allow-|--deny-|--unstable)/;

/**
 * Reads a command line.
 *
 * @param command As it stands in `deno.json`.
 * @returns What it runs, or nothing if it runs no module of the service.
 */
export function readCommand(command: string): RunCommand | undefined {
  const parts = command.split(/&&|\|\||[;|&]/).map((part) =>
    part.match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  );
  for (const part of parts.reverse()) {
    const found = readPart(
      part.map((word) => word.replace(/^["']|["']$/g, "")),
    );
    if (found !== undefined) return found;
  }
}

function readPart(words: string[]): RunCommand | undefined {
  // The last verb: what stands before it may be a wrapper with flags of its own.
  const at = words.findLastIndex((word) =>
    (VERBS as readonly string[]).includes(word)
  );
  if (at < 1) return;
  const includes: string[] = [];
  const rest: string[] = [];
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i];
    if (word === "--include") includes.push(words[++i] ?? "");
    else if (word.startsWith("--include=")) includes.push(word.slice(10));
    else rest.push(word);
  }
  const end = rest.findIndex((word) => MODULE.test(word));
  if (end < 0) return;
  return {
    verb: words[at] as RunCommand["verb"],
    entry: rest[end].replace(/^\.\//, ""),
    flags: rest.slice(0, end).filter((word) => KEPT.test(word)),
    includes: includes.filter((path) => path !== "")
      .map((path) => path.replace(/^\.\//, "")),
  };
}
