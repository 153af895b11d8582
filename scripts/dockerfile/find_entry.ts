/** Which module of a context a Dockerfile compiles or runs. @module */
import { readDenoCommand, splitCommands } from "./deno_command.ts";
import type { Dockerfile, Instruction } from "./parse_dockerfile.ts";

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
  const { compiled = [], run = [] } = Object.groupBy(
    commands,
    ({ verb }) => verb === "run" || verb === "serve" ? "run" : "compiled",
  );
  const found = [...compiled, ...run].flatMap(({ entry, folder }) => [
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
