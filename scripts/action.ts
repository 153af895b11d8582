/**
 * The step of `action.yml`: runs `deno task image` with the action's inputs, then
 * hands its report to GitHub as outputs, annotations and a comment. @module
 */
import { join } from "node:path";
import { messageOf, UserError } from "./lib/errors.ts";
import { formatBytes } from "./lib/format.ts";
import { valueOf } from "./report/figures.ts";
import { code, markdown } from "./report/markdown.ts";
import { checksOf, verdictFigures } from "./report/problems.ts";
import { parseReport } from "./report/write_reports.ts";
import type { Growth, Report, Variant } from "./report/report_schema.ts";

type Environment = (name: string) => string;

/** Where the baseline is kept between runs: what the cache restores and saves. */
function baselineFile(env: Environment): string {
  return join(env("RUNNER_TEMP"), "deno-small-image", "report.json");
}

/**
 * The arguments of the tool, by the inputs of the action.
 *
 * @param earlier File of the report to compare with; empty where there is none.
 */
export function argumentsOf(env: Environment, earlier = ""): string[] {
  const option = (name: string, value: string) =>
    value === "" ? [] : [name, value];
  return [
    ...["--context", env("INPUT_CONTEXT") || "."],
    ...["--out", env("INPUT_OUT") || "report"],
    ...option("--engine", env("INPUT_ENGINE")),
    ...option("--budget", env("INPUT_BUDGET")),
    ...option("--baseline", earlier),
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

/** Writes the comment, over the one that an earlier run has left. */
async function putComment(env: Environment, body: string): Promise<void> {
  const comments = `/issues/${env("INPUT_PULL_REQUEST")}/comments`;
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
  const [marker] = body.split("\n", 1);
  let old: { id: number } | undefined;
  for (let page = 1; old === undefined; page++) {
    const list: { id: number; body?: string }[] = await call(
      "GET",
      `${comments}?per_page=100&page=${page}`,
    );
    old = list.find((each) => each.body?.startsWith(marker));
    if (list.length < 100) break;
  }
  if (old === undefined) await call("POST", comments, { body });
  else await call("PATCH", `/issues/comments/${old.id}`, { body });
}

/** The outputs of the step by name: a figure of each variant, as JSON by its name. */
export function outputs(report: Report): Record<string, string> {
  const byName = (figure: string) => {
    const figures = report.variants
      .map((variant) => [variant.name, valueOf(figure, variant)]);
    return JSON.stringify(Object.fromEntries(figures));
  };
  return {
    size: byName("size"),
    pull: byName("pull"),
    "next-deploy": byName("nextDeploy"),
  };
}

/** What failed, as annotations that a run shows at its top. */
export function annotations(report: Report): string[] {
  const builds = report.failures.map(({ name, dockerfile, message }) =>
    annotation(`${name}: not built`, message, dockerfile)
  );
  const checks = report.variants.flatMap((variant) =>
    checksOf(variant).filter(({ status }) => status === "fail")
      .map(({ name, detail = "it failed" }) =>
        annotation(`${variant.name}: ${name}`, detail, variant.dockerfile)
      )
  );
  const limits = report.budgets.filter(({ status }) => status === "fail")
    .map((verdict) => {
      const { actual, limit } = verdictFigures(verdict);
      return annotation(
        `${verdict.variant}: ${verdict.rule}`,
        verdict.detail ?? `${actual}, the limit is ${limit}`,
      );
    });
  return [...builds, ...checks, ...limits];
}

/** One workflow command; what would end a value or the line is escaped. */
function annotation(title: string, message: string, file?: string): string {
  const escape = (text: string) =>
    text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text: string) =>
    escape(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  const place = file === undefined ? "" : `file=${property(file)},`;
  return `::error ${place}title=${property(title)}::${escape(message)}`;
}

/** How a comment is found again; one for each context. */
export function commentMarker(context: string): string {
  return `<!-- deno-small-image: ${context.replaceAll("--", "")} -->`;
}

/** The comment for a pull request: what it costs since an earlier report, and all. */
export function comment(report: Report, context: string): string {
  const costs = report.variants.flatMap((variant) => {
    const parts = costsOf(variant, report.growth);
    return parts.length > 0
      ? [`${code(variant.name, 40)}: ${parts.join(", ")}`]
      : [];
  });
  return [
    commentMarker(context),
    ...costs.length > 0 ? [`${costs.join("  \n")}\n`] : [],
    markdown(report),
  ].join("\n");
}

/** As `next deploy 8.2 kB` and `pull +1.2 MB`. */
function costsOf(variant: Variant, growth: Growth[] = []): string[] {
  const deploy = valueOf("nextDeploy", variant);
  const grown = growth.find((each) => each.variant === variant.name);
  const changes = [grown?.pull, grown?.size].flatMap((change) => {
    if (change === undefined) return [];
    const { name, before = 0, after = 0 } = change;
    if (before === after) return [`${name} unchanged`];
    const sign = after > before ? "+" : "−";
    return [`${name} ${sign}${formatBytes(Math.abs(after - before))}`];
  });
  return deploy === undefined
    ? changes
    : [`next deploy ${formatBytes(deploy)}`, ...changes];
}

/**
 * Runs the step.
 *
 * @returns The tool's exit code: a comment that cannot be written fails nothing.
 */
export async function runAction(env: Environment): Promise<number> {
  const kept = baselineFile(env);
  const isKept = await readReport(kept) !== undefined;
  const earlier = env("INPUT_BASELINE") || (isKept ? kept : "");
  await Deno.mkdir(join(kept, ".."), { recursive: true });
  const out = env("INPUT_OUT") || "report";
  const before = await readReport(join(out, "report.json"));
  const { code: exitCode } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("image.ts", import.meta.url).href,
      ...argumentsOf(env, earlier),
    ],
    stdin: "null",
  }).spawn().status;

  const report = await readReport(join(out, "report.json"));
  // What an earlier run has left there says nothing of this one.
  if (report === undefined || report.createdAt === before?.createdAt) {
    return exitCode;
  }
  for (const line of annotations(report)) console.log(line);
  const lines = Object.entries({ report: out, ...outputs(report) })
    .map(([name, value]) => `${name}=${value}\n`);
  await Deno.writeTextFile(env("GITHUB_OUTPUT"), lines.join(""), {
    append: true,
  });
  if (env("INPUT_COMMENT") === "true" && env("INPUT_PULL_REQUEST") !== "") {
    try {
      await putComment(env, comment(report, env("INPUT_CONTEXT") || "."));
    } catch (error) {
      console.log(
        `::notice title=No comment::${
          messageOf(error)
        }; give the job the permission pull-requests: write`,
      );
    }
  }
  return exitCode;
}

if (import.meta.main) {
  Deno.exit(await runAction((name) => Deno.env.get(name) ?? ""));
}
