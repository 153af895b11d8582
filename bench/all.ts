/**
 * `deno task bench [NAME...]`: the benchmarks, one after the other, since they
 * would disturb each other; names choose some of them, and options go to those.
 * One whose tools are not here is skipped, with the reason.
 *
 * @module
 */
import { EXIT, UserError } from "../scripts/lib/errors.ts";
import { cleanup, missing, runBench } from "./commands.ts";

/** Whether the tools that a benchmark cannot do without are here. */
const BENCHES: Record<string, { needs: string[]; byNameOnly?: string }> = {
  inspect: { needs: [Deno.env.get("DIVE") ?? "dive"] },
  run: { needs: [] },
  growth: { needs: [] },
  throughput: { needs: ["wrk", "taskset", "go"] },
  profile: { needs: ["wrk", "taskset"] },
  soak: { needs: ["wrk", "taskset"] },
  peers: { needs: ["docker", "go", "npm", "wrk", "taskset"] },
  node: { needs: ["docker"] },
  rollout: { needs: ["kubectl"], byNameOnly: "it needs --context NAME" },
};

async function main(): Promise<number> {
  const end = Deno.args.findIndex((arg) => arg.startsWith("-"));
  const given = end < 0 ? Deno.args : Deno.args.slice(0, end);
  const options = Deno.args.slice(given.length);
  const names = given.length > 0 ? given : Object.keys(BENCHES);
  const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    throw new UserError(`Unknown benchmark ${JSON.stringify(unknown)}`, {
      next: `Known are ${Object.keys(BENCHES).join(", ")}`,
    });
  }
  let failed = false;
  for (const name of names) {
    console.log(`\n== ${name}`);
    const { byNameOnly } = BENCHES[name];
    if (given.length === 0 && byNameOnly !== undefined) {
      console.log(`skipped: ${byNameOnly}`);
      continue;
    }
    const lacks = await missing(BENCHES[name].needs);
    if (lacks.length > 0) {
      console.log(`skipped: not found: ${lacks.join(", ")}`);
      continue;
    }
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        new URL(`${name}.ts`, import.meta.url).pathname,
        ...options,
      ],
      // Ctrl-C in a terminal reaches us alone, and we pass it on once.
      detached: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    let ended = false;
    cleanup.defer(async () => {
      if (!ended) child.kill("SIGINT");
      await child.status;
    });
    const { success } = await child.status;
    ended = true;
    failed ||= !success;
  }
  return failed ? EXIT.checkFailed : EXIT.ok;
}

await runBench(main);
