/**
 * The commands, each loaded when needed, which of them a command line names, and
 * the completions of shells that follow from what they declare.
 *
 * @module
 */
import { Argument, Command, CommanderError } from "commander";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { suggest } from "../lib/suggest.ts";
import { PROGRAM, usage, withExamples } from "./options.ts";
import own from "../../deno.json" with { type: "json" };

/** A command: its flags and what it runs. */
export interface CommandModule {
  /** Adds description, arguments, options and examples. */
  define(command: Command): void;
  /** Gives the exit code; options and arguments are as commander names them. */
  // deno-lint-ignore no-explicit-any -- each command has options of its own
  run(options: any, io: Io): Promise<number>;
}

interface Described {
  name: Name;
  command: Command;
  module: CommandModule;
}

/** The commands by name; `build` is what runs without a name. */
export const COMMANDS = {
  build: () => import("./build.ts"),
  init: () => import("./init.ts"),
  inspect: () => import("./inspect.ts"),
  diff: () => import("./diff.ts"),
  compare: () => import("./compare.ts"),
  sbom: () => import("./sbom.ts"),
  clean: () => import("./clean.ts"),
  completions: () => Promise.resolve(completions),
} satisfies Record<string, () => Promise<CommandModule>>;

type Name = keyof typeof COMMANDS;
const NAMES = Object.keys(COMMANDS) as Name[];

const SUMMARIES: Record<Name, string> = {
  build: "build, check and compare every variant (the default)",
  init: "write Dockerfiles, contract and budget for a service",
  inspect: "show layers, waste, surface and what is in the binary",
  diff: "show what differs between two images and what it costs",
  compare: "compare images that exist already",
  sbom: "list what an image consists of, as CycloneDX",
  clean: "remove what runs have left",
  completions: "print completions for a shell",
};

async function describe(name: Name): Promise<Described> {
  const module: CommandModule = await COMMANDS[name]();
  const isDefault = name === "build";
  const command = new Command(isDefault ? PROGRAM : `${PROGRAM} ${name}`)
    .showSuggestionAfterError()
    .allowExcessArguments(false);
  module.define(command);
  if (isDefault) {
    command.version(own.version, "--version", "print the version");
    const lines = Object.entries(SUMMARIES)
      .map(([each, summary]) => `  ${each.padEnd(12)} ${summary}`);
    command.addHelpText("after", `\nCommands:\n${lines.join("\n")}`);
  }
  return { name, command, module };
}

/** What a command line asks for, or a text such as the help. */
export type Parsed = { text: string } | {
  name: string;
  module: CommandModule;
  options: Record<string, unknown>;
};

/** @throws {UserError} For anything unknown or malformed, with what was meant. */
export async function parseCommandLine(args: string[]): Promise<Parsed> {
  const [first = ""] = args;
  const named = NAMES.find((name) => name === first);
  const name = named ?? "build";
  const { command, module } = await describe(name);
  let text = "";
  let complaint = "";
  command.exitOverride().configureOutput({
    writeOut: (part) => text += part,
    writeErr: (part) => complaint += part,
  });
  command.action(() => {});
  try {
    command.parse(named ? args.slice(1) : args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    if (error.code === "commander.excessArguments" && !named) {
      throw unknownCommand(command.args[0], args);
    }
    if (error.code !== "commander.missingArgument") {
      const next = `See ${command.name()} --help`;
      throw usage(complaint || error.message, next);
    }
    command.outputHelp();
    const { message, next } = usage(complaint, "Give it as in the examples");
    throw new UserError(message, { output: text, next });
  }
  const options: Record<string, unknown> = command.opts();
  for (const [index, argument] of command.registeredArguments.entries()) {
    options[argument.name()] = command.processedArgs[index];
  }
  for (const [option, value] of Object.entries(options)) {
    if ([value].flat().includes("")) throw emptyValue(option, command);
  }
  return { name, module, options };
}

function emptyValue(name: string, { options }: Command): UserError {
  const option = options.find((each) => each.attributeName() === name);
  return new UserError(`Cannot use an empty ${option?.long ?? name}`, {
    next: "Set the variable that it is taken from, or leave it out",
  });
}

function unknownCommand(word: string, args: string[]): UserError {
  if (NAMES.some((name) => name === word)) {
    return new UserError(`Cannot take options before the command "${word}"`, {
      next: `Put the command first: ${PROGRAM} ${word} ${
        args.filter((arg) => arg !== word).join(" ")
      }`,
    });
  }
  const meant = suggest(word, NAMES);
  return new UserError(`Unexpected argument "${word}"`, {
    next: `${meant ? `Did you mean ${meant}? ` : ""}See ${PROGRAM} --help`,
  });
}

/** The command's name where `deno install` has put it. */
const INSTALLED = "deno-small-image";

/** `deno task image completions`: made from what the commands declare. */
const completions: CommandModule = {
  define(command) {
    command
      .description(`Print completions of ${INSTALLED} for a shell.`)
      .addArgument(
        new Argument("<shell>", "shell").choices(["bash", "zsh", "fish"]),
      );
    withExamples(
      command,
      `completions bash > ~/.local/share/bash-completion/completions/${INSTALLED}`,
      `completions fish > ~/.config/fish/completions/${INSTALLED}.fish`,
    );
  },
  async run({ shell }: { shell: "bash" | "zsh" | "fish" }, io) {
    const all = await Promise.all(NAMES.map(describe));
    io.print(shell === "fish" ? fish(all) : bash(all, shell === "zsh"));
    return EXIT.ok;
  },
};

/** A function of bash, which zsh runs through its own emulation. */
function bash(commands: Described[], zsh: boolean): string {
  const [build, ...others] = commands;
  const values = new Map(
    commands.flatMap(({ command }) => command.options).flatMap((
      { long = "", argChoices },
    ) => argChoices ? [[long, argChoices.join(" ")]] : []),
  );
  const flags = ({ command }: Described) =>
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
complete -o default -F _deno_small_image ${INSTALLED}
`;
}

function fish(commands: Described[]): string {
  const [build, ...others] = commands;
  const names = others.map(({ name }) => name).join(" ");
  const text = (words: string) => `'${words.replaceAll("'", "")}'`;
  const line = (condition: string, ...words: string[]) =>
    [`complete -c ${INSTALLED} -n`, condition, ...words].join(" ") + "\n";
  const starts = commands.map(({ name }) =>
    line("__fish_use_subcommand", "-a", name, "-d", text(SUMMARIES[name]))
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
