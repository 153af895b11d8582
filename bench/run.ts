/**
 * `deno run -A bench/run.ts [--engine NAME]`: the main job on our own service, the
 * first time, again with nothing changed, and with `--quick`; where the time goes,
 * step by step, as the tool tells it. Bases are there already; what was learned of
 * images is not.
 *
 * @module
 */
import { join } from "node:path";
import { formatDuration } from "../scripts/lib/format.ts";
import { EXIT, UserError } from "../scripts/lib/errors.ts";
import { benchFolder, runBench } from "./commands.ts";
import { table } from "./images.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const UNITS: Record<string, number> = { ms: 1, s: 1000, min: 60_000 };

/** Steps by what they do, whichever variant they are for; the first that fits. */
const KINDS: [kind: string, step: RegExp][] = [
  ["engine and bases", /^(?:Engine|Bases|Packages)/],
  ["builds", /^Build /],
  ["reading, compressing on the way", /^Read /],
  ["stops, under load and idle", /^Check the stop /],
  ["checks that ask a running image", /^Check /],
  ["starts and memory", /^Measure /],
  ["next deploys", /^Next deploy /],
  ["reports", /^Write /],
];

/** Milliseconds of each kind of step in what a run says on stderr. */
export function stepTimes(stderr: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of stderr.split("\n")) {
    const [, step, time] = /^(.+): ((?:\d+(?:\.\d+)? (?:min|s|ms) ?)+)$/
      .exec(line) ?? [];
    const [kind] = KINDS.find(([, form]) => form.test(step ?? "")) ?? [];
    if (kind === undefined) continue;
    const ms = [...time.matchAll(/([\d.]+) (min|s|ms)/g)]
      .reduce((sum, [, value, unit]) => sum + Number(value) * UNITS[unit], 0);
    found.set(kind, (found.get(kind) ?? 0) + ms);
  }
  return found;
}

async function time(
  args: string[],
  folder: string,
): Promise<{ whole: number; steps: Map<string, number> }> {
  const before = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", join(ROOT, "scripts/image.ts"), "--context", ROOT],
      ...["--out", join(folder, "report"), ...args],
    ],
    env: { XDG_CACHE_HOME: join(folder, "cache"), NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  if (code !== EXIT.ok) {
    throw new UserError("The main job fails", {
      next: "Run deno task image, and see why",
      exitCode: EXIT.environment,
      output: text.slice(-1000),
    });
  }
  return { whole: performance.now() - before, steps: stepTimes(text) };
}

async function main(): Promise<void> {
  const folder = await benchFolder();
  const runs = [
    await time(Deno.args, folder),
    await time(Deno.args, folder),
    await time([...Deno.args, "--quick"], folder),
  ];
  const show = (ms: number | undefined) =>
    ms === undefined ? undefined : formatDuration(ms);
  console.log(table([
    ["", "first", "again", "--quick"],
    ["whole run", ...runs.map(({ whole }) => show(whole))],
    ...KINDS.map(([kind]) => [
      kind,
      ...runs.map(({ steps }) => show(steps.get(kind))),
    ]),
  ]));
  console.log(
    "\nSteps side by side are added up; what is left is start-up and reports.",
  );
}

if (import.meta.main) await runBench(main);
