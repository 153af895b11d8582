/**
 * Runs `deno` for the tasks. Where jsr.io can be reached, that is all it does;
 * elsewhere it puts the modules beside this file in the place of `@std`, and
 * says so in one line.
 *
 * `DENO_STD=jsr` or `DENO_STD=offline` takes the decision away from it. @module
 */

/** The subcommands that load modules and so take `--import-map`. */
const LOADS_MODULES = new Set([
  "bench",
  "cache",
  "check",
  "compile",
  "doc",
  "eval",
  "info",
  "run",
  "serve",
  "test",
]);

/** How long jsr.io may take to answer before it counts as unreachable, in ms. */
const PATIENCE = 2000;

const offline = import.meta.dirname ?? ".";

/** Arguments of `deno`, the subcommand first, with the stand-ins switched on. */
export function withStandIns(args: string[], importMap: string): string[] {
  return [args[0], "--import-map", importMap, "--no-lock", ...args.slice(1)];
}

/** Whether a call loads modules and has not chosen an import map itself. */
export function needsStd(args: string[]): boolean {
  return LOADS_MODULES.has(args[0]) &&
    !args.some((arg) => /^--import-map(=|$)/.test(arg));
}

/** Whether the JSR registry (`JSR_URL` names a mirror) answers in time. */
async function isReachable(): Promise<boolean> {
  try {
    const registry = Deno.env.get("JSR_URL") || "https://jsr.io";
    const response = await fetch(new URL("/@std/assert/meta.json", registry), {
      signal: AbortSignal.timeout(PATIENCE),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Runs `deno` with the arguments; signals go in, the exit code comes out. */
async function runDeno(args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args }).spawn();
  // A terminal sends Ctrl-C to the child as well; a second one would cut its
  // shutdown short.
  const forwarded: Deno.Signal[] = ["SIGTERM", "SIGHUP"];
  if (Deno.stdin.isTerminal()) Deno.addSignalListener("SIGINT", () => {});
  else forwarded.push("SIGINT");
  for (const signal of forwarded) {
    Deno.addSignalListener(signal, () => {
      try {
        child.kill(signal);
      } catch {
        // It has just ended by itself.
      }
    });
  }
  return (await child.status).code;
}

if (import.meta.main) {
  const choice = Deno.env.get("DENO_STD") || "auto";
  if (!["auto", "jsr", "offline"].includes(choice)) {
    console.error(`Cannot use DENO_STD "${choice}": expected jsr or offline`);
    Deno.exit(2);
  }
  let args = Deno.args;
  const standIns = needsStd(args) && choice !== "jsr" &&
    (choice === "offline" || !await isReachable());
  if (standIns) {
    console.error(
      "note: @std comes from offline/, " +
        (choice === "offline"
          ? "as DENO_STD asks"
          : "as jsr.io cannot be reached (DENO_STD=jsr insists)"),
    );
    args = withStandIns(args, `${offline}/import_map.json`);
  }
  Deno.exit(await runDeno(args));
}
