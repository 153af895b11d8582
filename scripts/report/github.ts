/**
 * A report in the forms that GitHub Actions takes: outputs of a step, annotations
 * of a run, a comment on a pull request.
 *
 * @module
 */
import { formatBytes } from "../lib/format.ts";
import { valueOf } from "./figures.ts";
import { markdown } from "./markdown.ts";
import { checksOf } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";

/**
 * The outputs of the step: figures of each variant, as JSON by its name.
 *
 * @returns By the name of the output; what was not measured is left out.
 */
export function outputs(report: Report): Record<string, string> {
  const byName = (figure: string) =>
    JSON.stringify(
      Object.fromEntries(
        report.variants.map((variant) => [
          variant.name,
          valueOf(figure, variant),
        ]),
      ),
    );
  return {
    size: byName("size"),
    pull: byName("pull"),
    "next-deploy": byName("nextDeploy"),
  };
}

/** What failed, as annotations that a run shows at its top. */
export function annotations(report: Report): string[] {
  const checks = report.variants.flatMap((variant) =>
    checksOf(variant).filter(({ status }) => status === "fail").map((check) =>
      annotation(
        `${variant.name}: ${check.name}`,
        check.detail ?? "it failed",
        variant.dockerfile,
      )
    )
  );
  return [
    ...report.failures.map(({ name, dockerfile, message }) =>
      annotation(`${name}: not built`, message, dockerfile)
    ),
    ...checks,
    ...report.budgets.filter(({ status }) => status === "fail").map((verdict) =>
      annotation(
        `${verdict.variant}: ${verdict.rule}`,
        verdict.detail ?? `${verdict.actual} > ${verdict.limit}`,
      )
    ),
  ];
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

/**
 * The comment for a pull request: what the change costs, then the report.
 *
 * @param earlier The report that it is compared with, if there is one.
 */
export function comment(
  report: Report,
  context: string,
  earlier?: Report,
): string {
  const costs = report.variants.map((variant) => {
    const before = earlier?.variants.find(({ name }) => name === variant.name);
    return costOf(variant, before);
  }).filter((cost) => cost !== undefined);
  return [
    commentMarker(context),
    ...costs.length > 0 ? [`${costs.join("  \n")}\n`] : [],
    markdown(report),
  ].join("\n");
}

/** As `scratch: next deploy 8.2 kB, pull +1.2 MB`. */
function costOf(variant: Variant, before?: Variant): string | undefined {
  const parts: string[] = [];
  const deploy = valueOf("nextDeploy", variant);
  if (deploy !== undefined) parts.push(`next deploy ${formatBytes(deploy)}`);
  const change = (title: string) => {
    const now = valueOf(title, variant);
    const then = before && valueOf(title, before);
    if (now === undefined || then === undefined) return;
    const sign = now >= then ? "+" : "−";
    parts.push(
      now === then
        ? `${title} unchanged`
        : `${title} ${sign}${formatBytes(Math.abs(now - then))}`,
    );
  };
  change("pull");
  change("size");
  return parts.length > 0
    ? `\`${variant.name}\`: ${parts.join(", ")}`
    : undefined;
}
