/**
 * Which module of a context a Dockerfile compiles or runs.
 *
 * @module
 */

const MODULE = /\.[cm]?[jt]sx?$/;
/** Where services begin when the Dockerfile does not say: a task, a script. */
const USUAL = ["main", "mod", "server", "index", "app"].flatMap((name) =>
  ["ts", "tsx", "js", "mjs"].map((extension) => `${name}.${extension}`)
);

/**
 * Reads a Dockerfile for modules given to `deno compile`, `deno run` and the
 * like, the likeliest first.
 *
 * @param dockerfile Its text.
 * @returns Paths relative to the context; not all of them need to be there.
 */
export function entryCandidates(dockerfile: string): string[] {
  const compiled: string[] = [];
  const run: string[] = [];
  const text = dockerfile.replace(/^\s*#.*\n/gm, "").replace(/\\\r?\n/g, " ");
  for (const line of text.split("\n")) {
    if (!/^\s*(RUN|CMD|ENTRYPOINT)\s/i.test(line)) continue;
    for (const command of line.split(/&&|\|\||[;|]/)) {
      // Both forms: `deno run main.ts` and `["deno", "run", "main.ts"]`.
      const words = command.split(/[\s"',[\]]+/).filter((word) => word !== "");
      const verb = words.findIndex((word) =>
        word === "compile" || word === "bundle" || word === "run" ||
        word === "serve"
      );
      if (verb < 0) continue;
      const modules = words.slice(verb + 1).filter((word) =>
        MODULE.test(word) && !word.startsWith("-") && !word.includes("://")
      );
      // Flags that take modules (--include) stand before the one compiled; what
      // stands after the one that is run are its arguments.
      const isCompile = words[verb] === "compile" || words[verb] === "bundle";
      const entry = isCompile ? modules.at(-1) : modules[0];
      if (entry !== undefined) (isCompile ? compiled : run).push(entry);
    }
  }
  const found = [...compiled.reverse(), ...run.reverse()].flatMap(relatives);
  return [
    ...new Set([...found, ...USUAL, ...USUAL.map((name) => `src/${name}`)]),
  ];
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
