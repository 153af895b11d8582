/**
 * `deno task image completions SHELL`: completions for the tool where it is
 * installed as `deno-small-image`, made from what the commands themselves declare.
 *
 * @module
 */
import { Argument, type Command } from "commander";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { withExamples } from "./options.ts";

/** The command's name where `deno install` has put it. */
const NAME = "deno-small-image";

/** An option, and the values that it takes if they are known. */
interface Flag {
  name: string;
  description: string;
  values: string[];
  takesValue: boolean;
}

/** Adds what the command takes. */
export function define(command: Command): void {
  command
    .description(`Print completions of ${NAME} for a shell.`)
    .addArgument(
      new Argument("<shell>", "shell").choices(["bash", "zsh", "fish"]),
    );
  withExamples(
    command,
    "completions bash > ~/.local/share/bash-completion/completions/deno-small-image",
    "completions fish > ~/.config/fish/completions/deno-small-image.fish",
  );
}

/**
 * Prints the completions.
 *
 * @param describeAll Gives every command of the tool.
 */
export async function run(
  { shell }: { shell: "bash" | "zsh" | "fish" },
  io: Io,
  describeAll: () => Promise<
    { name: string; summary: string; command: Command }[]
  >,
): Promise<number> {
  const flags: Record<string, Flag[]> = {};
  const summaries: Record<string, string> = {};
  for (const { name, summary, command } of await describeAll()) {
    summaries[name] = summary;
    flags[name] = command.options.map((option) => ({
      name: option.long ?? option.flags,
      description: option.description.replaceAll("'", ""),
      values: option.argChoices ?? [],
      takesValue: option.required,
    }));
  }
  io.print(
    shell === "fish" ? fish(flags, summaries) : bash(flags, shell === "zsh"),
  );
  return EXIT.ok;
}

/** A function of bash, which zsh runs through its own emulation. */
function bash(flags: Record<string, Flag[]>, zsh: boolean): string {
  const values = new Map(
    Object.values(flags).flat().filter((flag) => flag.values.length > 0)
      .map((flag) => [flag.name, flag.values]),
  );
  const cases = (rows: [string, string][]) =>
    rows.map(([pattern, words]) => `    ${pattern}) words="${words}" ;;`)
      .join("\n");
  return `${zsh ? "autoload -U +X bashcompinit && bashcompinit\n" : ""}\
_deno_small_image() {
  local words current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  case "$previous" in
${cases([...values].map(([name, words]) => [name, words.join(" ")]))}
    *) case "\${COMP_WORDS[1]}" in
${
    cases(
      Object.entries(flags).filter(([name]) => name !== "build")
        .map(([name, list]) => [name, list.map((flag) => flag.name).join(" ")]),
    )
  }
    *) words="${
    flags.build.map((flag) => flag.name).join(" ")
  }"; [ "$COMP_CWORD" = 1 ] && words="$words ${Object.keys(flags).join(" ")}" ;;
    esac ;;
  esac
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _deno_small_image ${NAME}
`;
}

function fish(
  flags: Record<string, Flag[]>,
  summaries: Record<string, string>,
): string {
  const names = Object.keys(flags);
  const others = names.filter((name) => name !== "build").join(" ");
  const lines = names.map((name) =>
    `complete -c ${NAME} -n __fish_use_subcommand -a ${name} -d '${
      summaries[name].replaceAll("'", "")
    }'`
  );
  for (const [name, list] of Object.entries(flags)) {
    const condition = name === "build"
      ? `not __fish_seen_subcommand_from ${others}`
      : `__fish_seen_subcommand_from ${name}`;
    for (const flag of list) {
      const values = flag.values.length > 0
        ? ` -x -a '${flag.values.join(" ")}'`
        : flag.takesValue
        ? " -r"
        : "";
      lines.push(
        `complete -c ${NAME} -n '${condition}' -l ${
          flag.name.slice(2)
        }${values} -d '${flag.description}'`,
      );
    }
  }
  return lines.join("\n") + "\n";
}
