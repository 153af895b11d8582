/**
 * The step of `action.yml`: runs `deno task image` with the action's inputs, then
 * hands its report to GitHub as outputs, annotations and a comment.
 *
 * @module
 */
import { join } from "node:path";
import { UserError } from "./lib/errors.ts";
import {
  annotations,
  comment,
  commentMarker,
  outputs,
} from "./report/github.ts";
import { parseReport } from "./report/write_reports.ts";
import type { Report } from "./report/report_schema.ts";

type Environment = (name: string) => string;

/** Where the baseline is kept between runs: what the cache restores and saves. */
function baselineFile(env: Environment): string {
  return join(env("RUNNER_TEMP"), "deno-small-image", "report.json");
}

/**
 * The arguments of the tool, by the inputs of the action.
 *
 * @param earlier The report to compare with, if it is there.
 */
export function argumentsOf(env: Environment, earlier?: string): string[] {
  const option = (name: string, value: string) =>
    value === "" ? [] : [name, value];
  return [
    ...["--context", env("INPUT_CONTEXT") || "."],
    ...["--out", env("INPUT_OUT") || "report"],
    ...option("--engine", env("INPUT_ENGINE")),
    ...option("--budget", env("INPUT_BUDGET")),
    ...option("--baseline", earlier ?? ""),
    ...["--write-baseline", baselineFile(env)],
    ...env("INPUT_ARGS").split(/\s+/).filter(Boolean),
  ];
}

async function readReport(file: string): Promise<Report | undefined> {
  try {
    return parseReport(await Deno.readTextFile(file), file);
  } catch (error) {
    // No report, or one of an older version: there is nothing to compare with.
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** The number of the pull request that a run is for. */
async function pullRequest(env: Environment): Promise<number | undefined> {
  const file = env("GITHUB_EVENT_PATH");
  if (file === "") return undefined;
  const event = JSON.parse(await Deno.readTextFile(file));
  return event.pull_request?.number;
}

/** Writes the comment, over the one that an earlier run has left. */
async function putComment(
  env: Environment,
  number: number,
  context: string,
  body: string,
): Promise<void> {
  const root = `${env("GITHUB_API_URL")}/repos/${env("GITHUB_REPOSITORY")}`;
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${root}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${env("INPUT_TOKEN")}`,
        accept: "application/vnd.github+json",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${method} ${path}: status ${response.status}`);
    }
    return await response.json();
  };
  const marker = commentMarker(context);
  let old: { id: number } | undefined;
  for (let page = 1; old === undefined; page++) {
    const list: { id: number; body?: string }[] = await call(
      "GET",
      `/issues/${number}/comments?per_page=100&page=${page}`,
    );
    old = list.find((each) => each.body?.startsWith(marker));
    if (list.length < 100) break;
  }
  if (old === undefined) {
    await call("POST", `/issues/${number}/comments`, { body });
  } else await call("PATCH", `/issues/comments/${old.id}`, { body });
}

/**
 * Runs the step.
 *
 * @returns The tool's exit code: a comment that cannot be written fails nothing.
 */
export async function runAction(env: Environment): Promise<number> {
  const context = env("INPUT_CONTEXT") || ".";
  const kept = baselineFile(env);
  const earlierFile = env("INPUT_BASELINE") || kept;
  const earlier = await readReport(earlierFile);
  const given = earlier === undefined && env("INPUT_BASELINE") === ""
    ? undefined
    : earlierFile;
  await Deno.mkdir(join(kept, ".."), { recursive: true });
  const out = env("INPUT_OUT") || "report";
  const before = await readReport(join(out, "report.json"));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("image.ts", import.meta.url).href,
      ...argumentsOf(env, given),
    ],
    stdin: "null",
  }).spawn().status;

  const report = await readReport(join(out, "report.json"));
  // What an earlier run has left there says nothing of this one.
  if (report === undefined || report.createdAt === before?.createdAt) {
    return code;
  }
  for (const line of annotations(report)) console.log(line);
  const lines = Object.entries({ report: out, ...outputs(report) })
    .map(([name, value]) => `${name}=${value}\n`);
  await Deno.writeTextFile(env("GITHUB_OUTPUT"), lines.join(""), {
    append: true,
  });
  const number = await pullRequest(env);
  if (env("INPUT_COMMENT") === "true" && number !== undefined) {
    try {
      const body = comment(report, context, earlier);
      await putComment(env, number, context, body);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      console.log(
        `::notice title=No comment::${why}; give the job the permission pull-requests: write`,
      );
    }
  }
  return code;
}

if (import.meta.main) {
  Deno.exit(await runAction((name) => Deno.env.get(name) ?? ""));
}
