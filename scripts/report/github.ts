/**
 * A report in the forms that GitHub Actions takes: outputs of a step, annotations
 * of a run, a comment on a pull request.
 *
 * @module
 */
import { formatBytes } from "../lib/format.ts";
import { valueOf } from "./figures.ts";
import { code, markdown } from "./markdown.ts";
import { checksOf } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";

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
    .map(({ variant, rule, actual, limit, detail }) =>
      annotation(`${variant}: ${rule}`, detail ?? `${actual} > ${limit}`)
    );
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
export function comment(
  report: Report,
  context: string,
  earlier?: Report,
): string {
  const costs = report.variants.flatMap((variant) => {
    const before = earlier?.variants.find(({ name }) => name === variant.name);
    const parts = costsOf(variant, before);
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
function costsOf(variant: Variant, before?: Variant): string[] {
  const deploy = valueOf("nextDeploy", variant);
  const changes = ["pull", "size"].flatMap((title) => {
    const now = valueOf(title, variant);
    const then = before && valueOf(title, before);
    if (now === undefined || then === undefined) return [];
    if (now === then) return [`${title} unchanged`];
    const sign = now > then ? "+" : "−";
    return [`${title} ${sign}${formatBytes(Math.abs(now - then))}`];
  });
  return deploy === undefined
    ? changes
    : [`next deploy ${formatBytes(deploy)}`, ...changes];
}
