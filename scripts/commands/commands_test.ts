import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { BuildConfig } from "../build/build_variants.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { runCommand } from "../../testing/run_command.ts";
import { COMMANDS, parseCommandLine } from "./commands.ts";

// deno-lint-ignore no-explicit-any -- each command has options of its own
async function parsed(...args: string[]): Promise<{ name: string } & any> {
  const found = await parseCommandLine(args);
  assert("name" in found, "it gives a text");
  return { name: found.name, ...found.options };
}

async function build(...args: string[]): Promise<BuildConfig> {
  const { name, ...options } = await parsed(...args);
  assertEquals(name, "build");
  return options as BuildConfig;
}

async function text(...args: string[]): Promise<string> {
  const found = await parseCommandLine(args);
  assert("text" in found);
  return found.text;
}

async function complaint(...args: string[]): Promise<UserError> {
  const error = await assertRejects(() => parseCommandLine(args), UserError);
  assertEquals(error.exitCode, EXIT.usage);
  return error;
}

Deno.test("without a command, it builds the current folder", async () => {
  const options = await build();
  assertEquals(options.context, ".");
  assertEquals(options.file, []);
  assertEquals(options.bases, "auto");
  assertEquals(options.runs, 5);
  assertEquals(options.setup, false);
  assertEquals((await build("build", "--quick")).quick, true);
});

Deno.test("platforms are read, or those that there are named", async () => {
  const { platform } = await build("--platform", "linux/amd64,linux/arm64");
  assertEquals(platform, ["linux/amd64", "linux/arm64"]);
  assertStringIncludes(
    (await complaint("--platform", "arm64")).message,
    "linux/arm64",
  );
});

Deno.test("the commands take their arguments and options by name", async () => {
  const inspect = await parsed("inspect", "hello", "--json");
  assertEquals(
    [inspect.name, inspect.image, inspect.json],
    ["inspect", "hello", true],
  );
  const diff = await parsed(
    "diff",
    "a",
    "b",
    "--exit-code",
    "--engine",
    "buildah",
  );
  assertEquals(
    [diff.before, diff.after, diff.exitCode, diff.engine],
    ["a", "b", true, "buildah"],
  );
  const compare = await parsed(
    "compare",
    "a",
    "b",
    "c",
    "--out",
    "r",
    "--zstd",
  );
  assertEquals(
    [compare.images, compare.out, compare.zstd],
    [["a", "b", "c"], "r", true],
  );
  for (
    const args of [["inspect", "x"], ["diff", "x", "y"], ["compare", "x"], [
      "sbom",
      "x",
    ]]
  ) {
    const { platform } = await parsed(...args, "--platform", "linux/arm64");
    assertEquals(platform, "linux/arm64", args[0]);
  }
});

Deno.test("an option is refused where it does not belong", async () => {
  const misplaced: string[][] = [
    ["inspect", "x.tar", "--memory-floor"],
    ["diff", "a", "b", "--out", "r"],
    ["init", "--engine", "docker"],
    ["sbom", "x", "--zstd"],
    ["compare", "x", "--context", "y"],
  ];
  for (const args of misplaced) {
    const error = await complaint(...args);
    assertStringIncludes(error.message, "Unknown option", args.join(" "));
    assertStringIncludes(error.next, `See deno task image ${args[0]} --help`);
  }
  const before = await complaint("--context", "x", "inspect", "y");
  assertStringIncludes(before.message, 'before the command "inspect"');
  assertStringIncludes(before.next, "deno task image inspect --context x y");
});

Deno.test("a slip is answered with what comes close", async () => {
  const error = await complaint("--contxt", "x");
  assertEquals(error.message, "Unknown option '--contxt'");
  assertStringIncludes(error.next, "--context");
  assertStringIncludes((await complaint("inspct", "x")).next, "inspect");
});

Deno.test("an empty text is no path and no name", async () => {
  const empty: [string[], string][] = [
    [["--out", ""], "--out"],
    [["--out="], "--out"],
    [["--file", "Dockerfile", "--file", ""], "--file"],
    [["--tag", ""], "--tag"],
    [["--against", ""], "--against"],
    [["--baseline", ""], "--baseline"],
    [["init", ""], "folder"],
    [["init", "--entry", ""], "--entry"],
    [["compare", "a", ""], "images"],
    [["sbom", "a", "--from", ""], "--from"],
    [["clean", "--context", ""], "--context"],
  ];
  for (const [args, name] of empty) {
    assertStringIncludes((await complaint(...args)).message, name);
  }
  const { message, next } = await complaint("--out", "");
  assertEquals(message, "Cannot use an empty --out");
  assertStringIncludes(next, "variable");
  assertEquals((await parsed("--build-arg", "A=")).buildArg, [["A", ""]]);
});

Deno.test("a missing argument shows the help of its command", async () => {
  const error = await complaint("diff", "a");
  assertEquals(error.message, "Missing required argument 'after'");
  const help = await text("diff", "--help");
  assertEquals(error.output, help);
});

Deno.test("every command has a help with two examples", async () => {
  for (const name of Object.keys(COMMANDS)) {
    const help = await text(...name === "build" ? [] : [name], "--help");
    assertStringIncludes(help, "Usage: deno task image");
    const [, examples] = help.split("Examples:\n");
    assertEquals(examples?.match(/^ {2}deno task image/gm)?.length, 2, name);
  }
  assertStringIncludes(await text("--help"), "completions");
});

Deno.test("--version is that of the package", async () => {
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(await text("--version"), `${version}\n`);
});

const bash = await new Deno.Command("bash", { args: ["--version"] }).output()
  .then(() => true, () => false);

Deno.test({
  name: bash
    ? "bash completes commands, options and their values"
    : "bash completes (skipped: no bash)",
  ignore: !bash,
  async fn() {
    const { stdout: script } = await runCommand("completions", "bash");
    const complete = async (...words: string[]) => {
      const { stdout } = await new Deno.Command("bash", {
        args: [
          "-c",
          `${script}
COMP_WORDS=(deno-small-image "$@"); COMP_CWORD=$#
_deno_small_image; printf "%s\\n" "\${COMPREPLY[@]}"`,
          "bash",
          ...words,
        ],
      }).output();
      return new TextDecoder().decode(stdout).trim().split("\n");
    };
    assertEquals(await complete("insp"), ["inspect"]);
    assertEquals(await complete("--quic"), ["--quick"]);
    assertEquals(await complete("diff", "--exit"), ["--exit-code"]);
    assertEquals(await complete("inspect", "--engine", "bu"), ["buildah"]);
    assertEquals(await complete("inspect", "--quic"), [""]);
  },
});

Deno.test("zsh runs bash's completions, fish has its own", async () => {
  const zsh = await runCommand("completions", "zsh");
  assertStringIncludes(zsh.stdout, "bashcompinit");
  const { stdout: fish } = await runCommand("completions", "fish");
  assertStringIncludes(
    fish,
    "complete -c deno-small-image -n '__fish_seen_subcommand_from diff' -l exit-code",
  );
  assertStringIncludes(fish, "-l engine -x -a 'docker podman buildah'");
});
