import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Io } from "../lib/progress.ts";
import { describeAll } from "./commands.ts";
import { run } from "./completions.ts";

async function printed(shell: "bash" | "zsh" | "fish"): Promise<string> {
  let text = "";
  await run({ shell }, {
    print: (part: string) => text += part,
  } as unknown as Io, describeAll);
  return text;
}

const bash = await new Deno.Command("bash", { args: ["--version"] }).output()
  .then(() => true, () => false);

Deno.test({
  name: bash
    ? "bash completes commands, options and their values"
    : "bash completes (skipped: no bash)",
  ignore: !bash,
  async fn() {
    const script = await printed("bash");
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
  assertStringIncludes(await printed("zsh"), "bashcompinit");
  const fish = await printed("fish");
  assertStringIncludes(
    fish,
    "complete -c deno-small-image -n '__fish_seen_subcommand_from diff' -l exit-code",
  );
  assertStringIncludes(fish, "-l engine -x -a 'docker podman buildah'");
});
