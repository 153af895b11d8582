/** `deno task image completions`: made from what the commands declare. @module */
import { Argument, type Command } from "commander";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { withExamples } from "./options.ts";

/** The command's name where `deno install` has put it. */
const NAME = "deno-small-image";

interface Named {
  name: string;
  summary: string;
  command: Command;
}

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

export async function run(
  { shell }: { shell: "bash" | "zsh" | "fish" },
  io: Io,
  describeAll: () => Promise<Named[]>,
): Promise<number> {
  const commands = await describeAll();
  io.print(shell === "fish" ? fish(commands) : bash(commands, shell === "zsh"));
  return EXIT.ok;
}

/** A function of bash, which zsh runs through its own emulation. */
function bash(commands: Named[], zsh: boolean): string {
  const [build, ...others] = commands;
  const values = new Map(
    commands.flatMap(({ command }) => command.options).flatMap((
      { long = "", argChoices },
    ) => argChoices ? [[long, argChoices.join(" ")]] : []),
  );
  const flags = ({ command }: Named) =>
    command.options.map(({ long }) => long).join(" ");
  const cases = (rows: [string, string][]) =>
    rows.map(([pattern, words]) => `    ${pattern}) words="${words}" ;;`)
      .join("\n");
  return `${zsh ? "autoload -U +X bashcompinit && bashcompinit\n" : ""}\
_deno_small_image() {
  local words current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  case "$previous" in
${cases([...values])}
    *) case "\${COMP_WORDS[1]}" in
${cases(others.map((each) => [each.name, flags(each)]))}
    *) words="${flags(build)}"; [ "$COMP_CWORD" = 1 ] && words="$words ${
    commands.map(({ name }) => name).join(" ")
  }" ;;
    esac ;;
  esac
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _deno_small_image ${NAME}
`;
}

function fish(commands: Named[]): string {
  const [build, ...others] = commands;
  const names = others.map(({ name }) => name).join(" ");
  const text = (words: string) => `'${words.replaceAll("'", "")}'`;
  const line = (condition: string, ...words: string[]) =>
    [`complete -c ${NAME} -n`, condition, ...words].join(" ") + "\n";
  const starts = commands.map(({ name, summary }) =>
    line("__fish_use_subcommand", "-a", name, "-d", text(summary))
  );
  const flags = commands.flatMap((each) =>
    each.command.options.map((
      { long = "", argChoices, required, description },
    ) =>
      line(
        each === build
          ? `'not __fish_seen_subcommand_from ${names}'`
          : `'__fish_seen_subcommand_from ${each.name}'`,
        "-l",
        long.slice(2),
        ...argChoices
          ? ["-x", "-a", text(argChoices.join(" "))]
          : required
          ? ["-r"]
          : [],
        "-d",
        text(description),
      )
    )
  );
  return [...starts, ...flags].join("");
}
