/**
 * What failed and what could not be looked at, picked out of a report: the
 * renderers differ in looks, not in what they tell.
 *
 * @module
 */
import { formatBytes, formatLimit, formatShare } from "../lib/format.ts";
import { CHECK_LISTS, type CheckKind, type CheckList } from "./check_kinds.ts";
import type {
  Check,
  Growth,
  Report,
  Variant,
  Verdict,
} from "./report_schema.ts";

export interface VariantCheck extends Check {
  variant: string;
  list: CheckList;
  kind: CheckKind;
}

export function checksOf(variant: Variant): VariantCheck[] {
  return CHECK_LISTS.flatMap((list) =>
    (variant[list] ?? []).map((check) => ({
      ...check,
      variant: variant.name,
      list,
      kind: check.kind ?? list,
    }))
  );
}

export function checksWith(
  status: Check["status"],
  report: Report,
): VariantCheck[] {
  return report.variants.flatMap(checksOf)
    .filter((check) => check.status === status);
}

/** A reason why something was not looked at, and where it holds. */
interface Skipped {
  /** Names of checks that were skipped for this reason; `build` for an image. */
  names: string[];
  reason: string;
  /** None when it holds for all of several variants. */
  variants: string[];
}

/**
 * What was skipped, variants that were not built first: the same reason for the
 * same variants is told once.
 */
export function skipped(report: Report): Skipped[] {
  const unbuilt = alike(report.skipped ?? [], ({ reason }) => reason)
    .map((same) => ({
      names: ["build"],
      reason: same[0].reason,
      variants: same.map(({ name }) => name),
    }));
  const checks = alike(
    checksWith("skip", report),
    ({ name, detail }) => [name, detail],
  ).map((same) => ({
    name: same[0].name,
    reason: same[0].detail,
    variants: same.map(({ variant }) => variant),
  }));
  const every = report.variants.length;
  const reasons = alike(checks, ({ reason, variants }) => [reason, variants])
    .map((same) => {
      const [{ reason = "not looked at", variants }] = same;
      return {
        names: same.map(({ name }) => name),
        reason,
        variants: every > 1 && variants.length === every ? [] : variants,
      };
    });
  return [...unbuilt, ...reasons];
}

/** Builds that failed, the same failure of several variants once. */
export function sameFailures(
  { failures }: Report,
): [failure: Report["failures"][number], names: string[]][] {
  return alike(failures, ({ dockerfile, message, output, next }) => {
    // A message names its Dockerfile, and the output begins with its step.
    const [step, ...rest] = output?.split("\n") ?? [];
    const file = dockerfile.split("/").at(-1) ?? "";
    return [
      message.replaceAll(dockerfile, "").replaceAll(file, ""),
      rest.length > 0 ? rest : step,
      next,
    ];
  }).map((same) => [same[0], same.map(({ name }) => name)]);
}

/** Checks that failed, the same failure of several variants once. */
export function sameChecks(
  report: Report,
): [check: VariantCheck, names: string[]][] {
  return alike(
    checksWith("fail", report),
    // Ports and times differ from start to start.
    ({ kind, name, detail }) => [kind, name, detail?.replace(/\d+/g, "0")],
  ).map((same) => [same[0], same.map(({ variant }) => variant)]);
}

/** Items by what makes them alike, in the order of their first. */
export function alike<T>(items: T[], key: (item: T) => unknown): T[][] {
  return [...Map.groupBy(items, (item) => JSON.stringify(key(item))).values()];
}

/** Everything that makes the run a failure, counted. */
export function failureCounts(report: Report) {
  const failed = checksWith("fail", report);
  const checks = Object.fromEntries(CHECK_LISTS.map((wanted) => [
    wanted,
    failed.filter(({ list }) => list === wanted).length,
  ])) as Record<CheckList, number>;
  return {
    builds: report.failures.length,
    ...checks,
    budget: report.budgets.filter(({ status }) => status === "fail").length,
  };
}

/** Whether nothing in the report failed: what the exit code says. */
export function holds(report: Report): boolean {
  return Object.values(failureCounts(report)).every((count) => count === 0);
}

/** The actual value and the limit of a verdict; a dash when it was skipped. */
export function verdictFigures(
  { actual, limit, unit }: Verdict,
): { actual: string; limit: string } {
  return {
    actual: actual === undefined ? "–" : formatLimit(actual, unit),
    limit: formatLimit(limit, unit),
  };
}

/** A change as people read it: `94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)`. */
export function changeText(
  { before, after }: Pick<Growth["size"], "before" | "after">,
): string {
  // Debian packages have no bytes of their own here; that they came is enough.
  if (before === undefined) {
    if (after === undefined) return "–";
    return after === 0 ? "new" : `new, ${formatBytes(after)}`;
  }
  if (after === undefined) {
    return before === 0 ? "gone" : `gone, was ${formatBytes(before)}`;
  }
  if (before === after) return `${formatBytes(after)}, unchanged`;
  const difference = after - before;
  const sign = difference > 0 ? "+" : "−";
  const share = before === 0
    ? ""
    : `, ${sign}${formatShare(Math.abs(difference), before)}`;
  return `${formatBytes(before)} → ${formatBytes(after)} (${sign}${
    formatBytes(Math.abs(difference))
  }${share})`;
}
